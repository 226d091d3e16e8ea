from __future__ import annotations

from tests.scoring.servers import aimock, aimock_server, llmock_server

__all__ = ["aimock", "aimock_server", "llmock_server"]
