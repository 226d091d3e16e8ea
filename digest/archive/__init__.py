"""A day's record, the store, the seen-ledger, the names of files."""
