"""`digest doctor`: one line a check, and what to do if something is wrong.

A check looks at one thing and reports what it finds. A check that fails never hides the others: its
exception becomes a line of its own. What cannot be checked is reported as such, never left out.
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
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, State, Unknown, of_error, ok, parts, problem, unknown

log = logging.getLogger("digest")

_MAX_CHARACTERS = 400  # of a message or a remedy


def config(setup: Setup) -> Check:
    settings = setup.load()
    scorer = settings.llm.model if settings.scorer is ScoredBy.MODEL else "the embedded scorer"
    return ok(f"{', '.join(settings.categories)}, scored by {scorer}, into {settings.out}")


# In the order in which one would fix things.
CHECKS: dict[str, Callable[[Setup], Check | list[Check]]] = {
    "config": config,
    "prompts": scoring.prompts,
    "authors": scoring.authors,
    "key": scoring.key,
    "model": scoring.model,
    "price": scoring.price,
    "feed": scoring.feed,
    "topics": scoring.topics,
    "budget": scoring.budget,
    "git": repository.repository,
    "push": repository.push,
    "gitignore": repository.ignored,
    "archive": repository.days,
    "cut": repository.cut,
    "unfinished": repository.waiting,
    "pages": hub.pages,
    "schedule": hub.schedule,
    "activity": hub.activity,
    "actions": hub.actions,
    "protection": hub.protection,
    "storage": hub.storage,
    "disk": repository.disk,
    "site": repository.site,
}
_ABOUT_THE_MODEL = ("key", "model", "price", "budget")


def examine(setup: Setup) -> Iterator[Check]:
    """Run every check, one after the other. Each yields at least one line.

    No line holds a secret, whoever sent the text, and none can act as a command of GitHub's.
    """

    def clean(text: str) -> str:
        return inert(one_line(setup.secrets.scrub(text), _MAX_CHARACTERS))

    for name in CHECKS:
        for check in _run(name, setup):
            yield replace(
                check, name=name, message=clean(check.message), remedy=clean(check.remedy)
            )


def _run(name: str, setup: Setup) -> list[Check]:
    try:
        if name in _ABOUT_THE_MODEL and setup.config.scorer is ScoredBy.EMBEDDED:
            return [ok("not needed by the embedded scorer")]
        checks = CHECKS[name](setup)
        return [checks] if isinstance(checks, Check) else checks
    except Unknown as why:
        return [unknown(*why.args)]
    except DigestError as error:
        return of_error(error)
    except requests.RequestException as error:
        return [problem(*parts(network.explain(error)))]
    except OSError as error:
        return [problem(str(error), "see what is there, and its permissions")]
    except Exception as error:  # a bug in one check must not hide the others
        log.debug("%s", error, exc_info=True)
        message = f"this check failed: {type(error).__name__}: {error}"
        return [problem(message, "this is a bug: please report it, with the output of -v")]


def in_state(state: State, checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if check.state is state]


def summary(checks: list[Check]) -> str:
    """The result of all checks in one line, if there is no problem."""
    clauses = ["the set-up is good"]
    if warnings := in_state(State.WARNING, checks):
        clauses.append(count(len(warnings), "warning"))
    if unchecked := in_state(State.UNKNOWN, checks):
        clauses.append(f"{len(unchecked)} of {len(checks)} could not be checked from here")
    return "; ".join(clauses)
