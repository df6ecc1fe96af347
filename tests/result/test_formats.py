from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.errors import InvalidRequestError
from callytics.result.formats import FORMATS, MEDIA_TYPES, cues, encoded, export
from tests.store.samples import result_json

RESULT: dict[str, Any] = json.loads(result_json("call1"))


def turn(content: str, begin_ms: int, end_ms: int, role: str = "AGENT") -> dict[str, Any]:
    return {
        "id": "t1",
        "participant_id": "spk_0",
        "participant_role": role,
        "begin_offset_ms": begin_ms,
        "end_offset_ms": end_ms,
        "content": content,
        "confidence": 0.9,
    }


def result_of(*turns: dict[str, Any]) -> dict[str, Any]:
    return {"call_id": "c1", "language_code": "ko", "participants": [], "transcript": list(turns)}


TURNS = st.lists(
    st.builds(
        lambda content, begin, length, role: turn(content, begin, begin + length, role),
        st.text(max_size=40),
        st.integers(0, 20_000_000),
        st.integers(0, 60_000),
        st.sampled_from(["AGENT", "CUSTOMER", "UNKNOWN"]),
    ),
    max_size=8,
)


def test_result_is_exported_to_every_format() -> None:
    assert export(RESULT, "txt").splitlines()[1] == "[00:03] CUSTOMER: 어제 산 신발 환불을 받고 싶어요"
    assert export(RESULT, "srt").startswith("1\n00:00:00,500 --> 00:00:03,000\nAGENT: 안녕하세요")
    assert "\n\n00:00:03.200 --> 00:00:06.000\n<v CUSTOMER>어제" in export(RESULT, "vtt")
    assert export(RESULT, "rttm").splitlines()[0] == "SPEAKER call1 1 0.500 2.500 <NA> <NA> spk_0 <NA> <NA>"
    assert len(json.loads(export(RESULT, "json"))["transcript"]) == 4
    rows = list(csv.DictReader(io.StringIO(export(RESULT, "csv"))))
    assert [row["participant_role"] for row in rows] == ["AGENT", "CUSTOMER", "AGENT", "CUSTOMER"]
    assert set(MEDIA_TYPES) == set(FORMATS)


def test_unknown_formats_are_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="there are json"):
        export(RESULT, "docx")


def test_sentences_become_cues() -> None:
    long = turn("하나. 둘.", 0, 2000)
    long["sentences"] = [
        {"content": "하나.", "begin_offset_ms": 0, "end_offset_ms": 900},
        {"content": "둘.", "begin_offset_ms": 1000, "end_offset_ms": 2000},
    ]
    assert [(cue.begin_ms, cue.text) for cue in cues(result_of(long))] == [(0, "하나."), (1000, "둘.")]


def test_markup_and_arrows_in_speech_are_escaped() -> None:
    hostile = result_of(turn("1\n\n2\n00:00:00,000 --> 00:00:09,000\n<script>&", 0, 1000))
    assert len(re.findall("-->", export(hostile, "srt"))) == 1
    assert export(hostile, "srt").count("\n\n") == 0
    assert "&lt;script&gt;&amp;" in export(hostile, "vtt")
    assert len(re.findall("-->", export(hostile, "vtt"))) == 1


@pytest.mark.parametrize("content", ["=1+1", "+82", "-네", "@me", "＝SUM(1)"])
def test_no_cell_is_a_formula(content: str) -> None:
    (row,) = csv.DictReader(io.StringIO(export(result_of(turn(content, 0, 1)), "csv")))
    assert row["content"] == f"'{content}"


@pytest.mark.parametrize(("name", "first_bytes"), [("csv", b"\xef\xbb\xbfid,"), ("srt", b"1\n")])
def test_only_csv_starts_with_a_byte_order_mark_by_default(name: str, first_bytes: bytes) -> None:
    assert encoded(export(RESULT, name), name).startswith(first_bytes)
    assert not encoded(export(RESULT, name), name, "utf-8").startswith(b"\xef")


def test_cp949_is_rejected_if_it_lacks_a_character() -> None:
    text = export(result_of(turn("네, 환불", 0, 1)), "csv")
    assert encoded(text, "csv", "cp949").decode("cp949") == text
    with pytest.raises(InvalidRequestError, match="'😀', which cp949 cannot write"):
        encoded("😀", "csv", "cp949")
    with pytest.raises(InvalidRequestError, match="there are utf-8"):
        encoded("x", "csv", "latin-1")


def test_clock_of_text_has_hours_after_the_first() -> None:
    result = result_of(turn("네", 3_599_000, 3_600_000), turn("네", 4_505_000, 4_506_000))
    assert [line.split("]")[0] for line in export(result, "txt").splitlines()] == ["[59:59", "[1:15:05"]


def test_subtitle_times_have_hours() -> None:
    assert "03:00:00,001 --> 03:00:01,001" in export(result_of(turn("네", 10_800_001, 10_801_000)), "srt")


def milliseconds(stamp: str) -> int:
    hours, minutes, rest = stamp.split(":")
    seconds, millis = re.split("[,.]", rest)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(millis)


@given(TURNS)
def test_subtitles_are_well_formed_for_any_text(turns: list[dict[str, Any]]) -> None:
    result = result_of(*turns)
    expected = cues(result, labelled=True)
    unlabelled = cues(result)
    srt = [block.split("\n") for block in export(result, "srt").removesuffix("\n").split("\n\n") if block]
    head, *vtt = export(result, "vtt").removesuffix("\n").split("\n\n")
    assert head.strip() == "WEBVTT"
    assert all(3 <= len(block) <= 4 for block in srt)
    assert [block[0] for block in srt] == [str(n + 1) for n in range(len(expected))]
    for blocks, of in (
        ([block[1] for block in srt], expected),
        ([b.split("\n")[0] for b in vtt], unlabelled),
    ):
        times = [tuple(milliseconds(stamp) for stamp in line.split(" --> ")) for line in blocks]
        assert times == [(cue.begin_ms, cue.end_ms) for cue in of]
        assert all(begin < end for begin, end in times)
        assert [begin for begin, _ in times] == sorted(begin for begin, _ in times)


@given(TURNS)
def test_csv_and_rttm_keep_every_turn(turns: list[dict[str, Any]]) -> None:
    result = result_of(*turns)
    rows = list(csv.DictReader(io.StringIO(export(result, "csv"), newline="")))
    assert [row["content"].removeprefix("'") for row in rows] == [
        turn["content"].removeprefix("'") for turn in turns
    ]
    lines = export(result, "rttm").splitlines()
    assert [len(line.split()) for line in lines] == [10] * len(turns)
    assert len(export(result, "txt").splitlines()) == len(turns)


def test_exports_write_numbers_by_option() -> None:
    result = result_of(turn("오십육만 칠천 원이요", 0, 1000))
    assert "오십육만 칠천 원이요" in export(result, "txt")
    assert export(result, "txt", written=True) == "[00:00] AGENT: 567,000원이요\n"
    (row,) = csv.DictReader(io.StringIO(export(result, "csv", written=True)))
    assert (row["content"], row["written"]) == ("오십육만 칠천 원이요", "567,000원이요")
    assert "written" not in export(result, "csv")
    (entry,) = json.loads(export(result, "json", written=True))["transcript"]
    assert (entry["content"], entry["written"]) == ("오십육만 칠천 원이요", "567,000원이요")


@pytest.mark.parametrize("name", ["srt", "vtt", "rttm"])
def test_written_forms_have_no_times_for_subtitles(name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        export(result_of(turn("삼만 원", 0, 1000)), name, written=True)
    assert caught.value.code == "written_without_times"
