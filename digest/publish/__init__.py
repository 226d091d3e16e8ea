"""One commit a day, the push, the outage issue: sends what it is given."""
