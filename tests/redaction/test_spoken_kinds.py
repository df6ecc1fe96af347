"""Kinds of personal data that calls of fresh writers had: addresses, plates, numbers of customers, data said again."""

from __future__ import annotations

import pytest

from callytics.domain import Turn, Word
from callytics.redaction.conversation import find_in_turns
from callytics.redaction.detector import find_pii


@pytest.mark.parametrize(
    ("text", "before", "hidden"),
    [
        ("누리동 별빛하이츠 3동 1102호요.", "", "누리동 별빛하이츠 3동 1102호"),
        ("해송동 갈매기로 41, 수선집이요.", "", "해송동 갈매기로 41"),
        ("들꽃로 12길 9 맞죠?", "", "들꽃로 12길 9"),
        ("온새미로 사십칠 은하빌 이공오호요", "", "온새미로 사십칠 은하빌 이공오호"),
        ("달빛동 산17-2 기와집이요.", "", "달빛동 산17-2"),
        ("기사님 차가 서울 사이 바 삼칠공오래요", "", "서울 사이 바 삼칠공오"),
        ("이십사 러 삼천칠이요", "", "이십사 러 삼천칠"),
        ("오십일년 음 섣달 초하루", "생년월일이요", "오십일년 음 섣달 초하루"),
        ("공일공에 공일공 사구칠이 사팔삼일이요", "번호 좀 불러 주세요", "공일공에 공일공 사구칠이 사팔삼일"),
        ("Building 4, apartment 118.", "", "Building 4, apartment 118"),
        ("it's linden house flat nine", "", "linden house flat nine"),
        ("Send it to Larkspur Avenue 31.", "", "Larkspur Avenue 31"),
        ("the postcode is uh m fourteen six t r", "", "m fourteen six t r"),
        ("hi there birthday four four seventy one", "", "four four seventy one"),
        ("Born on 14/06/1958.", "", "14/06/1958"),
        ("KLM 4417.", "What's the tag?", "KLM 4417"),
        ("MB 3391 7720.", "Your member number?", "MB 3391 7720"),
        ("0051-448210.", "Loan number?", "0051-448210"),
        ("IBAN DE44 5001 0517 5407 3249 31.", "", "DE44 5001 0517 5407 3249 31"),
        (
            "it's j b three three one two four five c",
            "national insurance number",
            "j b three three one two four five c",
        ),
        ("tess dot marsh at mail box dot u k", "", "tess dot marsh at mail box dot u k"),
    ],
)
def test_kind_is_hidden(text: str, before: str, hidden: str) -> None:
    assert hidden in [text[span.start : span.end] for span in find_pii(text, before)]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("하나가 이상이 있어서 그래요.", "주소가 어떻게 되세요"),
        ("all three together row nineteen", "whats the address"),
        ("the payoff is 12,904 dollars and 16 cents", "your date of birth"),
        ("so the 2,150, do i see that", "account number?"),
        ("The train to St Pancras.", ""),
        ("they arent open", ""),
    ],
)
def test_harmless_words_stay(text: str, before: str) -> None:
    assert find_pii(text, before) == []


def _hidden(*lines: str) -> list[list[str]]:
    turns = [
        Turn(f"t{n}", "AB"[n % 2], n, n + 1, line, line, (Word(line, n, n + 1, 1.0),), 1.0)
        for n, line in enumerate(lines)
    ]
    found = find_in_turns(turns)
    return [[turn.content[s.start : s.end] for s in found[turn.id]] for turn in turns]


def test_question_that_leaves_out_what_it_asks_for_is_understood() -> None:
    hidden = _hidden("I need to correct my passport number.", "Certainly. What's the new one?", "P00417738.")
    assert hidden[2] == ["P00417738"]


def test_street_with_another_number_is_hidden_again() -> None:
    hidden = _hidden("안산시 단원구 번영로 백십이로 나와요", "아 번영로 이백십이네요")
    assert hidden[1] == ["번영로 이백십이"]


def test_firm_that_bears_the_family_name_stays() -> None:
    hidden = _hidden("Good morning, this is Carol Meacham from Meacham Upholstery.")
    assert hidden[0] == ["Carol Meacham"]
