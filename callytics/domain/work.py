"""The state of a call's job and of its stages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StageStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class JobStatus(StrEnum):
    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class StageFailure:
    """Replaces the output of an optional stage that failed."""

    stage: str
    code: str
    message: str


@dataclass(frozen=True)
class StageRun:
    """One stage's run on one call; becomes an entry of ``job_details.stages``."""

    name: str
    status: StageStatus
    attempts: int = 0
    duration_s: float = 0.0
    application: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    config_hash: str = ""
    error_code: str = ""
    error_message: str = ""
