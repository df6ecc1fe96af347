"""The situations on a graph that runs elsewhere: the API over HTTP, its calls completed by a worker that is played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from callytics.api import Services, create_app
from callytics.errors import StageError
from evaluation.field import page
from evaluation.field.service import Service
from evaluation.field.situations import SITUATIONS, Situation
from tests.api.conftest import blob_root, key, services, store, wav_bytes, worker  # noqa: F401 (fixtures)
from tests.support.played_graph import served

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def url(services: Services) -> Iterator[str]:  # noqa: F811
    with served(create_app(services)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes())
    return path


def situation(title: str) -> Situation:
    (found,) = [one for one in SITUATIONS if one.title == title]
    return found


def test_recording_is_analysed_over_http(url: str, key: str, recording: Path) -> None:  # noqa: F811
    with closing(Service.at(url, key)) as service:
        call_id, result = service.analysed(recording)
        assert service.ended(call_id)["job_status"] == "COMPLETED"
    assert result["transcript"]


def test_situations_are_judged_by_the_answers(url: str, key: str, recording: Path) -> None:  # noqa: F811
    """The played worker says the same of every recording: the form of an answer is right, what was said is not."""
    inputs = cast(Any, _Anything(recording))
    tried = (situation("CSV for Excel"), situation("control, English stereo"))
    with closing(Service.at(url, key)) as service:
        right, wrong = page.judge(service, inputs, situations=tried)
    assert right.is_right, right.tried.problems
    assert not wrong.is_right
    assert any("heard" in problem for problem in wrong.tried.problems)


def test_refused_key_is_told(url: str, recording: Path) -> None:
    with (
        closing(Service.at(url, "wrong")) as service,
        pytest.raises(StageError, match="401"),
    ):
        service.analysed(recording)


class _Anything:
    """Inputs of the kit, all of them one recording whose sentences have a text and last a second."""

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        self.durations_s, self.texts = _Same(1.0), _Same("Thank you for calling our office.")

    def __getitem__(self, name: str) -> Path:
        return self._recording


class _Same:
    def __init__(self, value: Any) -> None:
        self._value = value

    def __getitem__(self, name: str) -> Any:
        return self._value
