"""Late echo of the other party is taken out; what the party itself says stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.engines.audio import measure
from callytics.engines.audio.echo import remove_echo
from tests.support.voices import babble

Floats = npt.NDArray[np.float64]
RATE_HZ = 16_000


def call() -> Floats:
    samples = np.random.default_rng(9).standard_normal((2, 14 * RATE_HZ)) * 1e-4
    for channel, start_s, seed in ((0, 0.5, 1), (1, 5.0, 2), (0, 9.0, 3)):
        voice = babble(3.5, seed)
        samples[channel, round(start_s * RATE_HZ) :][: len(voice)] += voice
    return samples


def late(samples: Floats, delay_s: float, gain_db: float) -> Floats:
    shift = round(delay_s * RATE_HZ)
    echo = np.pad(samples, ((0, 0), (shift, 0)))[:, : samples.shape[1]]
    return echo[::-1] * 10 ** (gain_db / 20)


def removed(samples: Floats) -> tuple[bool, Floats]:
    sound = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    frames = measure.levels(sound, np.zeros(2)).frames_dbfs
    found = remove_echo(sound, frames)
    return found, sound / 32767


def level_db(samples: Floats) -> float:
    return float(10 * np.log10((samples**2).mean() + 1e-12))


@pytest.mark.parametrize("delay_s", [0.06, 0.18, 0.35, 0.5])
@pytest.mark.parametrize("gain_db", [-10.0, -14.0, -25.0])
def test_late_echo_is_taken_out_of_both_channels(delay_s: float, gain_db: float) -> None:
    own = call()
    found, left = removed(own + late(own, delay_s, gain_db))
    assert found
    for channel, start_s, end_s in ((1, 0.7, 4.4), (0, 5.3, 8.9), (1, 9.2, 12.9)):
        part = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
        assert level_db(left[channel, part]) < -50.0
    for channel, part in ((0, slice(RATE_HZ, 4 * RATE_HZ)), (1, slice(6 * RATE_HZ, 8 * RATE_HZ))):
        assert np.corrcoef(left[channel, part], own[channel, part])[0, 1] > 0.95


def test_speech_during_an_echo_is_kept() -> None:
    own = call()
    voice = babble(1.5, 7) * 0.5
    own[1, 2 * RATE_HZ :][: len(voice)] += voice
    found, left = removed(own + late(own, 0.25, -12.0))
    assert found
    part = slice(2 * RATE_HZ, 2 * RATE_HZ + len(voice))
    assert np.corrcoef(left[1, part], own[1, part])[0, 1] > 0.95


def test_two_voices_in_the_same_rhythm_are_no_echo() -> None:
    """As when one party repeats the other's words: quieter and a little later, but another voice."""
    own = np.random.default_rng(9).standard_normal((2, 14 * RATE_HZ)) * 1e-4
    for start_s in (0.5, 5.0, 9.0):
        start = round(start_s * RATE_HZ)
        for channel, shift_s, gain, voice in ((0, 0.0, 1.0, 1), (1, 0.3, 0.15, 2)):
            said = babble(3.0, 1, voice=voice) * gain
            own[channel, start + round(shift_s * RATE_HZ) :][: len(said)] += said
    found, left = removed(own)
    assert not found
    assert np.abs(left - own).max() <= 1e-4
