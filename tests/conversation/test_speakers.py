"""Words at the edge of a turn: to the speaker whose clause they belong to, where the times leave it open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.conversation.speakers import speakers_of_words
from callytics.domain import SpeechSegment, Word

Spoken = list[tuple[str, float, float]]


def said(segments: dict[str, list[tuple[float, float]]], spoken: Spoken) -> list[tuple[str, str]]:
    """Runs of one speaker with their text."""
    words = [Word(text, start_s, end_s, 0.9) for text, start_s, end_s in spoken]
    speech = [SpeechSegment(*span, speaker) for speaker, spans in segments.items() for span in spans]
    runs: list[tuple[str, str]] = []
    for speaker, word in zip(speakers_of_words(speech, words), words, strict=True):
        if runs and runs[-1][0] == speaker:
            runs[-1] = (speaker, f"{runs[-1][1]} {word.text}")
        else:
            runs.append((speaker, word.text))
    return runs


def evenly(text: str, start_s: float, word_s: float = 0.25) -> Spoken:
    """The words of a text, one after the other without a pause."""
    return [(word, start_s + n * word_s, start_s + (n + 1) * word_s) for n, word in enumerate(text.split())]


def test_answer_that_begins_before_the_change_of_voices_is_not_cut() -> None:
    spoken = [*evenly("which model is it? Okay.", 0.0), *evenly("I bought the car last season.", 1.4)]
    assert said({"a": [(0.0, 1.85)], "b": [(1.85, 3.0)]}, spoken) == [
        ("a", "which model is it? Okay."),
        ("b", "I bought the car last season."),
    ]


def test_words_that_alternate_within_a_sentence_stay_together() -> None:
    spoken = evenly("that is all. Okay. Thank you. Oh, no problem at all.", 0.0)
    segments = {"a": [(0.0, 1.0), (1.22, 1.5)], "b": [(1.0, 1.22), (1.5, 3.0)]}
    assert said(segments, spoken) == [
        ("a", "that is all. Okay. Thank you."),
        ("b", "Oh, no problem at all."),
    ]


def test_korean_ending_without_a_mark_ends_a_turn() -> None:
    spoken = evenly("성함이 어떻게 되세요 저는 김영희라고 합니다 생년월일도 알려 주세요", 0.0, 0.4)
    assert said({"a": [(0.0, 1.55), (2.75, 4.0)], "b": [(1.55, 2.75)]}, spoken) == [
        ("a", "성함이 어떻게 되세요"),
        ("b", "저는 김영희라고 합니다"),
        ("a", "생년월일도 알려 주세요"),
    ]


def test_pause_decides_where_nothing_is_punctuated() -> None:
    spoken = [*evenly("so that was the last one", 0.0), *evenly("and how much is it", 2.0)]
    assert said({"a": [(0.0, 2.3)], "b": [(2.3, 3.5)]}, spoken) == [
        ("a", "so that was the last one"),
        ("b", "and how much is it"),
    ]


@pytest.mark.parametrize("reply", ["네", "uh-huh"])
def test_backchannel_in_another_sentence_keeps_its_speaker(reply: str) -> None:
    spoken = [
        *evenly("주문 번호를 확인해 보니", 0.0, 0.4),
        (reply, 1.7, 2.0),
        *evenly("어제 출고가 되었습니다", 2.1, 0.4),
    ]
    assert said({"a": [(0.0, 1.6), (2.1, 3.3)], "b": [(1.7, 2.0)]}, spoken)[1] == ("b", reply)


def test_answer_of_one_word_between_two_questions_keeps_its_speaker() -> None:
    spoken = [*evenly("is it red?", 0.0), ("Blue.", 0.8, 1.1), *evenly("and the size?", 1.2)]
    assert [who for who, _ in said({"a": [(0.0, 0.75), (1.2, 2.0)], "b": [(0.8, 1.1)]}, spoken)] == list(
        "aba"
    )


def test_change_of_voices_far_from_the_end_of_a_sentence_is_kept() -> None:
    spoken = evenly("one two three four five six seven eight nine. ten", 0.0, 0.4)
    assert said({"a": [(0.0, 2.0)], "b": [(2.0, 4.0)]}, spoken) == [
        ("a", "one two three four five"),
        ("b", "six seven eight nine. ten"),
    ]


def test_sentence_in_the_shorter_of_two_segments_that_overlap_is_of_its_speaker() -> None:
    spoken = [
        *evenly("that was all.", 0.0),
        *evenly("Let me see how I begin.", 1.0),
        *evenly("Go on then.", 3.0),
    ]
    assert said({"a": [(0.0, 6.0)], "b": [(0.95, 2.55)]}, spoken) == [
        ("a", "that was all."),
        ("b", "Let me see how I begin."),
        ("a", "Go on then."),
    ]


def test_word_far_from_all_speech_follows_the_word_before() -> None:
    assert said({"a": [(0.0, 1.0)], "b": [(9.0, 9.5)]}, [("yes", 0.5, 0.9), ("then", 4.0, 4.3)]) == [
        ("a", "yes then")
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0.0, 50.0), st.floats(0.1, 9.0)), min_size=1, max_size=8
    ),
    st.lists(st.tuples(st.sampled_from(["네", "환불.", "order"]), st.floats(0.0, 60.0)), max_size=20),
)
def test_every_word_has_a_speaker_of_the_call(
    segments: list[tuple[str, float, float]], spoken: list[tuple[str, float]]
) -> None:
    speech = [SpeechSegment(start_s, start_s + length_s, speaker) for speaker, start_s, length_s in segments]
    words = [Word(text, start_s, start_s + 0.3, 0.9) for text, start_s in sorted(spoken, key=lambda w: w[1])]
    found = speakers_of_words(speech, words)
    assert len(found) == len(words)
    assert set(found) <= {segment.speaker for segment in speech}
