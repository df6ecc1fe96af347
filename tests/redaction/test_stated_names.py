"""Names of people that a service call states, and what stands where a name could stand."""

from __future__ import annotations

import pytest

from callytics.redaction.detector import find_pii


def names(text: str, before: str = "") -> list[str]:
    return [text[s.start : s.end] for s in find_pii(text, before) if s.kind == "NAME"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("섬진은행 나유경이에요.", "나유경"),
        ("튼튼손해보험 계수연이라고 합니다.", "계수연"),
        ("네 신우정밀 영업지원 엄태윤 주임입니다", "엄태윤"),
        ("한결전자 조아라였습니다.", "조아라"),
        ("초록인터넷 품질관리팀입니다. 남궁혜님 되시죠?", "남궁혜"),
        ("안녕하세요, 중2 도현이 엄마예요.", "도현"),
        ("저는 단비라고 합니다.", "단비"),  # given names that are words
        ("저는 하늘이라고 하는데요.", "하늘"),
        ("제 이름은 사랑이에요.", "사랑"),
        ("네 란 씨 지금 여권으로 등록해서", "란"),
        ("Summit Home Internet, Kayla here, how may I assist?", "Kayla"),
        ("union crest cards lost and stolen vikram speaking how may i help", "vikram"),
        ("thank you for calling my name is sunil", "sunil"),
        ("thanks for calling cine loop my names paige whats up", "paige"),
        ("Summit and Sole, you've got Kiri on the line.", "Kiri"),
        ("Sleep well, and tell Ewa the van's a big green one.", "Ewa"),
        ("All we know is he's called Winston.", "Winston"),
        ("Enjoy your evening, Mr. Villaseñor.", "Mr. Villaseñor"),
    ],
)
def test_stated_name_is_found(text: str, name: str) -> None:
    assert names(text) == [name]


@pytest.mark.parametrize(
    ("text", "before", "name"),
    [
        ("반종호요 근데 왜 반말이세요", "성함이 어떻게 되세요", "반종호"),
        ("바트바야르예요.", "성함이 어떻게 되세요?", "바트바야르"),
        ("Priya Raman. Two things really.", "Who've I got on the line?", "Priya Raman"),
        ("marguerite ellery", "what name is it under", "marguerite ellery"),
    ],
)
def test_answer_to_a_question_for_a_name_is_found(text: str, before: str, name: str) -> None:
    assert names(text, before) == [name]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("배송지는 그대로예요.", "성함이랑 배송지 불러 주세요."),
        ("칠 영업일로 안내받았어요.", "성함이 어떻게 되세요?"),
        ("아 네 공장장님 그게 통관이 하루 더 걸립니다.", ""),
        ("어제 부재중이었다고 돼 있는데.", ""),
        ("This is Meridian Air, how can I help?", ""),
        ("It's Saturday. I'm Irish.", ""),
        ("Yes, and mention case F as in Frank.", ""),
        ("the charge stands you want to dispute it put it in writing", "may i have your name"),
        ("Seventy-five. For my own name.", "and your name?"),
    ],
)
def test_firm_thing_or_state_is_no_name(text: str, before: str) -> None:
    assert names(text, before) == []
