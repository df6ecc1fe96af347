"""Confidence intervals against published examples, and against what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from callytics.comparison.intervals import (
    Estimate,
    mean,
    quantile,
    ratio,
    ratio_difference,
    relative_change,
    share,
    share_difference,
)


def numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def test_wilson_as_published() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I: 81 of 263, 0 of 20."""
    assert numbers(share(81, 263)) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)
    assert numbers(share(0, 20)) == pytest.approx((0.0, 0.0, 0.1611), abs=1e-4)


def test_difference_of_shares_as_published() -> None:
    """Newcombe, "Interval estimation for the difference", 1998, table II: 56/70 - 48/80 by method 10."""
    assert numbers(share_difference((48, 80), (56, 70))) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_no_calls_give_the_widest_interval() -> None:
    assert math.isnan(share(0, 0).value)
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)
    assert math.isnan(quantile([], 0.5).value)
    one = mean([3.0])
    assert one.value == 3.0
    assert math.isnan(one.low)


def test_bootstrap_has_its_nominal_coverage() -> None:
    draws = np.random.default_rng(1)
    samples = draws.normal(5.0, 2.0, (60, 60))
    covered = sum(found.low <= 5.0 <= found.high for found in map(mean, samples.tolist()))
    assert 0.85 <= covered / 60 <= 1.0


def test_quantiles_and_ratios_are_those_of_the_calls() -> None:
    found = quantile(list(range(101)), 0.95)
    assert found.value == pytest.approx(95.0)
    assert found.low < 95.0 < found.high <= 100.0
    assert ratio([(1, 10), (5, 90)]).value == pytest.approx(0.06)  # 6 of 100, no mean of rates


def test_common_difficulty_cancels_out_in_pairs() -> None:
    draws = np.random.default_rng(2)
    hard = draws.uniform(0, 60, 40)
    first = {f"c{i}": (float(h), 100.0) for i, h in enumerate(hard)}
    second = {f"c{i}": (float(h) - 2.0, 100.0) for i, h in enumerate(hard)}
    paired = ratio_difference(first, second)
    assert numbers(paired) == pytest.approx((-0.02, -0.02, -0.02))
    apart = ratio_difference(first, {f"d{key}": count for key, count in second.items()})
    assert apart.value == pytest.approx(-0.02)
    assert apart.high - apart.low > 0.05


def test_relative_change_has_an_interval() -> None:
    first = {f"c{i}": (2.0 + i % 3, 60.0) for i in range(30)}
    second = {key: (1.5 * seconds, audio) for key, (seconds, audio) in first.items()}
    assert numbers(relative_change(first, second)) == pytest.approx((0.5, 0.5, 0.5))


def test_the_same_calls_give_the_same_interval() -> None:
    values = [0.1, 0.5, 0.9, 0.3, 0.7]
    assert mean(values) == mean(values)
