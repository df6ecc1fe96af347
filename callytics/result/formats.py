"""Exports a result (result.md, as a JSON object) to the formats of other programs.

txt   one line per turn: [mm:ss] NAME, else ROLE: text
srt   SubRip subtitles          vtt   WebVTT (https://www.w3.org/TR/webvtt1/), speakers as voice spans
rttm  NIST Rich Transcription Time Marked: who spoke when
csv   one row per turn, RFC 4180  json  the transcript with its participants
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from callytics.errors import InvalidRequestError
from callytics.result import subtitles
from callytics.result.subtitles import Cue, SubtitleLimits, one_line
from callytics.written_forms import written as written_form

Result = Mapping[str, Any]


WRITTEN_FORMATS = ("txt", "csv", "json")

CSV_COLUMNS = (
    "id",
    "participant_id",
    "participant_role",
    "begin_offset_ms",
    "end_offset_ms",
    "content",
    "confidence",
    "sentiment",
    "language_code",
)

ENCODINGS = ("utf-8", "utf-8-sig", "cp949")
"""UTF-8 without and with a byte order mark, and the code page of Korean Windows."""


def export(
    result: Result, transcript_format: str, limits: SubtitleLimits | None = None, *, written: bool = False
) -> str:
    """The transcript of a result as text.

    Args:
        result: the JSON object of a result, e.g. ``CallResult.model_dump(mode="json")``.
        transcript_format: json, txt, srt, vtt, rttm or csv.
        limits: limits for srt and vtt.
        written: numbers, dates and amounts in written form: instead of the words in txt, beside them in csv and json.

    Raises:
        InvalidRequestError: ``format_unknown``; ``written_without_times``: subtitles and rttm follow the times of
            spoken words.
    """
    if transcript_format not in FORMATS:
        raise InvalidRequestError(
            "format_unknown", f"No transcript format {transcript_format!r}; there are {', '.join(FORMATS)}."
        )
    if written:
        if transcript_format not in WRITTEN_FORMATS:
            raise InvalidRequestError(
                "written_without_times",
                f"{transcript_format} follows the times of spoken words, which written forms do not have; take "
                f"{', '.join(WRITTEN_FORMATS)}.",
                "written",
            )
        turns = [turn | {"written": written_form(turn["content"])} for turn in result["transcript"]]
        result = {**result, "transcript": turns}
        if transcript_format == "csv":
            return _csv(result, (*CSV_COLUMNS, "written"))
        if transcript_format == "txt":
            result = {**result, "transcript": [turn | {"content": turn["written"]} for turn in turns]}
    return FORMATS[transcript_format](result, limits or SubtitleLimits())


def encoded(text: str, transcript_format: str, encoding: str | None = None) -> bytes:
    """An exported transcript as a file.

    Raises:
        InvalidRequestError: ``encoding_unknown``; ``encoding_impossible``: the transcript has a character that the
            encoding lacks. It is not replaced by a question mark.
    """
    encoding = encoding or default_encoding(transcript_format)
    if encoding not in ENCODINGS:
        raise InvalidRequestError(
            "encoding_unknown", f"No encoding {encoding!r}; there are {', '.join(ENCODINGS)}.", "encoding"
        )
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise InvalidRequestError(
            "encoding_impossible",
            f"The transcript has {character!r}, which {encoding} cannot write; take utf-8 or utf-8-sig.",
            "encoding",
        ) from error


def default_encoding(transcript_format: str) -> str:
    """Excel reads a CSV without a byte order mark in the code page of Windows."""
    return "utf-8-sig" if transcript_format == "csv" else "utf-8"


def to_json(result: Result, _limits: SubtitleLimits) -> str:
    parts = {name: result[name] for name in ("call_id", "language_code", "participants", "transcript")}
    return json.dumps(parts, ensure_ascii=False, indent=2) + "\n"


def to_txt(result: Result, _limits: SubtitleLimits) -> str:
    names = _names(result)
    return "".join(
        f"[{_clock(turn['begin_offset_ms'])}] {_speaker(turn, names)}: {one_line(turn['content'])}\n"
        for turn in result["transcript"]
    )


def to_srt(result: Result, limits: SubtitleLimits) -> str:
    blocks = []
    for number, cue in enumerate(cues(result, limits, labelled=True), start=1):
        times = f"{_timestamp(cue.begin_ms, ',')} --> {_timestamp(cue.end_ms, ',')}"
        text = (cue.label + "\n".join(cue.lines)).replace("-->", "->")
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)


def to_vtt(result: Result, limits: SubtitleLimits) -> str:
    blocks = [
        f"{_timestamp(cue.begin_ms, '.')} --> {_timestamp(cue.end_ms, '.')}\n"
        f"<v {_escape(cue.speaker)}>{_escape(chr(10).join(cue.lines))}</v>\n"
        for cue in cues(result, limits, labelled=False)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def to_rttm(result: Result, _limits: SubtitleLimits) -> str:
    """Speakers are participant ids, the times are those of the turns, and the channel is always 1, as in pyannote."""
    return "".join(
        f"SPEAKER {result['call_id']} 1 {turn['begin_offset_ms'] / 1000:.3f} {_duration_ms(turn) / 1000:.3f}"
        f" <NA> <NA> {turn['participant_id']} <NA> <NA>\n"
        for turn in result["transcript"]
    )


def to_csv(result: Result, _limits: SubtitleLimits) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection); this
    includes full-width signs, which Excel reads as their ASCII forms."""
    return _csv(result, CSV_COLUMNS)


def _csv(result: Result, columns: tuple[str, ...]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for turn in result["transcript"]:
        writer.writerow([spreadsheet_cell(turn.get(column)) for column in columns])
    return text.getvalue()


def cues(result: Result, limits: SubtitleLimits | None = None, *, labelled: bool = False) -> list[Cue]:
    """Subtitles of a result; see callytics/result/subtitles.py."""
    names = _names(result)
    turns = [(_speaker(turn, names), turn) for turn in result["transcript"]]
    return subtitles.cues(turns, limits or SubtitleLimits(), labelled=labelled)


def _names(result: Result) -> Mapping[str, str]:
    """Names by participant id. Results of versions without names have none."""
    named = ((p["participant_id"], p.get("name")) for p in result["participants"])
    return {participant_id: one_line(name) for participant_id, name in named if name}


def _speaker(turn: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The name, else the role, else the id."""
    if turn["participant_id"] in names:
        return names[turn["participant_id"]]
    role = turn["participant_role"]
    return str(turn["participant_id"] if role in ("UNKNOWN", "OTHER") else role)


def _duration_ms(turn: Mapping[str, Any]) -> int:
    return max(0, int(turn["end_offset_ms"] - turn["begin_offset_ms"]))


def _clock(offset_ms: int) -> str:
    minutes, seconds = divmod(offset_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _timestamp(offset_ms: int, separator: str) -> str:
    seconds, milliseconds = divmod(offset_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{separator}{milliseconds:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def spreadsheet_cell(value: Any) -> Any:
    """Escape a value that starts like a formula, so that no spreadsheet runs it."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith((*"=+-@＝＋－＠", "\t", "\r")) else value
    )


FORMATS: Mapping[str, Callable[[Result, SubtitleLimits], str]] = {
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
