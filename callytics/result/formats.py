"""A result (result.md, as a JSON object) in the formats that other programs read.

txt   one line a turn: [mm:ss] NAME, else ROLE: what was said
srt   SubRip subtitles          vtt   WebVTT (https://www.w3.org/TR/webvtt1/), speakers as voice spans
rttm  NIST Rich Transcription Time Marked: who spoke when
csv   one row a turn, RFC 4180  json  the transcript with its participants
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callytics.errors import InvalidRequestError

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Cue:
    begin_ms: int
    end_ms: int
    speaker: str
    text: str


def export(result: Result, transcript_format: str) -> str:
    """The transcript of a result as text.

    Args:
        result: the JSON object of a result, e.g. ``CallResult.model_dump(mode="json")``.
        transcript_format: json, txt, srt, vtt, rttm or csv.

    Raises:
        InvalidRequestError: ``format_unknown``.
    """
    if transcript_format not in FORMATS:
        raise InvalidRequestError(
            "format_unknown", f"No transcript format {transcript_format!r}; there are {', '.join(FORMATS)}."
        )
    return FORMATS[transcript_format](result)


def to_json(result: Result) -> str:
    parts = {name: result[name] for name in ("call_id", "language_code", "participants", "transcript")}
    return json.dumps(parts, ensure_ascii=False, indent=2) + "\n"


def to_txt(result: Result) -> str:
    names = _names(result)
    return "".join(
        f"[{_clock(turn['begin_offset_ms'])}] {_speaker(turn, names)}: {_one_line(turn['content'])}\n"
        for turn in result["transcript"]
    )


def to_srt(result: Result) -> str:
    blocks = [
        f"{number}\n{_timestamp(cue.begin_ms, ',')} --> {_timestamp(cue.end_ms, ',')}\n"
        + f"{cue.speaker}: {cue.text}\n".replace("-->", "->")
        for number, cue in enumerate(cues(result), start=1)
    ]
    return "\n".join(blocks)


def to_vtt(result: Result) -> str:
    blocks = [
        f"{_timestamp(cue.begin_ms, '.')} --> {_timestamp(cue.end_ms, '.')}\n"
        f"<v {_escape(cue.speaker)}>{_escape(cue.text)}</v>\n"
        for cue in cues(result)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def to_rttm(result: Result) -> str:
    """Speakers are participant ids; the times are those of the turns, the channel is always 1, as pyannote writes."""
    return "".join(
        f"SPEAKER {result['call_id']} 1 {turn['begin_offset_ms'] / 1000:.3f} {_duration_ms(turn) / 1000:.3f}"
        f" <NA> <NA> {turn['participant_id']} <NA> <NA>\n"
        for turn in result["transcript"]
    )


def to_csv(result: Result) -> str:
    """A cell that a spreadsheet would run as a formula is preceded by an apostrophe (OWASP, CSV injection)."""
    columns = (
        "id",
        "participant_id",
        "participant_role",
        "begin_offset_ms",
        "end_offset_ms",
        "content",
        "confidence",
        "sentiment",
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for turn in result["transcript"]:
        writer.writerow([_cell(turn.get(column)) for column in columns])
    return text.getvalue()


def cues(result: Result) -> Iterator[Cue]:
    """One cue a sentence, or a turn where there are none, in order of begin; each lasts at least a millisecond."""
    found = []
    names = _names(result)
    for turn in result["transcript"]:
        for part in turn.get("sentences") or [turn]:
            text = _one_line(part["content"])
            if text:
                begin_ms = max(0, part["begin_offset_ms"])
                found.append(
                    Cue(begin_ms, max(part["end_offset_ms"], begin_ms + 1), _speaker(turn, names), text)
                )
    yield from sorted(found, key=lambda cue: (cue.begin_ms, cue.end_ms))


def _names(result: Result) -> Mapping[str, str]:
    """Participant id and the name that somebody gave it. A result from before there were names has none."""
    named = ((p["participant_id"], p.get("name")) for p in result["participants"])
    return {participant_id: _one_line(name) for participant_id, name in named if name}


def _speaker(turn: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The name that was given by hand, else the role, else the id."""
    if turn["participant_id"] in names:
        return names[turn["participant_id"]]
    role = turn["participant_role"]
    return str(turn["participant_id"] if role in ("UNKNOWN", "OTHER") else role)


def _duration_ms(turn: Mapping[str, Any]) -> int:
    return max(0, int(turn["end_offset_ms"] - turn["begin_offset_ms"]))


def _one_line(text: str) -> str:
    """Without line breaks and control characters, which would end a cue."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text).split())


def _clock(offset_ms: int) -> str:
    minutes, seconds = divmod(offset_ms // 1000, 60)
    return f"{minutes:02}:{seconds:02}"


def _timestamp(offset_ms: int, separator: str) -> str:
    seconds, milliseconds = divmod(offset_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{separator}{milliseconds:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cell(value: Any) -> Any:
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


FORMATS: Mapping[str, Callable[[Result], str]] = {
    "json": to_json,
    "txt": to_txt,
    "srt": to_srt,
    "vtt": to_vtt,
    "rttm": to_rttm,
    "csv": to_csv,
}

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "rttm": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
