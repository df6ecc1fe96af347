"""Sound that both channels share, and late echo, from the file to the words: the audio stage and the recogniser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from callytics.domain import CallOptions, Recording, Transcript
from callytics.engines.audio.standard import StandardAudioProcessor
from tests.support.recognizers import RATE_HZ, noise, sample_audio, whisper_base


def heard(path: Path, samples: np.ndarray) -> Transcript:
    soundfile.write(path, samples.T, RATE_HZ, subtype="ULAW")
    audio = StandardAudioProcessor()(Recording("call", str(path)), CallOptions())
    return whisper_base()(audio, CallOptions(language="en"))


def said(transcript: Transcript, channel: int | None) -> str:
    return " ".join(word.text.lower() for word in transcript.words if word.channel == channel)


@pytest.fixture(scope="module")
def lines() -> np.ndarray:
    """The first two lines of the sample call, one on each channel."""
    pcm = sample_audio().pcm
    return np.stack([pcm.float32(channel, 0.0, 11.0) for channel in (0, 1)])


def test_announcement_is_written_once_and_as_neither_party(tmp_path: Path, lines: np.ndarray) -> None:
    menu = lines[0, round(0.6 * RATE_HZ) : round(5.4 * RATE_HZ)]
    both = np.stack([menu, 0.6 * np.roll(menu, 320)]) + noise(len(menu) / RATE_HZ, -70)
    customer = lines[:, round(5.6 * RATE_HZ) :]
    transcript = heard(tmp_path / "call.wav", np.concatenate([both, customer, customer[::-1]], axis=1))
    assert said(transcript, None)
    assert max(word.end_s for word in transcript.words if word.channel is None) < 5.2
    assert all(word.start_s > 4.5 for word in transcript.words if word.channel is not None)
    assert said(transcript, 1)
    assert said(transcript, 0)


@pytest.mark.parametrize(("delay_s", "gain_db"), [(0.18, -14.0), (0.5, -25.0)])
def test_late_echo_is_not_said_twice(
    tmp_path: Path, lines: np.ndarray, delay_s: float, gain_db: float
) -> None:
    shift = round(delay_s * RATE_HZ)
    echo = np.pad(lines, ((0, 0), (shift, 0)))[::-1, : lines.shape[1]] * 10 ** (gain_db / 20)
    with_echo, without = (heard(tmp_path / "call.wav", samples) for samples in (lines + echo, lines))
    for channel in (0, 1):
        assert said(with_echo, channel).split()[:3] == said(without, channel).split()[:3]
        times_s = [word.start_s for word in with_echo.words if word.channel == channel]
        expected_s = [word.start_s for word in without.words if word.channel == channel]
        assert [min(times_s), max(times_s)] == pytest.approx([min(expected_s), max(expected_s)], abs=0.6)
