"""The result of a check: one line, and what to do about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from digest.core.errors import ConfigError, DigestError


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  # the digest works, but look at this
    PROBLEM = "problem"  # the digest does not work, or will soon stop working
    UNKNOWN = "unknown"  # cannot be checked from here


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's output."""

    state: State
    message: str
    remedy: str = ""
    name: str = ""  # filled in by `examine`

    @property
    def words(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message

    def __str__(self) -> str:
        return f"{self.state:<8} {self.name:<10} {self.words}"

    def as_dict(self) -> dict[str, str]:
        """The check in the report of `--json`."""
        return {
            "name": self.name,
            "state": self.state,
            "said": self.message,
            "remedy": self.remedy,
        }


class Unknown(Exception):
    """Something cannot be checked from here. The arguments: why, and perhaps a remedy."""


ok = partial(Check, State.OK)
warning = partial(Check, State.WARNING)
problem = partial(Check, State.PROBLEM)


def unknown(why: str, remedy: str = "") -> Check:
    return Check(State.UNKNOWN, f"cannot be checked from here: {why}", remedy)


def graded(message: str, remedy: str, *, is_warning: bool, is_problem: bool = False) -> Check:
    """A problem, else a warning, else ok: for what has a limit."""
    if is_problem:
        return problem(message, remedy)
    return warning(message, remedy) if is_warning else ok(message)


def of_error(error: DigestError) -> list[Check]:
    """A problem for each mistake."""
    lines = error.mistakes if isinstance(error, ConfigError) else (str(error),)
    return [problem(*parts(line)) for line in lines]


def parts(message: str) -> tuple[str, str]:
    """Split an error's message into what is wrong and, after its last colon, what to do."""
    wrong, separator, allowed = message.partition("; allowed: ")
    if separator:
        return wrong, f"allowed is {allowed}"
    wrong, _, remedy = message.rpartition(": ")
    return (wrong, remedy) if wrong else (message, "")
