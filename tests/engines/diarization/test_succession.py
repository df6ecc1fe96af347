"""People who talk after each other on one party's channel are told apart; one person stays one."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import CallOptions, Diarization
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION
from callytics.engines.diarization.succession import Span, SuccessionOptions, Vector, divided
from tests.engines.diarization.recordings import audio_of, noise, onnx_diarizer, sample_channels

SENTENCE_S = 2.5


class Voices:
    """Embeddings of made-up people: ``holders`` says who utters each sentence, one every five seconds."""

    def __init__(self, holders: str, spread: float = 0.5) -> None:
        self.holders, self.spread, self.embedded = holders, spread, 0
        self.spans: list[Span] = [(5.0 * n, 5.0 * n + SENTENCE_S) for n in range(len(holders))]

    def __call__(self, span: Span) -> Vector:
        self.embedded += 1
        place = int(span[0] // 5.0)
        person = np.random.default_rng(ord(self.holders[place])).standard_normal(EMBEDDING_DIMENSION)
        chance = np.random.default_rng(place).standard_normal(EMBEDDING_DIMENSION)
        vector = person + self.spread * chance
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def people(self) -> list[str]:
        """The sentences of each person found."""
        found = divided(self.spans, self, 5.0 * len(self.holders), SuccessionOptions())
        return ["".join(self.holders[int(start_s // 5.0)] for start_s, _ in person) for person in found]


@pytest.mark.parametrize(
    ("holders", "people"),
    [
        ("aaaabbbb", ["aaaa", "bbbb"]),
        ("aaaaabbbbcccccc", ["aaaaa", "bbbb", "cccccc"]),
        ("aaaaaaaaaaaabbb", ["aaaaaaaaaaaa", "bbb"]),
        ("aaaabbbbaaaacccc", ["aaaaaaaa", "bbbb", "cccc"]),
    ],
)
def test_people_after_each_other_are_divided(holders: str, people: list[str]) -> None:
    assert Voices(holders).people() == people


@pytest.mark.parametrize("holders", ["aaaaaaaaaaaa", "a", "ab", "aaaaab", "abababababab"])
def test_one_voice_or_weak_evidence_stays_one_person(holders: str) -> None:
    assert Voices(holders).people() == [holders]


def test_voice_that_varies_stays_one_person() -> None:
    assert Voices("aaaaaaaaaaaaaaaa", spread=0.9).people() == ["aaaaaaaaaaaaaaaa"]


def test_one_voice_costs_two_embeddings() -> None:
    voices = Voices("a" * 30)
    voices.people()
    assert voices.embedded == 2


def test_channel_without_speech_has_one_person() -> None:
    assert divided([], Voices("a"), 60.0, SuccessionOptions()) == [[]]


def parties(diarization: Diarization) -> list[tuple[str, str, int | None]]:
    return [(p.id, p.role.value, p.channel_index) for p in diarization.participants]


ONE_EACH = [("spk_0", "AGENT", 0), ("spk_1", "CUSTOMER", 1)]


def test_transferred_call_has_two_agents() -> None:
    agent, customer = sample_channels()
    pause = noise(agent.shape[0] / 16_000)
    audio = audio_of(np.concatenate([agent, customer]), np.concatenate([customer, pause]))
    diarization = onnx_diarizer()(audio, CallOptions())
    assert parties(diarization) == [*ONE_EACH, ("spk_2", "AGENT", 0)]
    border_s = agent.shape[0] / 16_000
    assert max(s.end_s for s in diarization.segments if s.speaker == "spk_0") <= border_s + 0.5
    assert min(s.start_s for s in diarization.segments if s.speaker == "spk_2") >= border_s - 0.5


def test_relative_who_takes_the_telephone_is_a_customer() -> None:
    agent, customer = sample_channels()
    pause = noise(agent.shape[0] / 16_000)
    audio = audio_of(np.concatenate([agent, pause]), np.concatenate([customer, agent]))
    assert parties(onnx_diarizer()(audio, CallOptions())) == [*ONE_EACH, ("spk_2", "CUSTOMER", 1)]


def test_one_person_whose_loudness_changes_stays_one() -> None:
    channels = np.concatenate([sample_channels(), 0.2 * sample_channels()], axis=1)
    assert parties(onnx_diarizer()(audio_of(*channels), CallOptions())) == ONE_EACH
