"""Addresses, dates of birth, plates and mail boxes as calls of villages, old people and recognisers have them."""

from __future__ import annotations

import pytest

from callytics.redaction.conversation import find_in_turns
from callytics.redaction.detector import find_pii
from tests.support.talk import talk


@pytest.mark.parametrize(
    ("text", "before", "hidden"),
    [
        ("장흥군 관산읍 옥당리 이층집이에요.", "", ["장흥군 관산읍 옥당리 이층집"]),
        ("삼정동 새롬단지 백육동이요", "어디세요?", ["삼정동 새롬단지 백육동"]),
        ("사이년 동짓달 초사흗날이라요", "생년월일요", ["사이년 동짓달 초사흗날"]),
        ("호적엔 삼십구년 오월이에요", "", ["삼십구년 오월"]),
        ("삼칠공오공이요", "주민번호 앞자리요", ["삼칠공오공이"]),
        ("이십육 더 어 삼칠팔일 이요", "차량 번호요", ["이십육 더 어 삼칠팔일"]),
        ("52러에 7713이요", "", ["52러에 7713"]),
        ("메일은 haneul77 골뱅이 네이버요", "", ["haneul77 골뱅이 네이버"]),
        ("oak lane number six", "where do you live", ["oak lane number six"]),
        ("twelve b cedar avenue second gate please", "", ["twelve b cedar avenue"]),
        ("it's 4 Mill Cottages, Ashby", "", ["4 Mill Cottages, Ashby"]),
        ("june the second nineteen and fifty", "date of birth", ["june the second nineteen and fifty"]),
        ("The third of May, '62.", "Date of birth?", ["The third of May, '62"]),
        (
            "k l one four b m double two nine oh",
            "vehicle number please",
            ["k l one four b m double two nine oh"],
        ),
        ("blue polo r k sixteen w f t", "which car", ["r k sixteen w f t"]),
        ("It was signed by K. Obuyade.", "", ["K. Obuyade"]),
        ("after two we close the road", "", []),
        ("우리 마을 회관 앞이요", "주소가요?", []),
        ("the reference is r k sixteen w f t", "", []),
    ],
)
def test_it_is_hidden_whole_and_its_likeness_is_not(text: str, before: str, hidden: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_pii(text, before)] == hidden


def test_mail_box_is_hidden_where_it_is_said_again_without_its_host() -> None:
    turns = talk(
        ("A", "메일은 sora 점 lim 골뱅이 네이버요."), ("B", "soralim이요?"), ("A", "아뇨, sora.lim이요.")
    ).turns
    spans = find_in_turns(turns)
    hidden = [[turn.content[s.start : s.end] for s in spans[turn.id]] for turn in turns]
    assert hidden[2] == ["sora.lim"]
