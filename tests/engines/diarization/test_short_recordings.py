"""A short mono recording of one person has one participant; of two, two. Spoken by espeak-ng."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import soxr

from callytics.domain import CallOptions
from tests.engines.diarization.recordings import RATE_HZ, Samples, audio_of, noise, onnx_diarizer

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

SENTENCE = "I really liked that account of himself, better than anything else he said to me."
OTHER_SENTENCE = "His statement of having been a shop boy was the thing I liked best of all."


def spoken(voice: str, text: str) -> Samples:
    """About four seconds at the pipeline's rate."""
    done = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], capture_output=True, check=True)
    samples, rate_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)


def participants(*parts: Samples) -> int:
    samples = np.concatenate(
        [part for pair in zip(parts, [noise(0.8)] * len(parts), strict=True) for part in pair]
    )
    found = onnx_diarizer()(audio_of(samples + noise(len(samples) / RATE_HZ, -60.0)), CallOptions())
    return len(found.participants)


@pytest.mark.parametrize("late_s", [0.5, 3.0, 5.0, 6.5])
@pytest.mark.parametrize("voice", ["en-us+m3", "en-gb+f2"])
def test_one_sentence_wherever_it_begins_is_one_person(voice: str, late_s: float) -> None:
    """Windows of ten seconds overlap by half: which of its pieces are seen twice depends on where it begins."""
    assert participants(noise(late_s), spoken(voice, SENTENCE)) == 1


@pytest.mark.parametrize("voice", ["en-us+m3", "en-gb+f2"])
def test_few_sentences_of_one_voice_are_one_person(voice: str) -> None:
    assert participants(spoken(voice, SENTENCE), spoken(voice, OTHER_SENTENCE), spoken(voice, SENTENCE)) == 1


@pytest.mark.parametrize(("one", "other"), [("en-us+m3", "en-us+f4"), ("en-us+m7", "en-us+f2")])
def test_two_voices_are_two_people(one: str, other: str) -> None:
    first, second = spoken(one, SENTENCE), spoken(other, OTHER_SENTENCE)
    assert participants(first, second, first, second) == 2
