from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.conversation.backchannels import is_backchannel
from callytics.conversation.turns import attribute, with_corrected_roles
from callytics.domain import (
    CallOptions,
    Diarization,
    Participant,
    Role,
    RoleSource,
    SpeechSegment,
    Transcript,
    Word,
)
from tests.support.conversations import conversation, lines, stereo, transferred, words


def mono(
    segments: list[SpeechSegment], spoken: list[Word], duration_s: float
) -> tuple[Diarization, Transcript]:
    ids = sorted({segment.speaker for segment in segments})
    return (
        Diarization(tuple(segments), tuple(Participant(i) for i in ids), False, duration_s),
        Transcript(tuple(spoken), "ko", (), duration_s),
    )


def test_two_channels_make_alternating_turns() -> None:
    talk = conversation(
        (0, 0.0, 2.0, "안녕하세요 무엇을 도와드릴까요"), (1, 2.3, 4.0, "환불 받고 싶어요"), duration_s=5.0
    )
    assert [(t.id, t.participant_id, t.content) for t in talk.turns] == [
        ("t1", "spk_0", "안녕하세요 무엇을 도와드릴까요"),
        ("t2", "spk_1", "환불 받고 싶어요"),
    ]
    assert not any(t.overlap or t.interruption for t in talk.turns)


def test_backchannel_does_not_split_or_interrupt_a_turn() -> None:
    talk = conversation(
        (0, 0.0, 6.0, "주문 번호를 확인해 보니 어제 출고가 되었습니다"), (1, 2.0, 2.5, "네"), duration_s=6.0
    )
    assert [t.content for t in talk.turns] == ["주문 번호를 확인해 보니 어제 출고가 되었습니다", "네"]
    assert all(t.overlap for t in talk.turns)
    assert not any(t.interruption for t in talk.turns)


def test_taking_the_floor_is_an_interruption() -> None:
    talk = conversation(
        (0, 0.0, 4.0, "약관에 따르면 이 상품은 교환이"),
        (1, 3.0, 6.0, "아니 그게 아니고요 들어 보세요"),
        duration_s=6.0,
    )
    assert [t.interruption for t in talk.turns] == [False, True]


def test_touching_turns_do_not_overlap() -> None:
    talk = conversation(
        (0, 0.0, 3.1, "이름이 어떻게 되시나요"), (1, 3.0, 4.0, "김영희입니다"), duration_s=4.0
    )
    assert not any(t.overlap for t in talk.turns)


def test_long_pause_starts_a_new_turn() -> None:
    talk = conversation((0, 0.0, 1.0, "잠시만요"), (0, 9.0, 10.0, "확인했습니다"), duration_s=10.0)
    assert [t.content for t in talk.turns] == ["잠시만요", "확인했습니다"]


def test_mono_words_go_to_the_voice_that_covers_them() -> None:
    segments = [SpeechSegment(0.0, 2.0, "a"), SpeechSegment(2.0, 4.0, "b")]
    talk = attribute(*mono(segments, words("one two three four", 0.0, 4.0), 4.0))
    assert [(t.participant_id, t.content) for t in talk.turns] == [("a", "one two"), ("b", "three four")]


def test_mono_word_between_segments_goes_to_the_nearest() -> None:
    segments = [SpeechSegment(0.0, 1.0, "a"), SpeechSegment(2.0, 3.0, "b")]
    talk = attribute(*mono(segments, [Word("late", 1.7, 1.9, 0.9)], 3.0))
    assert talk.turns[0].participant_id == "b"


def test_call_without_words_has_no_turns() -> None:
    assert attribute(*mono([], [], 3.0)).turns == ()


def test_words_without_segments_give_no_turns() -> None:
    assert attribute(*mono([], words("ghost words", 0.0, 1.0), 1.0)).turns == ()


@pytest.mark.parametrize("text", ["네", "네 네", "아 네", "uh-huh", "Okay.", "yeah, right"])
def test_backchannel_is_recognised(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "네 그런데요", "no", "아니요", "yes yes yes yes yes", "왜요?"])
def test_answer_with_content_is_not_a_backchannel(text: str) -> None:
    assert not is_backchannel(text)


def test_corrected_roles_override_channels() -> None:
    talk = conversation((0, 0.0, 1.0, "여보세요"), duration_s=1.0)
    corrected = with_corrected_roles(talk, CallOptions(roles=(("spk_0", Role.CUSTOMER),)))
    assert corrected.participants[0].role is Role.CUSTOMER
    assert corrected.participants[0].role_source is RoleSource.MANUAL
    assert corrected.participants[1] == talk.participants[1]


@pytest.mark.parametrize("start_s", [0.0, 1.0, 64.0, 300.25])
def test_overlap_at_the_threshold_counts_at_any_time(start_s: float) -> None:
    talk = conversation(
        (0, start_s, start_s + 0.2, "네"), (1, start_s, start_s + 1.0, "네"), duration_s=400.0
    )
    assert [turn.overlap for turn in talk.turns] == [True, True]


@given(lines)
def test_every_word_is_in_exactly_one_turn(spoken: list[tuple[int, float, float, str]]) -> None:
    diarization, transcript = stereo(*spoken, duration_s=130.0)
    talk = attribute(diarization, transcript)
    assert sorted((w for t in talk.turns for w in t.words), key=repr) == sorted(transcript.words, key=repr)


@given(lines)
def test_turns_are_ordered_numbered_and_hold_their_words(spoken: list[tuple[int, float, float, str]]) -> None:
    talk = conversation(*spoken, duration_s=130.0)
    assert [t.id for t in talk.turns] == [f"t{n}" for n in range(1, len(talk.turns) + 1)]
    assert [t.start_s for t in talk.turns] == sorted(t.start_s for t in talk.turns)
    for turn in talk.turns:
        assert turn.content_raw == " ".join(w.text for w in turn.words)
        assert turn.start_s == min(w.start_s for w in turn.words)
        assert turn.end_s == max(w.end_s for w in turn.words)


@given(lines, st.floats(0.1, 500.0))
def test_later_start_changes_only_the_times(
    spoken: list[tuple[int, float, float, str]], shift_s: float
) -> None:
    here = [(c, round(a, 2), round(b, 2), text) for c, a, b, text in spoken]
    shift_s = round(shift_s * 4) / 4
    there = [(c, a + shift_s, b + shift_s, text) for c, a, b, text in here]
    first = conversation(*here, duration_s=130.0)
    second = conversation(*there, duration_s=130.0 + shift_s)
    assert [replace(t, start_s=0, end_s=0, words=(), confidence=0) for t in first.turns] == [
        replace(t, start_s=0, end_s=0, words=(), confidence=0) for t in second.turns
    ]


def test_words_on_a_shared_channel_go_to_the_person_who_speaks_then() -> None:
    assert [(t.participant_id, t.content.split()[0]) for t in transferred().turns] == [
        ("spk_0", "hello"), ("spk_1", "I"), ("spk_2", "hello"), ("spk_1", "good"),
    ]  # fmt: skip
