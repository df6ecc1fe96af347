"""A folder of references: found by the names of recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callytics.comparison.references import Reference, read_references
from callytics.domain import StageRun, StageStatus
from callytics.errors import InvalidRequestError
from callytics.metrics import Interval
from callytics.store import VersionRun


def call(filename: str, external_id: str | None = None) -> VersionRun:
    return VersionRun(
        "c1", filename, external_id, 4.0, 0, True, StageRun("speech-recognizer", StageStatus.COMPLETED)
    )


@pytest.mark.parametrize(
    "run", [call("call7.wav"), call("call7.stereo.wav"), call("x.wav", "call7"), call("/tmp/call7.mp3")]
)
def test_call_is_found_by_file_name_or_external_id(run: VersionRun, tmp_path: Path) -> None:
    (tmp_path / "call7.txt").write_text("good morning")
    assert read_references(tmp_path).of(run) == Reference(forms=("good morning",))


@pytest.mark.parametrize("run", [call("call8.wav"), call("", None), call("x.wav", "../secret"), call(".wav")])
def test_unrelated_files_are_not_a_reference(run: VersionRun, tmp_path: Path) -> None:
    (tmp_path / "call7.txt").write_text("good morning")
    (tmp_path.parent / "secret.txt").write_text("not a reference")
    assert read_references(tmp_path).of(run) is None


def test_text_by_speaker_in_both_forms_and_who_speaks_when(tmp_path: Path) -> None:
    utterances = [
        {"speaker": "b", "start": 2.0, "text": "3개요", "text_spoken": "세 개요"},
        {"speaker": "a", "start": 0.0, "text": "몇 개요"},
    ]
    (tmp_path / "c.json").write_text(json.dumps({"language": "ko", "utterances": utterances}))
    (tmp_path / "c.rttm").write_text("SPEAKER c 1 0.50 1.00 <NA> <NA> a <NA> <NA>\n")
    (tmp_path / "c.uem").write_text("c 1 0.0 4.0\n")
    assert read_references(tmp_path).of(call("c.wav")) == Reference(
        "ko",
        ("몇 개요 3개요", "몇 개요 세 개요"),
        {"a": ("몇 개요",), "b": ("3개요", "세 개요")},
        (Interval(0.5, 1.5, "a"),),
        ((0.0, 4.0),),
    )


def test_missing_and_broken_references_are_reported(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidRequestError, match="holds no reference"):
            read_references(folder)
    (tmp_path / "c.json").write_text('{"utterances": [{"text": "no speaker"}]}')
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        read_references(tmp_path).of(call("c.wav"))
