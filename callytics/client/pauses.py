"""Waiting times of a client: before it repeats a refused request, and between two status requests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED = frozenset({429, 503})
"""Too many requests, not ready: the request had no effect, and a later attempt may succeed."""
DEFAULT_RETRIES = 3
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
POLL_SHARE = 0.1
MIN_POLL_S, MAX_POLL_S = 0.5, 2.0
"""A status request costs 50 ms of CPU, which the stages need: the longer a call takes, the rarer the requests."""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from the header, which has seconds or a date; None if it is missing or invalid."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def before_retry_s(status: int, headers: Mapping[str, str], tries: int, retries: int) -> float | None:
    """Seconds before the next attempt. None if the response is final: it is not a temporary refusal, no retries remain,
    or the server requests too long a pause."""
    if status not in RETRIED or tries > retries:
        return None
    told = retry_after_s(headers)
    pause_s = FIRST_PAUSE_S * 2 ** (tries - 1) if told is None else told
    return pause_s if pause_s <= LONGEST_PAUSE_S else None


def before_next_look_s(started_at: float) -> float:
    """``started_at``: start of the waiting, by time.monotonic()."""
    return min(MAX_POLL_S, max(MIN_POLL_S, POLL_SHARE * (time.monotonic() - started_at)))
