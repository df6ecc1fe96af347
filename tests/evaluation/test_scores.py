"""Scoring of one recording, on outputs written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callytics.domain import (
    Conversation,
    Participant,
    Role,
    RoleSource,
    SpeechSegment,
    Transcript,
    Turn,
    Word,
)
from callytics.metrics import Interval
from evaluation import silence
from evaluation.baselines import decode, from_segments, merge
from evaluation.datasets import CallSample, Clip, SpokenUtterance
from evaluation.diarization import pool, score_diarization
from evaluation.hypothesis import Hypothesis, from_conversation
from evaluation.recognition import pooled, score_call, score_clip, select

SAMPLE = CallSample(
    id="call",
    path=Path("call.wav"),
    subset="composed stereo",
    language="en",
    duration_s=10.0,
    num_channels=2,
    roles={"x": Role.AGENT, "y": Role.CUSTOMER},
    utterances=(
        SpokenUtterance(1.0, 3.0, "x", ("how can I help",)),
        SpokenUtterance(4.0, 6.0, "y", ("my order is late",)),
    ),
    speech=(Interval(1.0, 3.0, "x"), Interval(4.0, 6.0, "y")),
    scored=((0.0, 10.0),),
)


def turn(number: int, participant: str, text: str, start_s: float, end_s: float) -> Turn:
    tokens = text.split()
    step_s = (end_s - start_s) / len(tokens)
    words = tuple(
        Word(token, start_s + index * step_s, start_s + (index + 1) * step_s, 1.0)
        for index, token in enumerate(tokens)
    )
    return Turn(f"t{number}", participant, start_s, end_s, text, text, words, 1.0)


def conversation(agent: Role = Role.AGENT, customer: Role = Role.CUSTOMER) -> Conversation:
    return Conversation(
        "en",
        10.0,
        (
            Participant("spk_0", agent, RoleSource.CHANNEL, 1.0, 0),
            Participant("spk_1", customer, RoleSource.CHANNEL, 1.0, 1),
        ),
        (turn(1, "spk_0", "How can I help?", 1.0, 3.0), turn(2, "spk_1", "My order is late.", 4.0, 6.0)),
        (SpeechSegment(1.0, 3.0, "spk_0", 0), SpeechSegment(4.0, 6.0, "spk_1", 1)),
    )


def hypothesis(**roles: Role) -> Hypothesis:
    return from_conversation(conversation(**roles), Transcript((), "en", (), 10.0), 1.0)


def test_our_result_in_the_form_that_is_scored() -> None:
    found = hypothesis()
    assert found.text == "How can I help? My order is late."
    assert found.text_by_role == {"AGENT": "How can I help?", "CUSTOMER": "My order is late."}
    assert found.text_by_channel == {0: "How can I help?", 1: "My order is late."}
    assert found.role_speech == (Interval(1.0, 3.0, "AGENT"), Interval(4.0, 6.0, "CUSTOMER"))


def test_perfect_stereo_call_has_no_errors() -> None:
    score = score_call(SAMPLE, hypothesis(), "callytics")
    assert score.units is not None
    assert score.units.errors == 0
    assert score.units.reference_units == 8
    assert score.times is not None
    assert score.times.compared == 1.0
    assert score.times.quantile_s(1.0) == pytest.approx(0.0)
    speakers = score_diarization(SAMPLE, hypothesis(), "callytics")
    assert speakers.strict.rate == 0.0
    assert speakers.roles is not None
    assert speakers.roles.accuracy == 1.0


def test_swapped_channels_cost_everything_but_the_mapping() -> None:
    found = hypothesis(agent=Role.CUSTOMER, customer=Role.AGENT)
    score = score_call(SAMPLE, found, "callytics")
    assert score.units is not None
    assert score.units.rate == 1.0
    assert score.best_mapping is not None
    assert score.best_mapping.errors == 0
    speakers = score_diarization(SAMPLE, found, "callytics")
    assert speakers.strict.rate == 0.0
    assert speakers.roles is not None
    assert speakers.roles.accuracy == 0.0


def test_unknown_roles_are_missing() -> None:
    found = hypothesis(agent=Role.UNKNOWN, customer=Role.UNKNOWN)
    assert found.role_speech == ()
    speakers = score_diarization(SAMPLE, found, "callytics")
    assert speakers.roles is not None
    assert speakers.roles.missed_s == pytest.approx(4.0)


def test_missing_speech_is_scored_as_missed() -> None:
    sums = pool([score_diarization(SAMPLE, Hypothesis(), "callytics")])
    assert sums.strict.rate == 1.0
    assert sums.counted_right == 0


def test_keywords_are_found_without_regard_to_spaces() -> None:
    sample = CallSample("k", Path("k"), "real", "ko", 1.0, 1, {}, keywords=("두개", "싱글룸"))
    score = score_call(sample, Hypothesis(text="방 두 개 예약"), "callytics")
    assert score.keywords_found == ("두개",)
    assert score.units is None


def test_stereo_without_times_is_scored_by_channel() -> None:
    sample = CallSample(
        "c", Path("c"), "real", "en", 1.0, 2, {}, channel_references={0: "hello there", 1: "good day"}
    )
    right = score_call(sample, Hypothesis(text_by_channel={0: "Hello there", 1: "Good day"}), "callytics")
    assert right.units is not None
    assert right.units.errors == 0
    mixed = score_call(sample, Hypothesis(text="hello there good day"), "callytics")
    assert mixed.units is not None
    assert mixed.units.rate == 2.0


def test_scores_are_pooled_by_set() -> None:
    clips = [Clip(str(i), Path("x"), "en", ("a b c d",), 1.0, "") for i in range(2)]
    scores = [
        score_clip(clips[0], Hypothesis(text="a b c"), "s"),
        score_clip(clips[1], Hypothesis(text="a b c d"), "s"),
    ]
    chosen = select(scores, "s", "utterances", "en")
    assert pooled(chosen, lambda score: score.units).rate == pytest.approx(1 / 8)
    assert select(scores, "other", "utterances", "en") == []


class Segment:
    def __init__(self, start: float, end: float, text: str) -> None:
        self.start, self.end, self.text, self.words = start, end, text, None


def test_plain_segments_by_channel() -> None:
    found = from_segments(
        [[Segment(1.0, 3.0, " how can I help")], [Segment(4.0, 6.0, " my order is late")]], 1.0
    )
    score = score_call(SAMPLE, found, "i")
    assert score.units is not None
    assert score.units.errors == 0
    assert score.times is None
    assert score_diarization(SAMPLE, found, "i").strict.rate == 0.0


def test_merge_joins_near_spans() -> None:
    assert merge([(3.0, 4.0), (1.0, 2.0), (2.4, 2.9)], 0.5) == [(1.0, 4.0)]
    assert merge([(1.0, 2.0), (2.6, 2.9)], 0.5) == [(1.0, 2.0), (2.6, 2.9)]


def test_recordings_without_speech_are_the_same_every_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first = silence.make_recordings(tmp_path / "a")
    second = silence.make_recordings(tmp_path / "b")
    assert len({recording.path.name for recording in first}) == len(first)
    for one, two in zip(first, second, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes()


def test_levels_of_the_recordings(tmp_path: Path) -> None:
    made = {recording.name: recording for recording in silence.make_recordings(tmp_path)}
    noise = decode(made["pink noise -30 dBFS"].path, 1)[0]
    assert 20 * np.log10(np.sqrt(np.mean(noise**2))) == pytest.approx(-30, abs=1.0)
    assert np.abs(decode(made["digital silence"].path, 1)[0]).max() == 0.0
    assert made["stereo: both silent"].num_channels == 2


def test_invented_text_is_counted() -> None:
    recording = silence.NonSpeech("noise", Path("n"), 30.0, 1)
    row = silence.invented(recording, Hypothesis(text="시청해 주셔서 감사합니다."), "i")
    assert row.characters == 11


def test_only_words_in_the_pause_are_invented() -> None:
    recording = silence.NonSpeech("pause", Path("p"), 70.0, 1, "en", ((0.0, 5.0), (65.0, 70.0)))
    words = (
        (Word("hello", 1.0, 2.0, 1.0), ""),
        (Word("you", 30.0, 31.0, 1.0), ""),
        (Word("bye", 66.0, 67.0, 1.0), ""),
    )
    row = silence.invented(recording, Hypothesis(text="hello you bye", words=words), "ii")
    assert (row.characters, row.text) == (3, "you")
