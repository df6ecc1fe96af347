from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from callytics.domain import CallOptions, Recording
from callytics.engines.audio.plausibility import fundamental_hz
from callytics.engines.audio.standard import StandardAudioProcessor
from tests.engines.audio.recordings import agent, excerpt, write_wav


@pytest.mark.parametrize("pitch_hz", [90.0, 130.0, 210.0, 420.0])
def test_pitch_of_a_voice_like_sound(pitch_hz: float) -> None:
    time_s = np.arange(16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 8))
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(voice), 1024)[::512].astype(np.float32)
    found = fundamental_hz(frames)
    assert len(found) > 20
    assert np.median(found) == pytest.approx(pitch_hz, rel=0.03)


def flags(path: str) -> set[str]:
    return {flag.code for flag in StandardAudioProcessor()(Recording("call", path), CallOptions()).flags}


def test_high_voice_at_double_speed_is_detected(tmp_path: Path) -> None:
    slow = soxr.resample(agent(), 16_000, 8_000)
    assert flags(write_wav(tmp_path / "right.wav", slow, 8_000)) == set()
    assert flags(write_wav(tmp_path / "wrong.wav", slow, 16_000)) == {"doubtful_sample_rate"}


def test_low_sample_rate_is_flagged(tmp_path: Path) -> None:
    quarter = soxr.resample(excerpt(0.0, 12.0).T, 16_000, 4_000).T
    assert flags(write_wav(tmp_path / "call.wav", quarter, 4_000)) == {"low_sample_rate"}
