"""Number plates, passports, dates of birth, addresses and spelled names, written and spoken."""

from __future__ import annotations

import pytest

from callytics.redaction.conversation import find_in_turns
from callytics.redaction.detector import find_pii
from tests.support.talk import talk


def found(text: str, before: str = "") -> list[tuple[str, str]]:
    return [(span.kind.value, text[span.start : span.end]) for span in find_pii(text, before)]


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("142호 8076 모닝 빌린 사람인데요.", "", [("PLATE", "142호 8076")]),
        ("제 차 백십이 노 육육사사 고", "", [("PLATE", "백십이 노 육육사사")]),
        ("KV23 TLO. White Astra.", "", [("PLATE", "KV23 TLO")]),
        ("r v k four four nine two", "and your license plate?", [("PLATE", "r v k four four nine two")]),
        (
            "c as in cat eight nine, r t v four",
            "do you have the plate number with you",
            [("PLATE", "c as in cat eight nine, r t v four")],
        ),
        (
            "씨 칠 하나 공 사 둘둘 오 구 이거",
            "여권 번호 불러 주세요",
            [("PASSPORT", "씨 칠 하나 공 사 둘둘 오 구")],
        ),
        ("B50117394. Valid until?", "the passport number?", [("PASSPORT", "B50117394")]),
        ("사십육년 이월 십일일생이시고요.", "", [("BIRTH_DATE", "사십육년 이월 십일일생")]),
        ("공일공팔삼공이요", "생년월일 여섯 자리요", [("BIRTH_DATE", "공일공팔삼공")]),
        (
            "July thirtieth, ninety-one.",
            "your date of birth?",
            [("BIRTH_DATE", "July thirtieth, ninety-one")],
        ),
        ("4-17-63.", "give me your birthdate first", [("BIRTH_DATE", "4-17-63")]),
        ("충주시 호암대로 88, 105동 1203호.", "", [("ADDRESS", "충주시 호암대로 88, 105동 1203호")]),
        ("It's flat nine, Calder Wharf, LS10 4QD.", "", [("ADDRESS", "flat nine, Calder Wharf, LS10 4QD")]),
        (
            "88 Tamarack Lane, Duluth, five five eight oh four.",
            "",
            [("ADDRESS", "88 Tamarack Lane, Duluth, five five eight oh four")],
        ),
    ],
)
def test_identifying_code_is_found(text: str, before: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, before) == expected


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("Delivered on July thirtieth.", "when did it arrive?"),
        ("시월 이십일일에 왔어요.", "언제 받으셨어요?"),
        ("M Q R eight eight two", "the order number please"),
        ("its ee double you three zero zero seven pee el", "the number on the card we left"),
        ("a box gathering dust comes to thirty-five", "Quill Mobile, what's the trouble?"),
        ("This is regarding the 2021 Silverado, correct?", "the last of your social"),
        ("It was 1.29 on the meter.", "your phone number?"),
    ],
)
def test_harmless_number_is_kept(text: str, before: str) -> None:
    assert found(text, before) == []


def test_firm_called_mobile_opens_no_telephone_context() -> None:
    assert found("4417.", "Thanks for calling Quill Mobile, what is the PIN?") == []
    assert found("4417.", "What is your mobile number?") == [("PHONE", "4417")]


def test_spelling_of_a_name_of_the_call_is_found() -> None:
    turns = talk(
        ("a", "May I have your name?"),
        ("b", "kaczmarek kay ay see zed em ay are ee kay"),
        ("a", "That's K, A, C, Z, M."),
        language="en",
    ).turns
    spans = find_in_turns(turns)
    texts = {turn.id: [turn.content[s.start : s.end] for s in spans[turn.id]] for turn in turns}
    assert texts == {
        "t1": [],
        "t2": ["kaczmarek", "kay ay see zed em ay are ee kay"],
        "t3": ["K, A, C, Z, M"],
    }


def test_given_name_is_found_after_the_full_name() -> None:
    turns = talk(("a", "여수민이요."), ("b", "수민이가 몇 살이죠?")).turns
    assert [
        (s.start, s.end)
        for s in find_in_turns(
            talk(("b", "성함이요?"), *((t.participant_id, t.content) for t in turns)).turns
        )["t3"]
    ] == [(0, 2)]
