"""A world for the bot to live in, from a seed: arXiv, a schedule, a model, a git remote, and time.

The bot is the real one, `digest.cli.main`, over real HTTP on loopback and real git; only the clock
is simulated (`world.py`). `truth.py` holds what arXiv announced, so that `check.py` can decide for
each paper, from the pushed site alone: it was scanned once, it waits visibly, or it is lost.

    truth.py      what arXiv announces, day by day
    faults.py     what goes wrong, each thing by its own draw
    arxiv.py      the server that sends them, or fails to
    schedule.py   the slots of .github/workflows/daily.yml
    world.py      clock, model, remote, runner; `simulate`
    check.py      what must hold
"""
