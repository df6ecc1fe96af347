"""Level and pitch of a channel, frame by frame, against known ones."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, lfilter, sosfilt

from callytics.domain import VOICE_LOWEST_HZ, VOICE_STEPS_PER_SEMITONE, VoiceTrack
from callytics.engines.audio import voice

RATE_HZ = 16_000


def vowel(hz: float, seconds: float = 2.0) -> npt.NDArray[np.float64]:
    """Pulses through three resonances, peak 0.1."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound: Any = np.diff(np.floor(times * hz), prepend=0.0)
    for formant_hz in (600.0, 1200.0, 2500.0):
        radius = np.exp(-np.pi * 80.0 / RATE_HZ)
        turn = -2 * radius * np.cos(2 * np.pi * formant_hz / RATE_HZ)
        sound = lfilter([1.0], [1.0, turn, radius**2], sound)
    return np.asarray(0.1 * sound / np.abs(sound).max())


def pcm(*channels: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    return (np.stack(channels) * 32767).astype(np.int16)


def pitches_hz(track: VoiceTrack) -> npt.NDArray[np.float64]:
    steps = np.frombuffer(base64.b64decode(track.pitches), np.uint8).astype(float)
    return np.where(steps > 0, VOICE_LOWEST_HZ * 2 ** ((steps - 1) / VOICE_STEPS_PER_SEMITONE / 12), 0.0)


def levels_dbfs(track: VoiceTrack) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(track.levels), np.uint8) / 2 - 127.5


def test_window_is_weighed_to_the_bit_as_librosa_would() -> None:
    import librosa

    window = voice._window(round(voice.FRAME_S * voice.RATE_HZ))
    of_window = librosa.autocorrelate(window, max_size=voice._LAGS + 1)
    assert np.array_equal(voice._scale(), np.asarray(of_window[0] / of_window, np.float32))


@pytest.mark.parametrize("hz", [80, 210])
def test_pitch_by_pyin_is_that_of_the_same_frames(hz: float) -> None:
    sound = np.concatenate([np.zeros(RATE_HZ), vowel(hz), np.zeros(RATE_HZ)])
    (by_pyin,) = voice.tracks(pcm(sound), voice.PitchMethod.PYIN)
    (track,) = voice.tracks(pcm(sound))
    found, expected = pitches_hz(by_pyin), pitches_hz(track)
    assert by_pyin.levels == track.levels
    voiced = (found > 0) & (expected > 0)
    assert voiced.sum() > 30
    assert not found[:18].any()
    assert not found[-18:].any()
    assert np.median(np.abs(12 * np.log2(found[voiced] / hz))) < 0.3


@pytest.mark.parametrize("hz", [80, 110, 150, 210, 280, 380, 460])
@pytest.mark.parametrize("line", ["wide", "telephone", "noisy telephone"])
def test_pitch_is_within_a_quarter_of_a_semitone_also_without_its_fundamental(hz: float, line: str) -> None:
    sound = vowel(hz)
    if line != "wide":
        sound = sosfilt(butter(6, (300.0, 3400.0), "bandpass", fs=RATE_HZ, output="sos"), sound)
    if line == "noisy telephone":
        noise = np.random.default_rng(5).standard_normal(len(sound))
        sound = sound + noise * np.sqrt(np.mean(sound**2)) * 10 ** (-10 / 20)
    (track,) = voice.tracks(pcm(sound))
    found = pitches_hz(track)
    assert len(found) == 40
    assert (found > 0).mean() > 0.95
    errors = np.abs(12 * np.log2(found[found > 0] / hz))
    assert np.median(errors) < 0.15
    assert (errors > 0.25).mean() <= 0.05, errors


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.05 * np.random.default_rng(3).standard_normal(5 * RATE_HZ)
    for track in voice.tracks(pcm(noise, np.zeros(5 * RATE_HZ))):
        assert (pitches_hz(track) > 0).mean() < 0.05


def test_level_follows_the_gain() -> None:
    sound = vowel(150)
    loud, quiet = voice.tracks(pcm(sound, sound / 4))
    assert np.median(levels_dbfs(loud) - levels_dbfs(quiet)) == pytest.approx(12, abs=0.5)


def test_frames_of_a_long_recording_stay_at_their_times() -> None:
    sound = np.zeros(130 * RATE_HZ)
    sound[125 * RATE_HZ : 127 * RATE_HZ] = vowel(150)
    (track,) = voice.tracks(pcm(sound))
    voiced = np.flatnonzero(pitches_hz(track))
    assert len(levels_dbfs(track)) == 2600
    assert (voiced[0] * 0.05, voiced[-1] * 0.05) == pytest.approx((125, 126.95), abs=0.06)


def test_empty_sound_has_an_empty_track() -> None:
    assert voice.tracks(np.zeros((1, 0), np.int16))[0].levels == ""
