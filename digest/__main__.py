"""`python -m digest` and the command `digest`: a process that starts and ends without delay."""

import gc
import os
import sys

INTERRUPTED = 130

# By itself Python looks for garbage every 700 (later 2,000) new objects. What a run makes mostly
# lives until its end: to look so often took it a tenth of its time.
OBJECTS_BETWEEN_COLLECTIONS = 400_000


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        from digest.cli import main as run

        _leave(run())
    except KeyboardInterrupt:  # before or after the part of `run` that tells of it
        sys.exit(INTERRUPTED)


def _leave(code: int) -> None:
    """End here and now: to take a program with the SDK apart takes Python a quarter of a second,
    for memory that the system takes back anyway. Everything is written and every thread done."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed before the start
            stream.flush()
    except OSError:  # which Python tells of, in its own way, at the end of a process
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
