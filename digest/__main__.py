"""`python -m digest` and the command `digest`."""

import _thread
import os
import signal
import sys
from typing import TYPE_CHECKING

from digest import INTERRUPTED

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        sys.unraisablehook = _repeat_lost_interrupt
        _open_closed_streams()
        from digest.cli.main import main as run

        code = run()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: nothing to interrupt
    except KeyboardInterrupt:  # before or after the part of `run` that handles it
        print("digest: interrupted; run it again to go on", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


def _repeat_lost_interrupt(lost: "UnraisableHookArgs") -> None:
    """Send Ctrl-C again if it came while Python ran a weak reference's callback or `__del__`, as
    each import does: no exception can leave those, so Python would print it and go on."""
    if lost.exc_type is KeyboardInterrupt:
        # From a thread, because here, too, it would be lost. `threading` would wait for the thread.
        _thread.start_new_thread(_thread.interrupt_main, ())
    else:
        sys.__unraisablehook__(lost)


def _open_closed_streams() -> None:
    """Replace a stream that was closed before the start (`2>&-`) by one that goes nowhere.

    Python leaves None in its place, and a progress bar, for one, cannot write to that.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


if __name__ == "__main__":
    main()
