"""`python -m digest` and the command `digest`: a process that starts and ends without delay."""

import _thread
import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130

# By itself Python looks for garbage every 700 (later 2,000) new objects. What a run makes mostly
# lives until its end: to look so often took it a tenth of its time.
OBJECTS_BETWEEN_COLLECTIONS = 400_000


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        sys.unraisablehook = _repeat_lost_interrupt
        _open_closed_streams()
        from digest.cli.main import main as run

        _leave(run())
    except KeyboardInterrupt:  # before or after the part of `run` that tells of it
        sys.exit(INTERRUPTED)


def _repeat_lost_interrupt(lost: "UnraisableHookArgs") -> None:
    """Send Ctrl-C again if it came while Python ran a weak reference's callback or `__del__`, as
    each import does: no exception can leave those, so Python would print it and go on."""
    if lost.exc_type is KeyboardInterrupt:
        # From a thread, because here, too, it would be lost. `threading` would wait for the thread.
        _thread.start_new_thread(_thread.interrupt_main, ())
    else:
        sys.__unraisablehook__(lost)


def _open_closed_streams() -> None:
    """Lead a stream that was closed before the start (`2>&-`) nowhere, as `2>/dev/null` does.
    Python leaves None in its place, to which a progress bar, for one, cannot write."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def _leave(code: int) -> None:
    """End here and now: to take a program with the SDK apart takes Python a quarter of a second,
    for memory that the system takes back anyway. Everything is written and every thread done."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:  # which Python tells of, in its own way, at the end of a process
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
