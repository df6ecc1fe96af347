"""Estimates with 95 % confidence intervals.

shares of calls    Wilson's score interval; of a difference, Newcombe's hybrid of two of them ("Interval estimation
                   for the difference between independent proportions", 1998, method 10)
all else           percentile bootstrap over calls (Efron and Tibshirani, 1993). A call is the unit that is
                   drawn, because values within one call (its words, its seconds) are not independent
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 2000
BATCH = 100  # resamples in memory at once
SEED = 20260101  # arbitrary; the same calls give the same interval

Floats = npt.NDArray[np.float64]

Count = tuple[float, float]
"""(numerator, denominator) of one call, such as (errors, reference words)."""


@dataclass(frozen=True)
class Estimate:
    """``low`` and ``high`` are NaN for a single call."""

    value: float
    low: float = math.nan
    high: float = math.nan


def share(count: int, calls: int) -> Estimate:
    """The share ``count`` of ``calls``. Without calls nothing is known: 0 to 1."""
    if calls == 0:
        return Estimate(math.nan, 0.0, 1.0)
    from scipy.stats import binomtest

    interval = binomtest(count, calls).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(count / calls, float(interval.low), float(interval.high))


def share_difference(first: tuple[int, int], second: tuple[int, int]) -> Estimate:
    """Second minus first; each is (count, calls), and the calls are independent of each other."""
    a, b = share(*first), share(*second)
    value = b.value - a.value
    return Estimate(
        value,
        value - math.hypot(b.value - b.low, a.high - a.value),
        value + math.hypot(b.high - b.value, a.value - a.low),
    )


def mean(values: Sequence[float]) -> Estimate:
    return _bootstrap([np.asarray(values)], lambda sample, axis: sample.mean(axis=axis))


def quantile(values: Sequence[float], q: float) -> Estimate:
    return _bootstrap([np.asarray(values)], lambda sample, axis: np.quantile(sample, q, axis=axis))


def ratio(counts: Sequence[Count]) -> Estimate:
    """The sum of all numerators divided by the sum of all denominators."""
    columns = np.asarray(counts, dtype=float)

    def statistic(calls: Floats, axis: int) -> Floats:
        return _ratio(columns, calls, axis)

    return _bootstrap([np.arange(len(columns))], statistic)


def ratio_difference(first: Mapping[str, Count], second: Mapping[str, Count]) -> Estimate:
    """Second minus first, call -> count. The common calls are used if they are at least as many as the calls that
    either has alone: drawn in pairs, the difficulty of a call cancels out."""
    return _two_ratios(first, second, relative=False)


def relative_change(first: Mapping[str, Count], second: Mapping[str, Count]) -> Estimate:
    """Second divided by first, minus 1: 0.1 is 10 % more. Otherwise like ratio_difference."""
    return _two_ratios(first, second, relative=True)


def _two_ratios(first: Mapping[str, Count], second: Mapping[str, Count], relative: bool) -> Estimate:
    common = sorted(first.keys() & second.keys())
    paired = 2 * len(common) >= max(len(first), len(second))
    keys = (common, common) if paired else (sorted(first), sorted(second))
    columns = [
        np.asarray([of[key] for key in part], dtype=float)
        for of, part in zip((first, second), keys, strict=True)
    ]

    def statistic(a: Floats, b: Floats, axis: int) -> Floats:
        one, other = _ratio(columns[0], a, axis), _ratio(columns[1], b, axis)
        return other / one - 1 if relative else other - one

    return _bootstrap([np.arange(len(part)) for part in keys], statistic, paired=paired)


def _ratio(columns: Floats, calls: npt.NDArray[Any], axis: int) -> Floats:
    drawn = columns[calls.astype(int)]
    sums: Floats = np.moveaxis(drawn, -1, 0).sum(axis=axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = sums[0] / sums[1]
    return quotient


def _bootstrap(samples: Sequence[npt.NDArray[Any]], statistic: Any, paired: bool = False) -> Estimate:
    if min(len(sample) for sample in samples) == 0:
        return Estimate(math.nan)
    value = float(statistic(*samples, axis=-1))
    if min(len(sample) for sample in samples) < 2:
        return Estimate(value)
    from scipy.stats import bootstrap

    found = bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        batch=BATCH,
        vectorized=True,
        paired=paired,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Estimate(value, float(found.low), float(found.high))
