"""What `callytics doctor` finds: a line per check, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It starts, and something is worse than it could be."""
    FAIL = "fail"
    """What is to be deployed will not start, or not work."""


@dataclass(frozen=True)
class Finding:
    """``what``: what was found; ``remedy``: what to do, "" where nothing is."""

    check: str
    verdict: Verdict
    what: str
    remedy: str = ""


def ok(check: str, what: str) -> Finding:
    return Finding(check, Verdict.OK, what)


def warn(check: str, what: str, remedy: str) -> Finding:
    return Finding(check, Verdict.WARN, what, remedy)


def fail(check: str, what: str, remedy: str) -> Finding:
    return Finding(check, Verdict.FAIL, what, remedy)
