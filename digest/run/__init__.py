"""Which days a run makes, and one day step by step: selection, ranking, backlog, report."""
