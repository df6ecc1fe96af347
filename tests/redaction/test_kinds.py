"""Redaction of sentences by kinds: one half was read while rules were made, the other half only counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.redaction.conversation import find_in_turns
from callytics.redaction.detector import find_pii
from evaluation.redaction import read_marked, score
from tests.support.talk import talk

DATA = Path(__file__).parents[1] / "data"
PAGE = DATA.parents[1] / "docs" / "security.md"


def test_open_half_is_solved_but_for_a_nickname_and_a_thousand_in_an_account() -> None:
    result = score(read_marked(DATA / "pii_kinds_open.tsv"))
    assert len(result.errors) <= 2, result.errors


@pytest.mark.parametrize("language", ["ko", "en"])
def test_held_half_stays_near_its_documented_figures(language: str) -> None:
    sentences = [s for s in read_marked(DATA / "pii_kinds_held.tsv") if s.language == language]
    assert len(sentences) >= 50
    result = score(sentences)
    assert result.recall >= 0.9
    assert result.precision >= 0.9
    assert f"({result.found}/{result.marked})" in PAGE.read_text(encoding="utf-8")
    assert f"({result.right}/{result.redacted})" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "before", "hidden"),
    [
        ("네 새봄화재 보상부 국승효라고 합니다.", "", ["국승효"]),
        ("아까 윤태경이라는 분이랑 통화했는데요.", "", ["윤태경"]),
        ("저 표기수 남편 되는 사람인데요.", "", ["표기수"]),
        ("민준이가 눌렀나 봐요.", "", ["민준"]),
        ("107동에 904호요.", "몇 동 몇 호세요?", ["107동에 904호"]),
        ("생년월일은 1990-02-11입니다.", "", ["1990-02-11"]),
        ("번호판이 LC24 FKD예요.", "", ["LC24 FKD"]),
        ("신한 110 223 334455로 넣어 주세요.", "", ["신한 110 223 334455"]),
        ("It's 4417 Belmont, Unit 3.", "What's your address?", ["4417 Belmont, Unit 3"]),
        ("Did Rohan leave a note?", "", ["Rohan"]),
        ("grace speaking", "", ["grace"]),
        ("De la Cruz.", "And the last name?", ["De la Cruz"]),
        ("He's on 020 7946 0991 all day.", "", ["020 7946 0991"]),
        ("저는 처음이에요.", "", []),
        ("저는 세입자예요.", "", []),
        ("저희 매장은 신림동이에요.", "", []),
        ("담당 부서로 넘겨 드릴게요.", "", []),
        ("서류는 원본이고요.", "", []),
        ("50 percent off.", "What's your address?", []),
        ("It's April already.", "", []),
    ],
)
def test_kind_is_hidden_and_its_likeness_is_not(text: str, before: str, hidden: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_pii(text, before)] == hidden


def test_name_answered_in_syllables_and_said_back_is_hidden_twice() -> None:
    call = talk(("a", "성함이 어떻게 되세요?"), ("c", "문 보 라예요."), ("a", "네, 문보라 고객님."))
    found = find_in_turns(call.turns)
    assert [len(found[turn.id]) for turn in call.turns] == [0, 1, 1]


@pytest.mark.parametrize(
    "lines",
    [
        ("성함이 어떻게 되세요?", "김민수요.", "네 김민수 고객님.", "네.", "무슨 일이세요?", "제습기예요."),
        ("who am I speaking with", "kirsty", "okay kirsty", "hi", "whats wrong", "zyxel router again"),
    ],
)
def test_answer_to_a_new_short_question_is_no_name(lines: tuple[str, ...]) -> None:
    call = talk(*(("ac"[index % 2], text) for index, text in enumerate(lines)))
    found = find_in_turns(call.turns)
    assert found[call.turns[1].id] != []
    assert found[call.turns[-1].id] == []
