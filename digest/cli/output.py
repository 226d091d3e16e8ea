"""Printing to a stdout that may be closed, full, or unable to show every sign."""

from __future__ import annotations

import os
import sys


def print_safely(text: str) -> None:
    """Print a text and a newline. If nobody can read them (a closed pipe, a full disk), go on."""
    try:
        print(text, flush=True)
    except UnicodeEncodeError:  # a terminal without the signs of a title
        print(text.encode("ascii", "replace").decode(), flush=True)
    except OSError as error:
        print(f"digest: the report could not be printed: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
