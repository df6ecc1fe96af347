"""The rule: migrate, keep, not enough data."""

from __future__ import annotations

import pytest

from callytics.comparison.intervals import Estimate, share_difference
from callytics.comparison.recommendation import (
    FAILURE_TOLERANCE,
    MIN_CALLS,
    Advice,
    Criterion,
    Verdict,
    advise,
    rule,
    same_output,
)

BETTER = Criterion("errors", Estimate(-0.02, -0.03, -0.01), 0.005, 100)
NOT_WORSE = Criterion("time", Estimate(0.05, -0.02, 0.1), 0.25, 100)
WORSE = Criterion("failures", Estimate(0.1, 0.05, 0.2), 0.02, 100)
UNDECIDED = Criterion("failures", Estimate(0.0, -0.04, 0.04), 0.02, 100)


@pytest.mark.parametrize(
    ("criterion", "verdict"),
    [
        (BETTER, Verdict.BETTER),
        (NOT_WORSE, Verdict.NOT_WORSE),
        (WORSE, Verdict.WORSE),
        (UNDECIDED, Verdict.UNDECIDED),
        (Criterion("a little worse for sure", Estimate(0.004, 0.003, 0.005), 0.005, 100), Verdict.NOT_WORSE),
        (Criterion("worse, by how much?", Estimate(0.006, 0.003, 0.009), 0.005, 100), Verdict.UNDECIDED),
        (Criterion("few calls", Estimate(-1.0, -1.0, -1.0), 0.005, MIN_CALLS - 1), Verdict.UNDECIDED),
        (Criterion("one call", Estimate(-1.0), 0.005, 100), Verdict.UNDECIDED),
        (Criterion("nothing measured", None, 0.005, 100), Verdict.UNDECIDED),
    ],
)
def test_criterion_is_judged_by_its_whole_interval(criterion: Criterion, verdict: Verdict) -> None:
    assert criterion.verdict is verdict


@pytest.mark.parametrize(
    ("criteria", "advice", "says"),
    [
        ([BETTER, NOT_WORSE], Advice.MIGRATE, "better in errors"),
        ([NOT_WORSE], Advice.KEEP, "better in nothing"),
        ([BETTER, WORSE, UNDECIDED], Advice.KEEP, "worse in failures"),
        ([BETTER, UNDECIDED], Advice.NOT_ENOUGH_DATA, "undecided: failures"),
    ],
)
def test_advice_follows_from_the_verdicts(criteria: list[Criterion], advice: Advice, says: str) -> None:
    assert advise(criteria)[0] is advice
    assert says in advise(criteria)[1]


def test_other_output_proves_nothing_without_references() -> None:
    same = same_output("WER", Estimate(0.004, 0.001, 0.009), 100)
    other = same_output("WER", Estimate(0.1, 0.08, 0.12), 100)
    wide = same_output("WER", Estimate(0.01, 0.004, 0.02), 100)
    assert (same.verdict, other.verdict, wide.verdict) == (
        Verdict.NOT_WORSE,
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
    )
    assert "nothing tells which is right" in advise([BETTER, other])[1]
    assert wide.note == ""  # here more calls do help


def test_documented_number_of_calls_is_sufficient() -> None:
    assert share_difference((0, 190), (0, 190)).high <= FAILURE_TOLERANCE
    assert share_difference((0, 150), (0, 150)).high > FAILURE_TOLERANCE


def test_printed_rule_has_the_current_numbers() -> None:
    assert "at most 2% of the calls" in rule(1.25)
    assert "at most 25% more time" in rule(1.25)
    assert "at most 0.5% more" in rule(1.25)
