"""What lists show of a result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain import JobStatus, MoodDirection


class FindingsState(StrEnum):
    """CURRENT: of the last run. EARLIER: of the run before, while the call is analysed again, or after that failed or
    was cancelled. ANY: either. NONE: there is no result, or its findings are not filled in yet."""

    CURRENT = "CURRENT"
    EARLIER = "EARLIER"
    ANY = "ANY"
    NONE = "NONE"


@dataclass(frozen=True)
class Findings:
    """What lists show of a result (store/findings.py). Moods are the customer's, from -5 to +5; ``mood_quarters`` those
    of the four quarters of the call, None where the customer says nothing."""

    state: FindingsState
    result_at_ms: int
    result_status: JobStatus
    language_code: str | None
    agent_name: str | None
    topic: str | None
    issue: str | None
    resolved: bool | None
    mood_overall: float | None
    mood_start: float | None
    mood_end: float | None
    mood_direction: MoodDirection | None
    mood_quarters: tuple[float | None, ...]
    quality: float | None
    quality_criteria: int
    flags: tuple[str, ...]
    duration_ms: int
