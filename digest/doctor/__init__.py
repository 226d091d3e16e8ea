"""`digest doctor`: is the set-up good? One line a check, and what to do where it is not.

A check looks at one thing and says what it found. None can hide another: what it raises is its own
line. What cannot be looked at is said, never left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import requests

from digest.core import network
from digest.core.errors import DigestError
from digest.core.scores import ScoredBy
from digest.core.text import inert, one_line
from digest.core.wording import count
from digest.doctor import hub, repository, scoring
from digest.doctor.repository import github_remote
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, State, Unknown, of_error, ok, parts, problem, unknown

__all__ = [
    "Check",
    "Setup",
    "State",
    "examine",
    "github_remote",
    "in_short",
    "problems",
    "warnings",
]

log = logging.getLogger("digest")

Look = Callable[[Setup], Iterable[Check]]

_LONGEST = 400  # characters of what a check says
_FEWEST_SECRET = 8  # characters: what local servers take as a key ("x", "ollama") is no secret


def config(setup: Setup) -> Iterator[Check]:
    settings = setup.load()
    judge = settings.llm.model if settings.scorer is ScoredBy.MODEL else "the embedded scorer"
    yield ok(f"{', '.join(settings.categories)}, judged by {judge}, into {settings.out}")


# In the order in which a person would mend things.
LOOKS: dict[str, Look] = {
    "config": config,
    "prompts": scoring.prompts,
    "key": scoring.key,
    "model": scoring.model,
    "price": scoring.price,
    "feed": scoring.feed,
    "budget": scoring.budget,
    "git": repository.repository,
    "push": repository.push,
    "gitignore": repository.ignored,
    "archive": repository.days,
    "unfinished": repository.waiting,
    "pages": hub.pages,
    "schedule": hub.schedule,
    "actions": hub.actions,
    "protection": hub.protection,
    "storage": hub.storage,
    "disk": repository.disk,
    "site": repository.site,
}


def examine(setup: Setup) -> Iterator[Check]:
    """Every check, one after the other, each at least one line."""
    for name, look in LOOKS.items():
        for check in _looked(look, setup):
            said, remedy = (_harmless(text, setup.secrets) for text in (check.said, check.remedy))
            yield replace(check, name=name, said=said, remedy=remedy)


def _looked(look: Look, setup: Setup) -> Iterator[Check]:
    try:
        yield from look(setup)
    except Unknown as why:
        yield unknown(str(why), why.remedy)
    except DigestError as error:
        yield from of_error(error)
    except requests.RequestException as error:
        yield problem(*parts(network.explain(error)))
    except OSError as error:
        yield problem(str(error), "see what stands there, and its permissions")
    except Exception as error:  # a mistake of ours in one check must not hide the others
        log.debug("%s", error, exc_info=True)
        said = f"this check failed: {type(error).__name__}: {error}"
        yield problem(said, "a mistake of this program: please report it, with what -v says")


def _harmless(text: str, secrets: Iterable[str]) -> str:
    """A line that holds no secret, whoever echoed it, and that nobody obeys."""
    for secret in secrets:
        if len(secret) >= _FEWEST_SECRET:
            text = text.replace(secret, "…")
    return inert(one_line(text, _LONGEST))


def problems(checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if check.state is State.PROBLEM]


def warnings(checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if check.state is State.WARNING]


def in_short(checks: list[Check]) -> str:
    """What all checks come to where there is no problem."""
    states = [check.state for check in checks]
    said = ["the set-up is good"]
    if warnings := states.count(State.WARNING):
        said.append(count(warnings, "warning"))
    if left := states.count(State.UNKNOWN):
        said.append(f"{left} of {len(checks)} could not be checked from here")
    return "; ".join(said)
