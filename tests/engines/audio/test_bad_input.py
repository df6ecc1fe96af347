"""Every file of the kit's collection of bad input ends as its ``expect`` column says (this stage's part of it)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError

BAD = Path(__file__).parents[4] / "shared" / "data" / "bad"
CODES = {"media_empty", "media_undecodable", "media_no_audio", "media_too_long"}
WARNINGS = {
    "stereo_antiphase.wav": {"antiphase"},
    "stereo_dual_mono.wav": {"dual_mono"},
    "stereo_right_silent.wav": {"silent_channel"},
    "wrong_rate_header.wav": {"doubtful_sample_rate"},
    "truncated_data.wav": {"truncated"},
    "corrupt_frames.flac": {"corrupt_frames"},
    "dc_offset.wav": {"dc_offset"},
    "nan_inf_float.wav": {"non_finite_samples"},
}


def rows() -> list[dict[str, str]]:
    if not BAD.is_dir():
        return []
    with (BAD / "bad.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not BAD.is_dir(), reason="../shared/data/bad is not here"),
]


def answer(call: Callable[[Recording, CallOptions], object], name: str, options: CallOptions) -> object:
    """What a call returns, or the error that it raises."""
    try:
        return call(Recording("call", str(BAD / name)), options)
    except InvalidMediaError as error:
        return error


def ask(name: str, options: CallOptions) -> object:
    """The engine's answer, after making sure that the probe agrees and that a refusal is a clear one."""
    engine = StandardAudioProcessor()
    outcome, probed = answer(engine, name, options), answer(engine.probe, name, options)
    assert isinstance(probed, InvalidMediaError) == isinstance(outcome, InvalidMediaError)
    if isinstance(outcome, InvalidMediaError):
        assert outcome.code in CODES
        assert "\n" not in outcome.message
    return outcome


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_ends_as_expected(row: dict[str, str]) -> None:
    outcome = ask(row["file"], CallOptions())
    expected = row["expect"]
    if expected.startswith("reject"):
        assert isinstance(outcome, InvalidMediaError)
        if expected == "reject_no_audio":
            assert outcome.code == "media_no_audio"
    elif "reject" not in expected:
        assert isinstance(outcome, Audio)
        assert outcome.pcm.num_samples > 0
    if row["file"] in WARNINGS:
        assert isinstance(outcome, Audio)
        assert {flag.code for flag in outcome.flags} >= WARNINGS[row["file"]]


def test_headerless_file_is_accepted_with_its_format() -> None:
    outcome = ask("headerless.ulaw", CallOptions(audio_format="mulaw", audio_sample_rate_hz=8_000))
    assert isinstance(outcome, Audio)
    assert outcome.pcm.duration_s == pytest.approx(2.55, abs=0.01)


def test_the_speaking_one_of_six_channels_is_kept() -> None:
    outcome = ask("six_channels.wav", CallOptions())
    assert isinstance(outcome, Audio)
    assert outcome.channel_indices == (4,)
