"""Pauses around which the spectrum of a channel differs, on made-up voices: noise with resonances that move."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import Pcm
from callytics.engines.diarization.changes import candidate_changes, stretches_of

RATE_HZ = 16_000
SENTENCE_S = 3.0
PERIOD_S = 5.0
RESONANCES_HZ = {"a": (500.0, 1500.0, 2500.0), "b": (650.0, 1800.0, 3000.0)}


def spoken(holders: str) -> tuple[Pcm, list[tuple[float, float]]]:
    """One sentence of three seconds per letter, every five seconds; each syllable has other resonances."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0.0, 1e-4, round(len(holders) * PERIOD_S * RATE_HZ))
    spans = [(n * PERIOD_S, n * PERIOD_S + SENTENCE_S) for n in range(len(holders))]
    syllable = round(0.2 * RATE_HZ)
    frequencies = np.fft.rfftfreq(syllable, 1 / RATE_HZ)
    for holder, (start_s, end_s) in zip(holders, spans, strict=True):
        for first in range(round(start_s * RATE_HZ), round(end_s * RATE_HZ), syllable):
            moved = np.array(RESONANCES_HZ[holder]) * rng.normal(1.0, 0.15, 3)
            envelope = sum(1.0 / (1.0 + ((frequencies - peak) / 150.0) ** 2) for peak in moved)
            spectrum = np.fft.rfft(rng.standard_normal(syllable)) * envelope
            sound = np.fft.irfft(spectrum, syllable)
            samples[first : first + syllable] += 0.1 * sound / np.abs(sound).max()
    return Pcm.from_array((samples * 32767).astype(np.int16)[None], RATE_HZ), spans


def found(holders: str, most: int = 6) -> list[int]:
    """The sentences before which another voice may begin."""
    pcm, spans = spoken(holders)
    return [round((change_s + 1.0) / PERIOD_S) for change_s in candidate_changes(pcm, 0, spans, most)]


@pytest.mark.parametrize(("holders", "changes"), [("aaaabbbb", [4]), ("aaaabbbaaaa", [4, 7])])
def test_change_of_voice_is_the_strongest_candidate(holders: str, changes: list[int]) -> None:
    assert found(holders, most=len(changes)) == changes


@pytest.mark.parametrize("holders", ["", "a", "aa", "ab", "aaaaaaaaaa"])
def test_one_voice_or_little_speech_has_no_candidates(holders: str) -> None:
    assert found(holders) == []


def test_only_the_strongest_candidates_are_given() -> None:
    assert len(found("aaabbbaaabbb", most=2)) == 2


def test_short_pauses_belong_to_a_stretch() -> None:
    assert stretches_of([(0.0, 1.0), (1.9, 3.0), (4.0, 5.0)]) == [[(0.0, 1.0), (1.9, 3.0)], [(4.0, 5.0)]]
