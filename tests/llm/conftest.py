from __future__ import annotations

from tests.llm.servers import aimock, aimock_server, llmock_server

__all__ = ["aimock", "aimock_server", "llmock_server"]
