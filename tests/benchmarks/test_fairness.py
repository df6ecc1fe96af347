"""Short calls beside a long one: figures on runs made by hand, and the order of what is asked of a graph."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fairness, record
from benchmarks.calls import Call
from benchmarks.fairness import FairnessRecord, FairnessRun, measure, section
from benchmarks.graph import FinishedCall

RUN = FairnessRun(alone_s=(10.0, 20.0, 30.0), together_s=(25.0, 30.0, 45.0), beside=True)


def of(*runs: FairnessRun) -> FairnessRecord:
    return FairnessRecord(machine="x", cores=2, long_minutes=60, num_short=3, runs=runs)


def test_ratio_is_that_of_the_last_and_the_worst_that_of_any_place() -> None:
    assert (RUN.ratio, RUN.worst) == (1.5, 2.5)
    assert "within 1.50 times" in of(RUN).figure
    assert "2.50)" in of(RUN).figure


def test_page_says_whether_the_long_call_was_there_to_the_end(tmp_path: Path) -> None:
    assert "Not measured" in section(tmp_path)
    record.save(fairness.NAME, of(RUN, RUN.model_copy(update={"beside": False})), tmp_path)
    text = section(tmp_path)
    assert "in 1 of 2 runs" in text
    assert "| last | 30.0 (30.0 to 30.0) | 45.0 (45.0 to 45.0) | 1.50 (1.50 to 1.50) |" in text


class PlayedClient:
    """The long call is in the recogniser at the second look."""

    def __init__(self, ended: bool) -> None:
        self.asked: list[str] = []
        self._ended, self._looks = ended, 0

    def submit(self, path: Path, fields: dict[str, str]) -> str:
        self.asked.append("long")
        return "long"

    def status(self, call_id: str) -> dict[str, Any]:
        self._looks += 1
        stage = "PENDING" if self._looks == 1 else "PROCESSING"
        is_over = self._ended and "short" in self.asked[1:]
        return {
            "job_status": "COMPLETED" if is_over else "PROCESSING",
            "stages": [{"name": "speech-recognizer", "status": stage}],
        }

    def delete_call(self, call_id: str) -> None:
        self.asked.append("deleted")


class PlayedGraph:
    def __init__(self, client: PlayedClient) -> None:
        self._client = client

    @contextmanager
    def client(self) -> Any:
        yield self._client


@pytest.mark.parametrize("ended", [False, True])
def test_short_calls_come_when_the_long_one_is_in_the_recogniser(
    monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    client = PlayedClient(ended)

    def together(_: Any, calls: list[Call], at_once: int, on_finished: Any) -> list[FinishedCall]:
        client.asked.append("short")
        assert len(calls) == at_once == 2
        return [FinishedCall(call, 100.0, 103.0 - place, {}) for place, call in enumerate(calls)]

    monkeypatch.setattr(fairness, "analyse_together", together)
    monkeypatch.setattr(fairness.time, "sleep", lambda seconds: None)
    found = measure(PlayedGraph(client), 2.0, 2, wait=False)  # type: ignore[arg-type]
    assert client.asked == ["short", "long", "short", "deleted"]
    assert found == FairnessRun(alone_s=(2.0, 3.0), together_s=(2.0, 3.0), beside=not ended)
