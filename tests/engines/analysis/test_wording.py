"""Spoken clauses become readable lines, and keep what they say."""

from __future__ import annotations

import pytest

from callytics.engines.analysis.signals import signs
from callytics.engines.analysis.wording import MAX_WORDS, day_in, parts_of, readable


@pytest.mark.parametrize(
    ("language", "spoken", "line"),
    [
        (
            "en",
            "uh yeah, its curtis i got a letter about a recall uh fuel pump",
            "Its curtis i got a letter about a recall fuel pump",
        ),
        ("en", "Okay, so the the driver never came.", "The driver never came."),
        ("en", "No dramas if not.", "No dramas if not."),
        ("en", "No, that's not my problem.", "That's not my problem."),
        ("en", "I like that kind of plan.", "I like that kind of plan."),
        ("en", "It was very very late.", "It was very very late."),
        ("en", "five five five oh one", "Five five five oh one"),
        ("ko", "어 그러면 음 내일 보내 드릴게요.", "내일 보내 드릴게요."),
        ("ko", "저 지금 운전 중인데요.", "저 지금 운전 중인데요."),
        ("ko", "그 카드 말고 저, 다른 카드요.", "그 카드 말고 다른 카드요."),
        ("ko", "네, 확인해 드렸습니다.", "확인해 드렸습니다."),
        ("ko", "안 보냈어요.", "안 보냈어요."),
        ("en", "Uh.", "Uh."),
    ],
)
def test_fillers_go_and_meaning_stays(language: str, spoken: str, line: str) -> None:
    assert readable(spoken, language) == line


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "I'll ring you by Thursday.", "by Thursday"),
        ("en", "It takes three to five business days.", "three to five business days"),
        ("en", "Bring the second key.", None),
        ("en", "I'll see to it.", None),
        ("ko", "다음 주 화요일까지 알려 드릴게요.", "다음 주 화요일까지"),
        ("ko", "사십팔 시간 이내에 회신드리겠습니다.", "사십팔 시간 이내에"),
        ("ko", "연필만 가져오시면 돼요.", None),
        ("fr", "demain", None),
    ],
)
def test_day_is_quoted_only_where_one_is_said(language: str, text: str, day: str | None) -> None:
    assert day_in(text, language) == day


def test_long_sentence_is_cut_to_lines_without_losing_words() -> None:
    text = " ".join(["and then we went on, because it was"] * 12)
    parts = parts_of(text, "en")
    assert len(parts) > 1
    assert " ".join(parts) == text
    assert all(len(part.split()) <= MAX_WORDS["en"] for part in parts)


@pytest.mark.parametrize(
    ("language", "text", "expected", "absent"),
    [
        ("ko", "면제 코드로 취소 들어갔습니다", {"done_past", "acts"}, {"promise"}),
        ("ko", "둘 다 고쳐 놨습니다", {"done_auxiliary"}, {"promise"}),
        ("ko", "내일 전화드릴게요", {"promise", "contact", "day"}, {"done_past"}),
        ("ko", "제가 확인하겠습니다", {"promise"}, {"done_past"}),
        ("ko", "표가 있습니다", set(), {"done_past", "promise"}),
        ("en", "Ive put it on your file", {"done_perfect"}, {"refusal"}),
        ("en", "I've put it on your file", {"done_perfect"}, {"refusal"}),
        ("en", "You're all set.", {"done_set"}, {"promise"}),
        ("en", "I'm not able to lower it", {"refusal"}, {"done_perfect"}),
    ],
)
def test_signs_are_found_by_form(language: str, text: str, expected: set[str], absent: set[str]) -> None:
    found = signs(text, language)
    assert expected <= found
    assert not absent & found
