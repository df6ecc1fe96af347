"""From the store to a recommendation, on runs that are made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callytics.comparison import Advice, Verdict, compare, read_references
from callytics.comparison.outputs import WER
from callytics.comparison.versions import Comparison
from callytics.domain import StageRun, StageStatus, Transcript
from callytics.errors import InvalidRequestError, NotFoundError
from callytics.store import VersionRun
from tests.support.conversations import stereo

V1, V2 = "speech-recognizer", "speech-recognizer-v2"
RUN = StageRun(V1, StageStatus.COMPLETED, 1, 6.0, V1, "m:Engine", "base", "1", "1111")
AUDIO_S = 60.0
SAID = "the quick brown fox jumps over the lazy dog today"


class Runs:
    """Stands for the store: two questions are asked of it."""

    def __init__(self) -> None:
        self.runs: list[VersionRun] = []
        self.outputs: dict[tuple[str, str], Any] = {}

    def add(self, calls: Iterable[int], run: StageRun, output: Any = None, shadow: bool = False) -> None:
        for number in calls:
            call_id = f"c{number}"
            ended_at_ms = len(self.runs)
            self.runs.append(VersionRun(call_id, f"{call_id}.wav", None, AUDIO_S, ended_at_ms, shadow, run))
            self.outputs[call_id, run.application] = output

    def version_runs(self, applications: list[str], since_ms: int) -> tuple[VersionRun, ...]:
        return tuple(r for r in self.runs if r.run.application in applications and r.ended_at_ms >= since_ms)

    def version_output(self, call_id: str, application: str) -> Any:
        return self.outputs[call_id, application]


def compared(runs: Runs, **options: Any) -> Comparison:
    return compare(runs, V1, V2, **options)  # type: ignore[arg-type]


def heard(text: str) -> Transcript:
    return replace(stereo((0, 0.0, 9.0, text), duration_s=AUDIO_S)[1], language="en")


def v2(**changes: Any) -> StageRun:
    return replace(RUN, application=V2, model="large", config_hash="2222", **changes)


def verdicts(comparison: Comparison) -> dict[str, Verdict]:
    return {criterion.name: criterion.verdict for criterion in comparison.criteria}


@pytest.fixture
def shadowed() -> Runs:
    """200 calls by the first version, and by the second in its shadow: twice as fast, the same words."""
    runs = Runs()
    runs.add(range(200), RUN, heard(SAID))
    runs.add(range(200), v2(duration_s=3.0), heard(SAID), shadow=True)
    return runs


def test_same_output_in_half_the_time_recommends_migration(shadowed: Runs) -> None:
    found = compared(shadowed)
    assert found.advice is Advice.MIGRATE
    assert found.reason == "the second version is better in time and not worse in the rest."
    assert (found.stage, found.common_calls) == (V1, 200)
    assert (found.first.shadow_calls, found.second.shadow_calls) == (0, 200)
    assert (found.first.latency_p50_s.value, found.second.latency_p95_s.value) == (6.0, 3.0)
    assert found.distance[WER].value == 0.0
    assert found.first.confidence is not None
    assert (found.first.run.config_hash, found.second.run.model) == ("1111", "large")


def test_other_words_need_references(shadowed: Runs) -> None:
    for number in range(200):
        shadowed.outputs[f"c{number}", V2] = heard(SAID.replace("fox", "box"))
    found = compared(shadowed)
    assert found.distance[WER].value == pytest.approx(0.1)
    assert found.advice is Advice.NOT_ENOUGH_DATA
    assert "nothing tells which is right" in found.reason


@pytest.mark.parametrize(
    ("said", "advice", "verdict"),
    [
        (SAID.replace("fox", "box"), Advice.MIGRATE, Verdict.BETTER),
        (SAID, Advice.KEEP, Verdict.WORSE),
    ],
)
def test_references_tell_which_is_right(
    shadowed: Runs, said: str, advice: Advice, verdict: Verdict, tmp_path: Path
) -> None:
    for number in range(200):
        shadowed.outputs[f"c{number}", V2] = heard(SAID.replace("fox", "box"))
    for number in range(25):
        (tmp_path / f"c{number}.txt").write_text(said)
    found = compared(shadowed, references=read_references(tmp_path))
    assert verdicts(found)[WER] is verdict
    assert found.advice is advice
    assert found.second.reference_calls == 25
    assert abs(found.second.errors[WER].value - found.first.errors[WER].value) == pytest.approx(0.1)


def test_too_few_references_decide_nothing(shadowed: Runs, tmp_path: Path) -> None:
    (tmp_path / "c1.txt").write_text(SAID)
    found = compared(shadowed, references=read_references(tmp_path))
    assert (found.advice, verdicts(found)[WER]) == (Advice.NOT_ENOUGH_DATA, Verdict.UNDECIDED)


def test_failing_version_is_not_recommended(shadowed: Runs) -> None:
    shadowed.add(range(20, 60), v2(status=StageStatus.FAILED, error_code="stage_crashed"), shadow=True)
    found = compared(shadowed)
    assert (found.advice, verdicts(found)["failures"]) == (Advice.KEEP, Verdict.WORSE)
    assert (found.second.failed, found.second.failures.value) == (40, 0.2)
    assert found.common_calls == 160  # the last run of a version on a call counts


def test_slowdown_is_tolerated_up_to_the_limit(shadowed: Runs) -> None:
    shadowed.add(range(200), v2(duration_s=12.0), heard(SAID), shadow=True)
    assert verdicts(compared(shadowed))["time"] is Verdict.WORSE
    assert verdicts(compared(shadowed, max_slowdown=2.5))["time"] is Verdict.NOT_WORSE


def test_calls_divided_by_weights_are_compared_too() -> None:
    """Each call was done by one version: no output to set side by side, and yet failures and time."""
    runs = Runs()
    runs.add(range(150), RUN, heard(SAID))
    runs.add(range(200, 350), v2(), heard(SAID))
    found = compared(runs)
    assert found.common_calls == 0
    assert found.distance == {}
    assert found.advice is Advice.NOT_ENOUGH_DATA
    assert "no reference" in found.reason


def test_only_the_newest_configuration_of_an_application_counts() -> None:
    runs = Runs()
    runs.add(range(10), replace(RUN, duration_s=60.0, config_hash="0000"), heard(SAID))
    unknown = replace(RUN, status=StageStatus.FAILED, engine="", model="", model_revision="", config_hash="")
    runs.add([10], unknown)  # went down in the time of the earlier configuration
    runs.add(range(20, 40), RUN, heard(SAID))
    runs.add([40], unknown)
    runs.add(range(20, 41), v2(), heard(SAID), shadow=True)
    found = compared(runs)
    assert (found.first.calls, found.first.failed, found.first.earlier_runs) == (21, 1, 11)
    assert found.first.latency_p95_s.value == 6.0
    assert compared(runs, since_ms=25).first.calls == 7


def test_stage_without_output_measure_has_time_and_failures() -> None:
    runs = Runs()
    first = replace(RUN, name="llm-analyzer", application=V1)
    runs.add(range(20), first)
    runs.add(range(20), replace(first, application=V2, config_hash="2"), shadow=True)
    found = compared(runs)
    assert set(verdicts(found)) == {"failures", "time", "errors"}
    assert found.advice is Advice.NOT_ENOUGH_DATA


def test_incomparable_versions_are_rejected() -> None:
    runs = Runs()
    runs.add(range(3), RUN, heard(SAID))
    with pytest.raises(NotFoundError, match="worked on no call"):
        compared(runs)
    with pytest.raises(InvalidRequestError, match="with itself"):
        compare(runs, V1, V1)  # type: ignore[arg-type]
    runs.add(range(3), replace(RUN, name="llm-analyzer", application=V2))
    with pytest.raises(InvalidRequestError, match="different stages"):
        compared(runs)
