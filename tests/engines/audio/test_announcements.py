"""What both channels have at once is found, kept once, and told from leaks and from two people who talk at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import Announcement
from callytics.engines.audio import measure
from callytics.engines.audio.announcements import take_out
from callytics.engines.audio.sound import PackedSound
from callytics.pcm import BLOCK_SAMPLES, pack
from tests.support.voices import babble

Floats = npt.NDArray[np.float64]
RATE_HZ = 16_000


def call(*lines: tuple[int, float, Floats], seconds: float = 20.0) -> Floats:
    """Lines are (channel, start_s, samples), over a faint line noise of each channel."""
    samples = np.random.default_rng(9).standard_normal((2, round(seconds * RATE_HZ))) * 3e-4
    for channel, start_s, voice in lines:
        start = round(start_s * RATE_HZ)
        samples[channel, start : start + len(voice)] += voice
    return samples


def taken_out(samples: Floats) -> tuple[tuple[Announcement, ...], npt.NDArray[np.int16]]:
    sound = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    frames = measure.levels(sound, np.zeros(2)).frames_dbfs
    return take_out(sound, frames, np.zeros(2))[0], sound


def level_db(samples: npt.NDArray[np.int16], channel: int, start_s: float, end_s: float) -> float:
    part = samples[channel, round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] / 32768
    return float(10 * np.log10((part**2).mean() + 1e-12))


PARTIES = ((0, 0.5, babble(4.0, 1)), (1, 5.0, babble(4.0, 2)), (0, 16.0, babble(3.0, 3)))
MENU = babble(4.0, 4)


@pytest.mark.parametrize(("gain_db", "delay_s"), [(0.0, 0.0), (-5.0, 0.02), (-9.0, 0.045), (6.0, 0.0)])
def test_sound_of_both_channels_is_kept_on_one_of_them(gain_db: float, delay_s: float) -> None:
    copy = MENU * 10 ** (gain_db / 20)
    (found,), sound = taken_out(call(*PARTIES, (0, 10.0, MENU), (1, 10.0 + delay_s, copy)))
    assert [found.start_s, found.end_s] == pytest.approx([10.0, 14.0], abs=0.4)
    assert level_db(sound, found.channel, 10.5, 13.5) > -35.0
    assert level_db(sound, 1 - found.channel, 10.5, 13.5) < -50.0
    assert level_db(sound, 1, 5.5, 8.5) > -35.0


def test_sound_of_both_channels_is_found_at_any_place_and_several_times() -> None:
    menus = [(channel, start_s, babble(3.0, 5)) for start_s in (0.0, 9.5, 17.0) for channel in (0, 1)]
    found, _ = taken_out(call((0, 4.0, babble(2.0, 1)), (1, 6.5, babble(2.5, 2)), *menus))
    assert [each.start_s for each in found] == pytest.approx([0.0, 9.5, 17.0], abs=0.4)


def test_party_who_talks_over_it_is_kept_without_it() -> None:
    both = ((0, 10.0, MENU), (1, 10.0, MENU))
    voice = babble(2.0, 6)
    found, sound = taken_out(call(*PARTIES, *both, (1, 12.0, voice)))
    assert {each.channel for each in found} == {0}
    assert level_db(sound, 1, 10.5, 11.7) < -50.0
    over = sound[1, 12 * RATE_HZ : 14 * RATE_HZ] / 32768
    assert np.corrcoef(over, voice)[0, 1] > 0.9


@pytest.mark.parametrize("gain_db", [-6.0, -10.0, -20.0])
def test_leak_of_each_party_is_left_to_the_rules_for_leaks(gain_db: float) -> None:
    samples = call(*PARTIES)
    leaking = samples + samples[::-1] * 10 ** (gain_db / 20)
    found, sound = taken_out(leaking)
    assert found == ()
    assert np.abs(sound - leaking * 32767).max() <= 1.0


def test_two_people_who_talk_at_once_are_no_announcement() -> None:
    samples = call((0, 1.0, babble(6.0, 1)), (1, 1.0, babble(6.0, 2)))
    found, sound = taken_out(samples)
    assert found == ()
    assert np.abs(sound - samples * 32767).max() <= 1.0


def test_long_call_in_packed_blocks_is_changed_like_a_short_one() -> None:
    samples = call(*PARTIES, (0, 9.2, MENU), (1, 9.2, MENU))
    found, plain = taken_out(samples)
    sound = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    starts = range(0, sound.shape[1], BLOCK_SAMPLES)
    blocks = [[pack(row[start : start + BLOCK_SAMPLES]) for start in starts] for row in sound]
    packed = PackedSound(blocks, sound.shape[1])
    assert take_out(packed, measure.levels(sound, np.zeros(2)).frames_dbfs, np.zeros(2)) == (found, None)
    assert np.array_equal(packed[0:2, 0 : sound.shape[1]], plain)
