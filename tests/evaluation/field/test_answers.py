"""The checks of exports, search and clients' answers: a right answer passes, a planted wrong one does not."""

from __future__ import annotations

import pytest

from evaluation.field import answers

WHOLE = dict.fromkeys(answers.SEGMENT_FIELDS, 0)


def srt(*lines: str, end: str = "00:00:04,000") -> str:
    return "1\n00:00:01,000 --> " + end + "\n" + "\n".join(lines) + "\n"


def test_csv_without_a_byte_order_mark_is_found() -> None:
    table = b"a,b\n1,2\n"
    assert answers.excel_csv(answers.BYTE_ORDER_MARK + table) == []
    assert answers.excel_csv(table) == ["no byte order mark"]
    assert answers.excel_csv(answers.BYTE_ORDER_MARK + b"a,b\n1,2,3\n")


@pytest.mark.parametrize(
    "wrong",
    [
        srt("x" * 43),
        srt("가" * 21),
        srt("one", "two", "three"),
        srt("short", end="00:00:01,500"),
        srt("long", end="00:00:08,500"),
        "WEBVTT\n",
        "",
    ],
)
def test_cue_beyond_the_limits_is_found(wrong: str) -> None:
    assert answers.readable_cues(wrong)


@pytest.mark.parametrize(
    "right", [srt("x" * 42, "y" * 42), srt("가" * 20), srt("<v AGENT>" + "x" * 42 + "</v>")]
)
def test_cue_within_the_limits_passes(right: str) -> None:
    assert answers.readable_cues(right) == []


def test_query_that_misses_or_hits_wrongly_is_found() -> None:
    assert answers.finds({"휴일을": ["a"]}, "a") == []
    assert answers.finds({"휴일을": ["b"]}, "a") == ["휴일을 does not find it"]
    assert answers.finds_not({"환불": ["a"]}, "a") == ["환불 finds it"]


def test_answers_without_words_or_fields_are_found() -> None:
    assert answers.has_words({"words": []}, "bare")
    assert answers.has_words({"words": [{"word": "a"}]}, "bare") == []
    assert answers.whole_segments({"segments": [WHOLE]}) == []
    assert answers.whole_segments({"segments": [WHOLE | {"no_speech_prob": None}]}) == [
        "segments without no_speech_prob"
    ]
    assert answers.whole_segments({"segments": []})


def test_status_and_name_are_compared() -> None:
    assert answers.status(422, 202, what="language='EN'") == ["language='EN': 422 instead of 202"]
    assert answers.status(202, 202) == []
    assert answers.is_named("__.wav", "상담.wav", "filename*")
    assert answers.is_named("상담.wav", "상담.wav", "filename*") == []


def test_marks_of_a_format_that_are_not_escaped_are_found() -> None:
    vtt, cell = "00:00.000 --> 00:01.000\nAT&amp;T &lt;b&gt;\n", "id\n'=1+1\n"
    assert answers.escaped(vtt, srt("a -> b"), cell) == []
    assert len(answers.escaped("<b>AT&T</b>", srt("a --> b"), "id\n=1+1\n")) == 3
