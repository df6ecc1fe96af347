from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.result.subtitles import Cue, SubtitleLimits, cues


def turn(words: list[tuple[str, int, int]], sentences: list[str] | None = None) -> dict[str, Any]:
    """A turn with the times of its words, in milliseconds."""
    items = [{"content": w, "begin_offset_ms": begin, "end_offset_ms": end} for w, begin, end in words]
    content = " ".join(word for word, _, _ in words)
    return {
        "content": content,
        "begin_offset_ms": words[0][1],
        "end_offset_ms": words[-1][2],
        "items": items,
        "sentences": [
            {"content": s, "begin_offset_ms": 0, "end_offset_ms": 1} for s in sentences or [content]
        ],
    }


def evenly(text: str, word_ms: int, begin_ms: int = 0) -> dict[str, Any]:
    return turn(
        [(w, begin_ms + n * word_ms, begin_ms + (n + 1) * word_ms) for n, w in enumerate(text.split())]
    )


def shown(turn: dict[str, Any], speaker: str = "AGENT", **limits: Any) -> list[Cue]:
    return cues([(speaker, turn)], SubtitleLimits(**limits), labelled=True)


ENGLISH = (
    "Well, the technician who came on Tuesday said that the router was fine, but the line outside the house "
    "has been damaged by the storm, and nobody has been back to look at it since then."
)
KOREAN = (
    "지난주 화요일에 오신 기사님께서는 공유기에는 문제가 없고 바깥에 있는 선이 태풍으로 "
    "손상되었다고 하셨는데 그 뒤로 아무도 안 오셨어요."
)


@pytest.mark.parametrize(("text", "width"), [(ENGLISH, 42), (KOREAN, 20)])
def test_long_turn_is_cut_to_two_lines_and_seven_seconds(text: str, width: int) -> None:
    found = shown(evenly(text, 400))
    assert " ".join(cue.text for cue in found) == text
    assert len(found) > 1
    for cue in found:
        first, *others = cue.lines
        assert len(others) <= 1
        assert all(len(line) <= width for line in (cue.label + first, *others))
        assert 1000 <= cue.end_ms - cue.begin_ms <= 7000


def test_cues_begin_with_their_first_word() -> None:
    found = shown(evenly(ENGLISH, 400))
    words = 0
    for cue in found:
        assert cue.begin_ms == words * 400
        words += len(cue.text.split())


def test_cut_falls_on_commas() -> None:
    found = shown(evenly(ENGLISH, 350), line_characters=60)
    assert [cue.text[-1] for cue in found] == [",", ",", "."]


def test_long_cue_is_cut_by_time_alone() -> None:
    found = shown(evenly("one two three four five six", 3000))
    assert all(cue.end_ms - cue.begin_ms <= 7000 for cue in found)
    assert len(found) == 3


def test_short_sentences_share_a_cue_and_longer_ones_do_not() -> None:
    short = turn([("네.", 0, 300), ("알겠습니다.", 350, 900), ("감사합니다.", 1200, 2600)])
    assert [cue.text for cue in shown(short)] == ["네. 알겠습니다.", "감사합니다."]


def test_short_cue_stays_a_second_where_the_next_leaves_it() -> None:
    first, second = evenly("Yes.", 200), evenly("Right, go on.", 600, begin_ms=5000)
    found = cues([("AGENT", first), ("CUSTOMER", second)], labelled=True)
    assert (found[0].begin_ms, found[0].end_ms) == (0, 1000)
    second = evenly("Right, go on.", 600, begin_ms=500)
    found = cues([("AGENT", first), ("CUSTOMER", second)], labelled=True)
    assert (found[0].begin_ms, found[0].end_ms) == (0, 500)


def test_corrected_words_get_times_by_their_length() -> None:
    corrected = turn([("hallo", 0, 500), ("wrld", 500, 1000)])
    corrected["sentences"] = [{"content": "Hello there world.", "begin_offset_ms": 0, "end_offset_ms": 1000}]
    (cue,) = shown(corrected)
    assert (cue.text, cue.begin_ms, cue.end_ms) == ("Hello there world.", 0, 1000)


def test_word_without_spaces_is_cut_and_loses_nothing() -> None:
    found = shown(turn([("가" * 90, 0, 9000)]))
    assert "".join(cue.text.replace(" ", "") for cue in found) == "가" * 90
    assert all(len(line) <= 20 for cue in found for line in cue.lines)


def test_long_name_leaves_half_of_the_line() -> None:
    (cue,) = shown(evenly("Good morning.", 500), speaker="A" * 90)
    assert len(cue.label) <= 21
    assert cue.label.endswith("…: ")


@given(
    st.lists(
        st.tuples(st.text("가나다ab.,", min_size=1, max_size=30), st.integers(0, 9000)),
        min_size=1,
        max_size=40,
    ),
    st.integers(10, 60),
    st.integers(1, 3),
)
def test_no_word_is_lost_and_no_line_too_long(words: list[tuple[str, int]], width: int, lines: int) -> None:
    ends = list(itertools.accumulate(duration for _, duration in words))
    timed = [(w, end - duration, end) for (w, duration), end in zip(words, ends, strict=True)]
    found = shown(turn(timed), line_characters=width, lines=lines)
    assert "".join(cue.text for cue in found).replace(" ", "") == "".join(word for word, _ in words)
    for cue in found:
        assert len(cue.lines) <= lines
        assert len(cue.label + cue.lines[0]) <= width
        assert all(len(line) <= width for line in cue.lines)
        assert 0 < cue.end_ms - cue.begin_ms <= 7000
