"""Advice about two versions of a stage, and the rule behind it.

It is a test of non-inferiority: the data must show that the second version is not worse than the first by more than
a tolerance in any criterion, and better in at least one. If an interval is too wide, more calls are needed, and
there is no other conclusion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from callytics.comparison.intervals import Estimate

MIN_CALLS = 20
"""With fewer calls a percentile bootstrap is too narrow, and no criterion is decided."""

FAILURE_TOLERANCE = 0.02
"""Share of all calls. Without any failure on either side, about 190 calls each are needed to show it."""

ERROR_TOLERANCE = 0.005
"""Tolerance of CER, WER or DER: half a point."""

SAME_OUTPUT = 0.01
"""Without references, versions count as equally good if at most this share of their output differs."""

MAX_SLOWDOWN = 1.25

RULE = """\
Migrate if the second version is shown not to be worse in any criterion and better in at least one; keep the first if
the second is shown to be worse in one, or better in none; otherwise there is not enough data. "Shown" means by the
whole 95 % interval of the difference (second minus first), from at least {min_calls} calls of each version:
  failures      not worse: at most {failures:.0%} of the calls more; better: fewer
  time          not worse: at most {slowdown:.0%} more time per second of audio; better: less
  errors        (with references) not worse: at most {errors:.1%} more; better: fewer
  same output   (without references) not worse: at most {same:.0%} of the output differs; more than that proves
                nothing about which is right"""


class Verdict(StrEnum):
    BETTER = "better"
    NOT_WORSE = "not worse"
    WORSE = "worse"
    UNDECIDED = "undecided"


class Advice(StrEnum):
    MIGRATE = "migrate"
    KEEP = "keep"
    NOT_ENOUGH_DATA = "not enough data"


@dataclass(frozen=True)
class Criterion:
    """One criterion of the comparison; lower is better.

    Attributes:
        difference: second minus first; None if nothing was measured.
        calls: number of calls of the version with fewer.
        note: why the criterion is undecided, if more calls would not help.
    """

    name: str
    difference: Estimate | None
    tolerance: float
    calls: int
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        found = self.difference
        if found is None or self.note or self.calls < MIN_CALLS or math.isnan(found.low + found.high):
            return Verdict.UNDECIDED
        if found.high < 0:
            return Verdict.BETTER
        if found.high <= self.tolerance:
            return Verdict.NOT_WORSE
        return Verdict.WORSE if found.low > self.tolerance else Verdict.UNDECIDED


def same_output(name: str, distance: Estimate, calls: int) -> Criterion:
    """Replaces the errors if there is no reference."""
    proves_nothing = distance.low > SAME_OUTPUT
    note = (
        "the versions differ, and without references nothing tells which is right" if proves_nothing else ""
    )
    return Criterion(f"same output ({name})", distance, SAME_OUTPUT, calls, note)


def advise(criteria: Sequence[Criterion]) -> tuple[Advice, str]:
    """The advice, and the reason in one sentence."""

    def named(verdict: Verdict) -> list[Criterion]:
        return [criterion for criterion in criteria if criterion.verdict is verdict]

    if worse := named(Verdict.WORSE):
        return Advice.KEEP, f"the second version is worse in {_names(worse)}."
    if undecided := named(Verdict.UNDECIDED):
        notes = dict.fromkeys(criterion.note for criterion in undecided if criterion.note)
        return (
            Advice.NOT_ENOUGH_DATA,
            f"undecided: {_names(undecided)}" + (f" ({'; '.join(notes)})." if notes else "."),
        )
    if better := named(Verdict.BETTER):
        return Advice.MIGRATE, f"the second version is better in {_names(better)} and not worse in the rest."
    return Advice.KEEP, "the second version is not worse, but better in nothing."


def _names(criteria: Sequence[Criterion]) -> str:
    return ", ".join(criterion.name for criterion in criteria)


def rule(max_slowdown: float) -> str:
    return RULE.format(
        min_calls=MIN_CALLS,
        failures=FAILURE_TOLERANCE,
        slowdown=max_slowdown - 1,
        errors=ERROR_TOLERANCE,
        same=SAME_OUTPUT,
    )
