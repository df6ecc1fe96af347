"""A channel with both parties beside a channel with one of them: each party is heard once, on a channel of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from tests.engines.audio.recordings import RATE_HZ, encode, write_wav
from tests.support.voices import babble

Floats = npt.NDArray[np.float64]
SECONDS = 22
SAID = ((0, 0.5, 3.0), (1, 4.2, 3.0), (0, 8.0, 3.0), (1, 12.0, 3.0), (0, 16.0, 3.0))
OVER = (1, 17.0, 1.5)  # the customer talks over the agent


def parties(lines: tuple[tuple[int, float, float], ...] = (*SAID, OVER)) -> Floats:
    samples = np.random.default_rng(9).standard_normal((2, SECONDS * RATE_HZ)) * 1e-4
    for number, (party, start_s, length_s) in enumerate(lines):
        voice = babble(length_s, number, voice=party)
        samples[party, round(start_s * RATE_HZ) :][: len(voice)] += voice
    return samples


def run(path: str) -> Audio:
    return StandardAudioProcessor()(Recording("call", path), CallOptions())


def alike(audio: Audio, channel: int, voice: Floats, start_s: float, length_s: float) -> float:
    part = slice(round(start_s * RATE_HZ), round((start_s + length_s) * RATE_HZ))
    return float(np.corrcoef(audio.pcm.float32(channel)[part], voice[part])[0, 1])


def codes(audio: Audio) -> set[str]:
    return {flag.code for flag in audio.flags}


@pytest.mark.parametrize(
    ("mixed", "gain", "delay_s"), [(1, 1.0, 0.0), (0, 1.0, 0.0), (1, 0.7, 0.0), (1, 2.0, 0.03)]
)
def test_party_is_taken_out_of_the_channel_that_holds_both(
    tmp_path: Path, mixed: int, gain: float, delay_s: float
) -> None:
    own = parties() * 0.4
    samples = own.copy()
    samples[mixed] += gain * np.roll(own[1 - mixed], round(delay_s * RATE_HZ))
    audio = run(write_wav(tmp_path / "call.wav", samples))
    assert codes(audio) == {"mixed_channel"}
    assert audio.announcements == ()
    for party, start_s, length_s in (*SAID[:-1], *((OVER,) if mixed else ())):
        assert alike(audio, party, own[party], start_s, length_s) > 0.9
        if (party, start_s) != OVER[:2]:
            assert abs(alike(audio, 1 - party, own[party], start_s, length_s)) < 0.2


def test_mixture_in_a_compressed_file_is_told_as_well(tmp_path: Path) -> None:
    own = parties()
    path = encode(tmp_path / "call.ogg", "libopus", np.stack([own[0], own.sum(axis=0)]), 16_000, b="32000")
    assert codes(run(path)) == {"mixed_channel"}


@pytest.mark.parametrize("mixed", [0, 1])
def test_short_answer_is_not_lost_where_nearly_everything_is_on_both_channels(
    tmp_path: Path, mixed: int
) -> None:
    own = parties(((0, 0.5, 15.0), (1, 17.0, 0.8)))
    samples = np.stack([own[0], own.sum(axis=0)])
    audio = run(write_wav(tmp_path / "call.wav", samples if mixed else samples[::-1]))
    assert codes(audio) == {"dual_mono"}
    assert audio.channel_indices == (mixed,)
    assert alike(audio, 0, own[1], 17.0, 0.8) > 0.95


def test_announcements_beside_a_silent_agent_are_no_mixture(tmp_path: Path) -> None:
    """A caller says something once while the queue speaks to both legs: nothing tells the agent's voice from it."""
    own = parties(((0, 0.5, 4.0), (1, 6.0, 3.0), (0, 12.0, 4.0)))
    audio = run(write_wav(tmp_path / "call.wav", np.stack([own[0], own.sum(axis=0)])))
    assert codes(audio) == set()
    assert len(audio.announcements) == 2


@pytest.mark.parametrize("gain", [0.25, 0.6])
def test_parties_who_leak_into_each_other_are_no_mixture(tmp_path: Path, gain: float) -> None:
    own = parties()
    assert "mixed_channel" not in codes(run(write_wav(tmp_path / "call.wav", own + gain * own[::-1])))
