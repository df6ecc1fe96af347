"""The checks of what is not a result: lists, exports, subtitles, answers in OpenAI's form. As judges.py, pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from evaluation.field.judges import Problems

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEGMENT_FIELDS = (
    "id",
    "seek",
    "start",
    "end",
    "text",
    "tokens",
    "temperature",
    "avg_logprob",
    "compression_ratio",
    "no_speech_prob",
)
_CUE = re.compile(r"(\d+):(\d+):(\d+)[,.](\d+) --> (\d+):(\d+):(\d+)[,.](\d+)")
_VOICE = re.compile(r"</?v\b[^>]*>")
"""WebVTT's mark of who speaks, which a player does not show in the line."""
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
LINE_CHARACTERS, LINE_CHARACTERS_HANGUL, LINES, CUE_S = 42, 20, 2, (1.0, 7.0)


def status(got: int, *right: int, what: str = "answer") -> Problems:
    return [] if got in right else [f"{what}: {got} instead of {' or '.join(map(str, right))}"]


def excel_csv(content: bytes) -> Problems:
    """Excel takes it for UTF-8, and it has a row per turn."""
    problems = [] if content.startswith(BYTE_ORDER_MARK) else ["no byte order mark"]
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    if len(rows) < 2 or len({len(row) for row in rows}) != 1:
        problems.append(f"{len(rows)} rows of {sorted({len(row) for row in rows})} cells")
    return problems


def readable_cues(subtitles: str) -> Problems:
    """At most two lines of 42 characters (20 with Hangul), a second to seven each."""
    problems: Problems = []
    found = 0
    for block in re.split(r"\n\s*\n", subtitles.strip()):
        lines = block.splitlines()
        times = [(n, match) for n, line in enumerate(lines) if (match := _CUE.search(line))]
        if not times:
            continue
        found += 1
        row, match = times[0]
        numbers = [int(part) for part in match.groups()]
        begin_s, end_s = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (numbers[:4], numbers[4:]))
        text = [_VOICE.sub("", line) for line in lines[row + 1 :]]
        limit = LINE_CHARACTERS_HANGUL if _HANGUL.search(" ".join(text)) else LINE_CHARACTERS
        longest = max(map(len, text), default=0)
        if len(text) > LINES or longest > limit:
            problems.append(f"{begin_s:.1f} s: {len(text)} lines, the longest of {longest} characters")
        if not CUE_S[0] - 0.001 <= end_s - begin_s <= CUE_S[1] + 0.001:
            problems.append(f"{begin_s:.1f} s: {end_s - begin_s:.1f} s long")
    return problems if found else ["no cue"]


def finds(found: Mapping[str, Collection[str]], call_id: str) -> Problems:
    """Query -> ids of the calls found; each must have found the call."""
    return [f"{query} does not find it" for query, ids in found.items() if call_id not in ids]


def finds_not(found: Mapping[str, Collection[str]], call_id: str) -> Problems:
    return [f"{query} finds it" for query, ids in found.items() if call_id in ids]


def has_words(answer: Mapping[str, Any], how: str) -> Problems:
    return [] if answer.get("words") else [f"{how}: no words"]


def whole_segments(answer: Mapping[str, Any]) -> Problems:
    """Each segment has the ten fields that OpenAI's schema requires, none of them null."""
    segments: Sequence[Mapping[str, Any]] = answer.get("segments") or []
    if not segments:
        return ["no segments"]
    missing = sorted({name for segment in segments for name in SEGMENT_FIELDS if segment.get(name) is None})
    return [f"segments without {', '.join(missing)}"] if missing else []


def is_named(got: str, name: str, how: str) -> Problems:
    return [] if got == name else [f"{how}: the call is named {got!r}"]


def escaped(vtt: str, srt: str, table: str) -> Problems:
    """Text with marks of a format stays text: markup, time lines and formulas."""
    problems = []
    if "<b>" in vtt or "AT&T" in vtt.replace("AT&amp;T", ""):
        problems.append("VTT: markup is not escaped")
    if srt.count(" --> ") != len(_CUE.findall(srt)):
        problems.append("SRT: an arrow in the text looks like a time line")
    cells = [cell for row in csv.reader(io.StringIO(table.removeprefix("\ufeff"))) for cell in row]
    if any(cell.startswith(("=", "+", "@")) for cell in cells):
        problems.append("CSV: a cell begins as a formula")
    return problems
