"""People who talk after each other on one party's channel are told apart; one person stays one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from callytics.domain import CallOptions, Diarization
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION
from callytics.engines.diarization.succession import Span, SuccessionOptions, Vector, divided, most_changes
from tests.engines.diarization.recordings import audio_of, noise, onnx_diarizer, sample_channels

SENTENCE_S = 2.5


class Voices:
    """Embeddings of made-up people: ``holders`` says who utters each sentence, one every five seconds.

    Args:
        changes: sentences before which another person may begin; None: every change of holder.
        lines: the line of each sentence; a digit is a level above 4 kHz in nepers.
    """

    def __init__(
        self,
        holders: str,
        spread: float = 0.5,
        changes: Sequence[int] | None = None,
        lines: str = "",
        likeness: float = 0.0,
    ) -> None:
        self.holders, self.spread, self.likeness, self.embedded = holders, spread, likeness, 0
        self.lines = lines or "0" * len(holders)
        self.spans: list[Span] = [(5.0 * n, 5.0 * n + SENTENCE_S) for n in range(len(holders))]
        found = [n for n in range(1, len(holders)) if holders[n] != holders[n - 1]]
        self.changes = [5.0 * n - 1.0 for n in (found if changes is None else changes)]

    def __call__(self, span: Span) -> Vector:
        self.embedded += 1
        place = int(span[0] // 5.0)
        person, everybody = (
            np.random.default_rng(seed).standard_normal(EMBEDDING_DIMENSION)
            for seed in (ord(self.holders[place]), 1)
        )
        chance = np.random.default_rng(1000 + place).standard_normal(EMBEDDING_DIMENSION)
        vector = (
            np.sqrt(1.0 - self.likeness) * person + np.sqrt(self.likeness) * everybody + self.spread * chance
        )
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def bandwidth(self, span: Span) -> float:
        return float(self.lines[int(span[0] // 5.0)])

    def people(self) -> list[str]:
        """The sentences of each person found."""
        found = divided(self.spans, self.changes, self, self.bandwidth, SuccessionOptions())
        return ["".join(self.holders[int(start_s // 5.0)] for start_s, _ in person) for person in found]


@pytest.mark.parametrize(
    ("holders", "people"),
    [
        ("aaaabbbb", ["aaaa", "bbbb"]),
        ("aaaaabbbbcccccc", ["aaaaa", "bbbb", "cccccc"]),
        ("aaaaaaaaaaaabbb", ["aaaaaaaaaaaa", "bbb"]),
        ("aaaabbbbaaaacccc", ["aaaaaaaa", "bbbb", "cccc"]),
        ("aaabbbaaa", ["aaaaaa", "bbb"]),
    ],
)
def test_people_after_each_other_are_divided(holders: str, people: list[str]) -> None:
    assert Voices(holders).people() == people


@pytest.mark.parametrize("holders", ["aaaaaaaaaaaa", "a", "ab", "aaaaab", "abababababab"])
def test_one_voice_or_weak_evidence_stays_one_person(holders: str) -> None:
    assert Voices(holders).people() == [holders]


def test_needless_candidates_change_nothing() -> None:
    assert Voices("aaaaaabbbbbb", changes=[2, 3, 6, 9]).people() == ["aaaaaa", "bbbbbb"]


def test_clear_difference_takes_two_pieces_of_each_part() -> None:
    voices = Voices("aaaaaabbbbbb")
    assert voices.people() == ["aaaaaa", "bbbbbb"]
    assert voices.embedded == 4


def test_voice_that_varies_stays_one_person() -> None:
    assert Voices("a" * 16, spread=0.9, changes=[4, 8]).people() == ["a" * 16]


def test_two_alike_are_divided_on_one_line_and_not_if_the_line_changes() -> None:
    assert len(Voices("aaaaaabbbbbb", likeness=0.6).people()) == 2
    assert len(Voices("aaaaaabbbbbb", likeness=0.6, lines="000000999999").people()) == 1


def test_channel_without_candidates_costs_no_embedding() -> None:
    voices = Voices("a" * 30)
    voices.people()
    assert voices.embedded == 0


def test_candidate_within_one_voice_costs_two_embeddings() -> None:
    voices = Voices("a" * 30, changes=[15])
    voices.people()
    assert voices.embedded == 2


@pytest.mark.parametrize(("duration_s", "most"), [(20.0, 2), (90.0, 2), (300.0, 4), (7200.0, 6)])
def test_short_call_has_few_candidates(duration_s: float, most: int) -> None:
    assert most_changes(duration_s) == most


def test_channel_without_speech_has_one_person() -> None:
    assert divided([], [10.0], Voices("a"), Voices("a").bandwidth, SuccessionOptions()) == [[]]


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


def test_agent_who_comes_back_after_a_transfer_is_the_first_one() -> None:
    agent, customer = sample_channels()
    pause = noise(agent.shape[0] / 16_000)
    audio = audio_of(np.concatenate([agent, customer, agent]), np.concatenate([pause, agent, pause]))
    diarization = onnx_diarizer()(audio, CallOptions())
    assert parties(diarization) == [*ONE_EACH, ("spk_2", "AGENT", 0)]
    length_s = agent.shape[0] / 16_000
    of_first = [s.start_s for s in diarization.segments if s.speaker == "spk_0"]
    assert min(of_first) < length_s
    assert max(of_first) > 2 * length_s


def test_relative_who_takes_the_telephone_is_a_customer() -> None:
    agent, customer = sample_channels()
    pause = noise(agent.shape[0] / 16_000)
    audio = audio_of(np.concatenate([agent, pause]), np.concatenate([customer, agent]))
    assert parties(onnx_diarizer()(audio, CallOptions())) == [*ONE_EACH, ("spk_2", "CUSTOMER", 1)]


def test_one_person_whose_loudness_changes_stays_one() -> None:
    channels = np.concatenate([sample_channels(), 0.2 * sample_channels()], axis=1)
    assert parties(onnx_diarizer()(audio_of(*channels), CallOptions())) == ONE_EACH
