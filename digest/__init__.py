"""Preprint Digest: arXiv's daily announcements, ranked by your topics."""

__version__ = "0.1.0"
