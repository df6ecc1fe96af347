"""Who spoke when, and in which role: DER with and without collar, and role accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callytics.metrics import (
    COLLAR_S,
    DiarizationErrors,
    Interval,
    RoleErrors,
    diarization_errors,
    role_errors,
)
from evaluation.datasets import CallSample
from evaluation.hypothesis import Hypothesis


@dataclass(frozen=True)
class DiarizationScore:
    """One system on one recording.

    Attributes:
        strict: DER without collar.
        forgiving: DER with a collar of 0.25 s on each side.
        turns: DER (collar 0.25 s) of the turns as exported (their words' first start to last end).
        roles: None if the parties have no roles, or the system assigns none.
        found_speakers: number of speaker labels; ``reference_speakers`` is the true number.
    """

    system: str
    sample: str
    subset: str
    duration_s: float
    strict: DiarizationErrors
    forgiving: DiarizationErrors
    turns: DiarizationErrors | None
    roles: RoleErrors | None
    found_speakers: int
    reference_speakers: int
    wall_s: float


def score_diarization(
    sample: CallSample, hypothesis: Hypothesis, system: str, assigns_roles: bool = True
) -> DiarizationScore:
    """Compare with the sample's reference speech, which must exist.

    Args:
        assigns_roles: False for a system that only separates speakers: it has no role accuracy.
    """
    scored = assigns_roles and bool(sample.roles)
    roles = role_errors(sample.role_speech(), hypothesis.role_speech) if scored else None

    def score(speech: Sequence[Interval], collar_s: float) -> DiarizationErrors:
        return diarization_errors(sample.speech, speech, sample.scored, collar_s)

    return DiarizationScore(
        system=system,
        sample=sample.id,
        subset=sample.subset,
        duration_s=sample.duration_s,
        strict=score(hypothesis.speech, 0.0),
        forgiving=score(hypothesis.speech, COLLAR_S),
        turns=score(hypothesis.turns, COLLAR_S) if hypothesis.turns else None,
        roles=roles,
        found_speakers=len({interval.label for interval in hypothesis.speech}),
        reference_speakers=sample.num_speakers,
        wall_s=hypothesis.wall_s,
    )


@dataclass(frozen=True)
class PooledDiarization:
    """Sums over recordings. ``counted_right``: number of ``recordings`` with the right number of speakers."""

    strict: DiarizationErrors
    forgiving: DiarizationErrors
    turns: DiarizationErrors
    roles: RoleErrors
    counted_right: int
    recordings: int


def pool(scores: Iterable[DiarizationScore]) -> PooledDiarization:
    scores = list(scores)
    return PooledDiarization(
        strict=sum((score.strict for score in scores), DiarizationErrors()),
        forgiving=sum((score.forgiving for score in scores), DiarizationErrors()),
        turns=sum((score.turns for score in scores if score.turns), DiarizationErrors()),
        roles=sum((score.roles for score in scores if score.roles), RoleErrors()),
        counted_right=sum(score.found_speakers == score.reference_speakers for score in scores),
        recordings=len(scores),
    )
