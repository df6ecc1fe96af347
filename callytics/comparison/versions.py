"""Compares versions from the store: selects the runs that count, and measures them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from callytics.comparison import outputs
from callytics.comparison.intervals import (
    Count,
    Estimate,
    mean,
    quantile,
    ratio,
    ratio_difference,
    relative_change,
    share,
    share_difference,
)
from callytics.comparison.recommendation import (
    ERROR_TOLERANCE,
    FAILURE_TOLERANCE,
    MAX_SLOWDOWN,
    Advice,
    Criterion,
    advise,
    same_output,
)
from callytics.comparison.references import References
from callytics.domain import StageRun, StageStatus
from callytics.errors import InvalidRequestError, NotFoundError
from callytics.store import VersionRun

Progress = Callable[[int, int], None]


class VersionSource(Protocol):
    """A CallStore, as far as a comparison needs it."""

    def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        """Runs of these applications."""

    def version_output(self, call_id: str, application: str) -> Any | None:
        """What one of them made of a call."""


@dataclass
class Measured:
    """One version, call by call. ``errors``: measure -> call -> count against its reference."""

    runs: Mapping[str, VersionRun]
    earlier_runs: int
    confidence: dict[str, float] = field(default_factory=dict)
    errors: dict[str, dict[str, Count]] = field(default_factory=dict)

    @property
    def completed(self) -> list[VersionRun]:
        return [run for run in self.runs.values() if run.run.status is StageStatus.COMPLETED]

    @property
    def failed(self) -> int:
        return len(self.runs) - len(self.completed)

    @property
    def time_of_audio(self) -> dict[str, Count]:
        """Call -> (seconds of work, seconds of audio)."""
        return {run.call_id: (run.run.duration_s, run.audio_s) for run in self.completed if run.audio_s > 0}


@dataclass(frozen=True)
class Version:
    """
    Attributes:
        run: its application, engine, model, revision and configuration.
        earlier_runs: calls that this application processed in an earlier configuration; they do not count.
        latency_p50_s: processing time of completed calls, without waiting time.
        confidence: mean over calls; None if the stage has no confidence.
        errors: errors against references.
    """

    run: StageRun
    calls: int
    shadow_calls: int
    earlier_runs: int
    failed: int
    failures: Estimate
    latency_p50_s: Estimate
    latency_p95_s: Estimate
    time_per_audio: Estimate
    confidence: Estimate | None
    errors: Mapping[str, Estimate]
    reference_calls: int


@dataclass(frozen=True)
class Comparison:
    """``distance``: distance of the second version from the first, on the ``common_calls`` that both completed."""

    stage: str
    first: Version
    second: Version
    common_calls: int
    distance: Mapping[str, Estimate]
    criteria: tuple[Criterion, ...]
    advice: Advice
    reason: str


def compare(
    store: VersionSource,
    first: str,
    second: str,
    references: References | None = None,
    since_ms: int = 0,
    max_slowdown: float = MAX_SLOWDOWN,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two applications of the same stage, the one in use first.

    Args:
        max_slowdown: maximum ratio of the second's time per second of audio to the first's.
        progress: called with (calls read, calls).

    Raises:
        NotFoundError: ``version_unknown``: one of them processed no call since then.
        InvalidRequestError: ``not_comparable``: the same application twice, or of different stages.
    """
    if first == second:
        raise InvalidRequestError("not_comparable", f"{first} cannot be compared with itself.")
    runs = store.version_runs([first, second], since_ms)
    measured = (_current(runs, first), _current(runs, second))
    stages = {run.run.name for one in measured for run in one.runs.values()}
    if len(stages) > 1:
        raise InvalidRequestError(
            "not_comparable", f"{first} and {second} did different stages: {', '.join(sorted(stages))}."
        )
    distance = _measure(store, (first, second), measured, references, progress or (lambda done, calls: None))
    criteria = tuple(_criteria(measured, distance, max_slowdown))
    advice, reason = advise(criteria)
    return Comparison(
        stage=stages.pop(),
        first=_version(measured[0]),
        second=_version(measured[1]),
        common_calls=len(_completed_by_both(measured)),
        distance={name: ratio(list(counts.values())) for name, counts in distance.items()},
        criteria=criteria,
        advice=advice,
        reason=reason,
    )


def _current(runs: Iterable[VersionRun], application: str) -> Measured:
    """The runs of the newest configuration, one per call. A failure without a configuration (the stage did not answer)
    belongs to the newest configuration if it happened in its time."""
    of_application = [run for run in runs if run.run.application == application]
    if not of_application:
        raise NotFoundError(
            "version_unknown",
            f"{application} worked on no call in that time. Give it calls by a route of call-pipeline's user_config.",
        )
    newest = _identity(_newest(of_application))
    known = [run for run in of_application if _identity(run.run) == newest]
    began_ms = min(run.ended_at_ms for run in known)
    unknown = [r for r in of_application if not r.run.config_hash and r.ended_at_ms >= began_ms]
    by_call: dict[str, VersionRun] = {}
    for run in sorted([*known, *unknown], key=lambda run: (not run.shadow, run.ended_at_ms)):
        by_call[run.call_id] = (
            run  # the run behind the result takes precedence over a shadow of the same call
        )
    return Measured(by_call, len(of_application) - len({id(run) for run in (*known, *unknown)}))


def _newest(runs: Iterable[VersionRun]) -> StageRun:
    """The newest run, preferably one with a known configuration."""
    return max(runs, key=lambda run: (bool(run.run.config_hash), run.ended_at_ms)).run


def _identity(run: StageRun) -> tuple[str, ...]:
    return run.engine, run.model, run.model_revision, run.config_hash


def _completed_by_both(measured: Sequence[Measured]) -> set[str]:
    first, second = ({run.call_id for run in one.completed} for one in measured)
    return first & second


def _measure(
    store: VersionSource,
    applications: tuple[str, str],
    measured: tuple[Measured, Measured],
    references: References | None,
    progress: Progress,
) -> dict[str, dict[str, Count]]:
    """Add the measures of the outputs, one call in memory at a time. Returns measure -> call -> distance."""
    distance: dict[str, dict[str, Count]] = {}
    completed = {run.call_id: run for one in measured for run in one.completed}
    stage = next(iter(measured[0].runs.values())).run.name
    wanted = completed if stage in outputs.MEASURED_STAGES else {}
    for done, (call_id, any_run) in enumerate(wanted.items()):
        progress(done, len(wanted))
        reference = references.of(any_run) if references else None
        found: list[Any] = []
        for one, application in zip(measured, applications, strict=True):
            run = one.runs.get(call_id)
            if run is None or run.run.status is not StageStatus.COMPLETED:
                continue
            output = store.version_output(call_id, application)
            found.append(output)
            if (sure := outputs.confidence(output)) is not None:
                one.confidence[call_id] = sure
            if reference is not None:
                _add(one.errors, call_id, outputs.errors(output, reference))
        if len(found) == 2:
            _add(distance, call_id, outputs.distance(*found))
    return distance


def _add(to: dict[str, dict[str, Count]], call_id: str, counts: outputs.Counts) -> None:
    for name, count in counts.items():
        to.setdefault(name, {})[call_id] = count


def _criteria(
    measured: tuple[Measured, Measured], distance: Mapping[str, Mapping[str, Count]], max_slowdown: float
) -> Iterable[Criterion]:
    first, second = measured
    failures = share_difference((first.failed, len(first.runs)), (second.failed, len(second.runs)))
    yield Criterion("failures", failures, FAILURE_TOLERANCE, min(len(first.runs), len(second.runs)))
    one, other = first.time_of_audio, second.time_of_audio
    change = relative_change(one, other) if one and other else None
    yield Criterion("time", change, max_slowdown - 1, min(len(one), len(other)))
    measures = sorted(first.errors.keys() & second.errors.keys())
    for name in measures:
        counts = first.errors[name], second.errors[name]
        yield Criterion(name, ratio_difference(*counts), ERROR_TOLERANCE, min(map(len, counts)))
    if not measures and distance:
        for name, common in distance.items():
            yield same_output(name, ratio(list(common.values())), len(common))
    elif not measures:
        note = "no output of both versions on the same call, and no reference, tells how good they are"
        yield Criterion("errors", None, ERROR_TOLERANCE, 0, note)


def _version(of: Measured) -> Version:
    latencies = [run.run.duration_s for run in of.completed]
    return Version(
        run=_newest(of.runs.values()),
        calls=len(of.runs),
        shadow_calls=sum(run.shadow for run in of.runs.values()),
        earlier_runs=of.earlier_runs,
        failed=of.failed,
        failures=share(of.failed, len(of.runs)),
        latency_p50_s=quantile(latencies, 0.5),
        latency_p95_s=quantile(latencies, 0.95),
        time_per_audio=ratio(list(of.time_of_audio.values())),
        confidence=mean(list(of.confidence.values())) if of.confidence else None,
        errors={name: ratio(list(counts.values())) for name, counts in of.errors.items()},
        reference_calls=max((len(counts) for counts in of.errors.values()), default=0),
    )
