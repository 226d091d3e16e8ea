"""Preprint Digest: arXiv's daily announcements, ranked by your topics."""

__version__ = "0.1.0"
INTERRUPTED = 130  # the exit code; here, so that `__main__` has it before any other import
