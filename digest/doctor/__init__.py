"""`digest doctor`: is the set-up good?"""
