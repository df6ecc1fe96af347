"""Readers: on a tiny kit made on the spot, and on the real one where it is."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from callytics.domain import Role
from callytics.metrics import Interval, diarization_errors, role_errors, text_errors
from evaluation import datasets

KIT = Path(__file__).parents[3] / "shared" / "data"

CALL = {
    "id": "ko_call9",
    "language": "ko",
    "duration": 9.0,
    "files": {"stereo": "ko_call9.stereo.wav", "mono": "ko_call9.mono.wav"},
    "agent": "x",
    "customer": "y",
    "utterances": [
        {"speaker": "y", "start": 4.0, "end": 6.0, "text": "2만 원이요", "text_spoken": "이만 원이요"},
        {"speaker": "x", "start": 1.0, "end": 3.0, "text": "안녕하세요.", "text_spoken": "안녕하세요."},
    ],
}


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    calls = tmp_path / "calls" / "composed"
    calls.mkdir(parents=True)
    (calls / "ko_call9.json").write_text(json.dumps(CALL), encoding="utf-8")
    (calls / "ko_call9.uem").write_text("ko_call9 1 0.000 9.000\n")
    (calls / "ko_call9.rttm").write_text(
        "SPEAKER ko_call9 1 1.000 2.000 <NA> <NA> x <NA> <NA>\nSPEAKER ko_call9 1 4.000 2.000 <NA> <NA> y <NA> <NA>\n"
    )
    sentences = tmp_path / "asr_ko"
    sentences.mkdir()
    with (sentences / "asr_ko.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["file", "transcript", "transcript_spoken", "duration_s", "source"])
        writer.writerow(["a.flac", 'a "b"', "", "2.5", "s"])
    return tmp_path


def test_composed_call_has_its_references(kit: Path) -> None:
    (call,) = datasets.composed_calls(kit, "stereo")
    assert call.path.name == "ko_call9.stereo.wav"
    assert call.roles == {"x": Role.AGENT, "y": Role.CUSTOMER}
    assert call.speech == (Interval(1.0, 3.0, "x"), Interval(4.0, 6.0, "y"))
    assert call.role_speech() == [Interval(1.0, 3.0, "AGENT"), Interval(4.0, 6.0, "CUSTOMER")]
    assert (call.scored, call.num_channels, call.num_speakers) == (((0.0, 9.0),), 2, 2)


def test_forms_are_joined_in_order_of_time(kit: Path) -> None:
    (call,) = datasets.composed_calls(kit, "mono")
    assert call.forms() == ["안녕하세요. 2만 원이요", "안녕하세요. 이만 원이요"]
    assert call.forms(role=Role.CUSTOMER) == ["2만 원이요", "이만 원이요"]
    assert call.forms(speaker="x") == ["안녕하세요."]


def test_clips_are_read_as_csv(kit: Path) -> None:
    (clip,) = datasets.clips(kit, "ko")
    assert clip.references == ('a "b"',)
    assert clip.duration_s == 2.5


@pytest.mark.shared
@pytest.mark.skipif(not KIT.is_dir(), reason="the evaluation kit is not there")
def test_kit_is_consistent() -> None:
    """Every recording is there, and its own reference scores perfectly against itself."""
    assert len(datasets.clips(KIT, "ko")) == 117
    assert len(datasets.clips(KIT, "en")) == 87
    samples = [
        *datasets.composed_calls(KIT, "stereo"),
        *datasets.composed_calls(KIT, "mono"),
        *datasets.meetings(KIT),
        *datasets.ami(KIT),
        *datasets.real_calls(KIT),
    ]
    assert len(samples) == 9 + 9 + 2 + 10 + 6
    for sample in samples:
        assert sample.path.is_file()
        if sample.speech and sample.duration_s < 600:
            assert diarization_errors(sample.speech, sample.speech, sample.scored).rate == 0.0
        if sample.roles:
            assert role_errors(sample.role_speech(), sample.role_speech()).accuracy == 1.0
        for form in sample.forms() if sample.duration_s < 600 else ():
            assert text_errors(sample.forms(), form, sample.language).errors == 0


@pytest.mark.shared
@pytest.mark.skipif(not KIT.is_dir(), reason="the evaluation kit is not there")
def test_the_telephone_sample_has_its_transcript() -> None:
    sample = datasets.real_calls(KIT)[-1]
    assert sample.utterances[0].references == ("Hello?",)
    assert sample.num_speakers == 2


def test_halves_do_not_depend_on_the_run_or_the_layout() -> None:
    assert [datasets.half(f"en_call{number}.mono") for number in (1, 2, 3)] == ["choose", "report", "choose"]
    assert all(
        datasets.half(f"call{n}.mono") == datasets.half(f"call{n}.stereo") == datasets.half(f"call{n}")
        for n in range(20)
    )
    assert 60 < sum(datasets.half(f"recording {n}") == "choose" for n in range(200)) < 140
