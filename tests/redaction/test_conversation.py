"""Redaction of whole conversations: every text of a turn, and where it was in the sound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.domain import CallOptions, Conversation, PiiKind, Sentence, Turn, Word
from callytics.redaction.alignment import transfer
from callytics.redaction.conversation import redact
from callytics.redaction.span import Span
from tests.support.talk import talk

REDACT = CallOptions(redact_pii=True)


def contents(conversation: Conversation) -> list[str]:
    return [turn.content for turn in conversation.turns]


def everything(conversation: Conversation) -> str:
    return repr(conversation)


def test_redaction_is_off_by_default() -> None:
    call = talk(("c", "제 번호는 010-1234-5678이에요."))
    assert redact(call, CallOptions()) == call


def test_every_text_of_a_turn_is_redacted() -> None:
    call = talk(("c", "네 제 번호는 010 1234 5678이에요. 감사합니다."))
    (turn,) = call.turns
    sentences = (
        Sentence("네 제 번호는 010 1234 5678이에요.", turn.start_s, 1.75),
        Sentence("감사합니다.", 1.75, turn.end_s),
    )
    (done,) = redact(replace(call, turns=(replace(turn, sentences=sentences),)), REDACT).turns
    assert done.content == done.content_raw == "네 제 번호는 [PHONE]이에요. 감사합니다."
    assert [word.text for word in done.words] == ["네", "제", "번호는", "[PHONE]이에요.", "감사합니다."]
    assert [s.text for s in done.sentences] == ["네 제 번호는 [PHONE]이에요.", "감사합니다."]
    ((kind, start_s, end_s),) = [(r.kind, r.start_s, r.end_s) for r in done.redactions]
    assert kind == "PHONE"
    assert (start_s, end_s) == (turn.words[3].start_s, turn.words[5].end_s)
    assert (done.words[3].start_s, done.words[3].end_s) == (start_s, end_s)


def test_adjacent_spans_are_replaced() -> None:
    call = talk(("c", "My name is John Smith, call me on 415-555-0132 or bob@example.com."), language="en")
    (done,) = redact(call, REDACT).turns
    assert done.content == "My name is [NAME], call me on [PHONE] or [EMAIL]."
    assert [word.text for word in done.words][-4:] == ["on", "[PHONE]", "or", "[EMAIL]."]
    assert [r.kind for r in done.redactions] == ["NAME", "PHONE", "EMAIL"]


@pytest.mark.parametrize(
    "answer", ["Yes, it is 4-7-2-1.", "Okay, so my account number is 4-7-2-1.", "It's 4721."]
)
def test_words_that_open_an_answer_do_not_hide_its_number(answer: str) -> None:
    """A number of four digits is redacted as an answer; the question may have been misheard as a statement."""
    call = talk(("a", "Because I have your account number, please."), ("c", answer), language="en")
    assert not any(digit in contents(redact(call, REDACT))[1] for digit in "4721")


def test_short_number_within_a_story_is_no_answer() -> None:
    call = talk(
        ("a", "And your account number?"), ("c", "I have seen 4721 of them in the shop."), language="en"
    )
    assert redact(call, REDACT).turns[1].content == "I have seen 4721 of them in the shop."


def test_recognised_and_restored_text_may_differ() -> None:
    """Restoration moves spaces and mends endings; what was recognised is redacted in the same place."""
    raw = "제번호는 공일공 일이삼사 오육 칠팔 이에여"
    words = tuple(Word(text, i * 0.5, i * 0.5 + 0.5, 0.9) for i, text in enumerate(raw.split()))
    turn = Turn("t1", "c", 0.0, 3.0, "제 번호는 공일공 일이삼사 오육칠팔이에요.", raw, words, 0.9)
    call = replace(talk(("c", "x")), turns=(turn,))
    (done,) = redact(call, REDACT).turns
    assert done.content == "제 번호는 [PHONE]이에요."
    assert done.content_raw == "제번호는 [PHONE] 이에여"
    assert [word.text for word in done.words] == ["제번호는", "[PHONE]", "이에여"]
    assert (done.redactions[0].start_s, done.redactions[0].end_s) == (0.5, 2.5)


def test_answer_in_pieces_is_still_the_answer() -> None:
    call = talk(
        ("a", "Could I have your card number?"),
        ("c", "Four one one one."),
        ("a", "Yes."),
        ("c", "Two two three four."),
        ("a", "Thank you. Your next invoice comes on the first of the month."),
        ("c", "Room four one three, please."),
        language="en",
    )
    assert contents(redact(call, REDACT)) == [
        "Could I have your card number?",
        "[CARD].",
        "Yes.",
        "[CARD].",
        "Thank you. Your next invoice comes on the first of the month.",
        "Room four one three, please.",
    ]


def test_repetition_of_a_found_value_is_found() -> None:
    call = talk(
        ("c", "제 이름은 김서연입니다. 번호는 공일공 이삼사오 육칠팔구예요."),
        ("a", "확인했습니다. 그 건은 김서연 앞으로 육칠팔구 맞네요."),
    )
    assert contents(redact(call, REDACT)) == [
        "제 이름은 [NAME]입니다. 번호는 [PHONE]예요.",
        "확인했습니다. 그 건은 [NAME] 앞으로 [PHONE] 맞네요.",
    ]
    english = talk(
        ("c", "My name is Karen Whitfield."), ("a", "Whitfield, I see. Karen, one moment."), language="en"
    )
    assert contents(redact(english, REDACT)) == ["My name is [NAME].", "[NAME], I see. [NAME], one moment."]


def test_redacted_data_is_left_nowhere() -> None:
    call = talk(
        ("a", "성함과 연락처, 주소 말씀해 주세요."),
        ("c", "한지민이고요 공일공 칠칠팔팔 구구일일, 서울시 강남구 테헤란로 152예요."),
        ("c", "메일은 jimin.han@example.com이에요. 주문번호는 20261123이고 삼만 원이에요."),
    )
    done = redact(call, REDACT)
    for secret in ("한지민", "칠칠팔팔", "테헤란로", "jimin", "152"):
        assert secret not in everything(done)
    assert "20261123" in done.turns[2].content
    assert "삼만 원" in done.turns[2].content
    assert done.redacted


def test_redaction_is_the_same_a_second_time() -> None:
    call = talk(("c", "My name is John Smith and my number is 415-555-0132."), language="en")
    once = redact(call, REDACT)
    assert contents(redact(once, REDACT)) == contents(once)


def test_transfer_between_spellings() -> None:
    span = Span(2, 7, PiiKind.NAME)
    assert transfer([span], "a bcdef g", "A BCD EF, g") == [Span(2, 8, PiiKind.NAME)]
    assert transfer([span], "a bcdef g", "a bxxef g") == [Span(2, 7, PiiKind.NAME)]
    assert transfer([span], "a bcdef g", "zzz") == [Span(0, 3, PiiKind.NAME)]  # differs: all of it may be it
    assert transfer([span], "a bcdef g", "...") == []
