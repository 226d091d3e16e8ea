"""What a check comes to: one line, and what to do about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from digest.core.errors import ConfigError, DigestError


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  # worth a look; the digest works all the same
    PROBLEM = "problem"  # the digest does not work, or will not for long
    UNKNOWN = "unknown"  # cannot be checked from here


@dataclass(frozen=True, slots=True)
class Check:
    """One line of what the doctor says."""

    name: str  # "" until the list of checks gives it
    state: State
    said: str
    remedy: str = ""

    @property
    def words(self) -> str:
        return f"{self.said}: {self.remedy}" if self.remedy else self.said

    def __str__(self) -> str:
        return f"{self.state:<8} {self.name:<10} {self.words}"


class Unknown(Exception):
    """Something cannot be checked from here. The message is why."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.remedy = remedy


def ok(said: str) -> Check:
    return Check("", State.OK, said)


def warning(said: str, remedy: str) -> Check:
    return Check("", State.WARNING, said, remedy)


def problem(said: str, remedy: str) -> Check:
    return Check("", State.PROBLEM, said, remedy)


def unknown(why: str, remedy: str = "") -> Check:
    return Check("", State.UNKNOWN, f"cannot be checked from here: {why}", remedy)


def of_error(error: DigestError) -> list[Check]:
    """A problem for each mistake."""
    lines = error.mistakes if isinstance(error, ConfigError) else (str(error),)
    return [problem(*parts(line)) for line in lines]


def parts(message: str) -> tuple[str, str]:
    """An error's message as what is wrong and, behind its last colon, what to do."""
    said, found, allowed = message.partition("; allowed: ")
    if found:
        return said, f"allowed is {allowed}"
    said, _, remedy = message.rpartition(": ")
    return (said, remedy) if said else (message, "")
