"""arXiv: feeds, pages of past days, the search interface; one polite HTTP session."""
