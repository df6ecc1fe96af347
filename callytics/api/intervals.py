"""95 % confidence intervals of means and shares, without numpy and scipy: the gateway has neither.

means    Student's t ("The probable error of a mean", 1908): mean +- t(0.975, n - 1) s / sqrt(n), for n of 2 or more
shares   Wilson's score interval ("Probable inference, the law of succession, and statistical inference", 1927);
         of a difference, Newcombe's hybrid of two of them (1998, method 10)

A score from 0 to 100 is not normal, so the interval of a mean is right for many calls and rough for few: fewer than
SMALL_BELOW are marked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

CONFIDENCE = 0.95
SMALL_BELOW = 30
"""The usual rule of thumb for the central limit theorem (Hogg, Tanis and Zimmerman, Probability and Statistical
Inference, 9th edition, 5.6)."""

_Z = 1.959963984540054  # the 0.975 quantile of the normal distribution
_EXACT_TO = 400
_STEPS = 80


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def of_mean(n: int, mean: float | None, deviation: float | None) -> Interval | None:
    """
    Args:
        deviation: of the sample, with n - 1.

    Returns:
        None with fewer than two values, of which nothing is known but their mean.
    """
    if n < 2 or mean is None or deviation is None:
        return None
    half = t_quantile(n - 1) * deviation / math.sqrt(n)
    return Interval(mean - half, mean + half)


def of_share(count: int, n: int) -> Interval | None:
    """The interval of ``count`` of ``n``; None without any."""
    if n == 0:
        return None
    share, z2 = count / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def of_difference(count: int, n: int, count_before: int, n_before: int) -> Interval | None:
    """The interval of the first share minus the one before."""
    now, before = of_share(count, n), of_share(count_before, n_before)
    if now is None or before is None:
        return None
    share, share_before = count / n, count_before / n_before
    change = share - share_before
    return Interval(
        change - math.hypot(share - now.low, before.high - share_before),
        change + math.hypot(now.high - share, share_before - before.low),
    )


@lru_cache(maxsize=1024)
def t_quantile(degrees: int) -> float:
    """The 0.975 quantile of Student's t: by halving the interval in which the sum for whole degrees of freedom reaches
    0.95 (Abramowitz and Stegun, 26.7.3 and 26.7.4); beyond 400, their expansion 26.7.5."""
    if degrees > _EXACT_TO:
        return _Z + (_Z**3 + _Z) / (4 * degrees) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * degrees**2)
    low, high = 0.0, 13.0  # 12.71 with one degree of freedom
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < CONFIDENCE else (low, middle)
    return (low + high) / 2


def _within(t: float, degrees: int) -> float:
    """The probability of a value between -t and t."""
    angle = math.atan(t / math.sqrt(degrees))
    is_odd = degrees % 2
    term, total = (math.cos(angle), 0.0) if is_odd else (1.0, 0.0)
    for power in range(2 + is_odd, degrees + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (power - 1) / power
    if not is_odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + math.sin(angle) * total)
