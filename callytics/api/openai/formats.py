"""A result of ours in OpenAI's response formats.

Fields of a verbose_json segment, all of which OpenAI's schema requires:

id, start, end, text    a sentence of the transcript
seek                    its begin in frames of 10 ms, Whisper's unit
temperature             0: the recogniser searches, it never samples
avg_logprob             the recogniser's, of the window in which it heard the sentence; where an engine does not tell
                        it, the mean logarithm of the words' confidences
no_speech_prob          likewise; 0 where an engine does not tell it
compression_ratio       of the text, computed as Whisper does
tokens                  empty: after punctuation and spacing the text no longer consists of the recogniser's tokens
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse

from callytics.api.openai.forms import TranscriptionForm, TranslationForm
from callytics.domain import Task
from callytics.options.languages import LANGUAGES
from callytics.result.formats import export

Result = Mapping[str, Any]
Turn = Mapping[str, Any]

MEDIA_TYPES = {"srt": "text/plain", "vtt": "text/vtt"}
"""As OpenAI answers; the charset is added. (/v1/calls/{id}/transcript says application/x-subrip.)"""


def render(result: Result, form: TranscriptionForm | TranslationForm) -> Response:
    match form.response_format:
        case "text":
            return PlainTextResponse(text_of(result) + "\n")
        case "srt" | "vtt":
            content = export(result, form.response_format)
            return Response(content, media_type=MEDIA_TYPES[form.response_format])
        case _:
            return JSONResponse(body(result, form))


def body(result: Result, form: TranscriptionForm | TranslationForm) -> dict[str, Any]:
    """What json, verbose_json and diarized_json answer."""
    text, usage = text_of(result), {"type": "duration", "seconds": duration_s(result)}
    match form.response_format:
        case "verbose_json":
            return {
                **verbose(result, result["transcript"], form),
                "duration": duration_s(result),
                "usage": usage,
            }
        case "diarized_json":
            segments = [diarized_segment(result, turn) for turn in result["transcript"]]
            return {
                "task": form.task.value,
                "duration": duration_s(result),
                "text": text,
                "segments": segments,
                "usage": usage,
            }
        case _ if form.task is Task.TRANSLATE:
            return {"text": text}
        case _:
            return {"text": text, "usage": usage}


def text_of(result: Result) -> str:
    return " ".join(turn["content"] for turn in result["transcript"])


def duration_s(result: Result) -> float:
    return float(result["media"]["duration_ms"] / 1000)


def verbose(
    result: Result, turns: list[Turn], form: TranscriptionForm | TranslationForm, first_id: int = 0
) -> dict[str, Any]:
    """An answer in verbose_json for some turns, without the length of the recording."""
    wanted = form.timestamp_granularities or ["segment"]
    answer: dict[str, Any] = {
        "task": form.task.value,
        "language": LANGUAGES.get(result["language_code"], result["language_code"]),
        "text": " ".join(turn["content"] for turn in turns),
    }
    if "segment" in wanted:
        answer["segments"] = [{"id": first_id + n, **part} for n, part in enumerate(_segments(result, turns))]
    if "word" in wanted:
        answer["words"] = [
            {"word": item["content"], **_span(item)} for turn in turns for item in turn["items"]
        ]
    return answer


def diarized_segment(result: Result, turn: Turn) -> dict[str, Any]:
    """OpenAI calls unknown speakers A, B ...; here agent and customer are known, which tells more."""
    names = {party["participant_id"]: party.get("name") for party in result["participants"]}
    role = turn["participant_role"]
    speaker = turn["participant_id"] if role in ("UNKNOWN", "OTHER") else role.lower()
    return {
        "type": "transcript.text.segment",
        "id": turn["id"],
        **_span(turn),
        "speaker": names.get(turn["participant_id"]) or speaker,
        "text": turn["content"],
    }


def _segments(result: Result, turns: list[Turn]) -> Iterator[dict[str, Any]]:
    """Sentences, or turns where there are none."""
    for turn in turns:
        for part in turn["sentences"] or [turn]:
            encoded = part["content"].encode()
            window = _window(result, turn, part)
            yield {
                "seek": part["begin_offset_ms"] // 10,
                **_span(part),
                "text": part["content"],
                "tokens": [],
                "temperature": 0.0,
                "avg_logprob": window["avg_logprob"] if window else _mean_logarithm(turn, part),
                "compression_ratio": round(len(encoded) / len(zlib.compress(encoded)), 4),
                "no_speech_prob": window["no_speech_prob"] if window else 0.0,
            }


def _window(result: Result, turn: Turn, part: Mapping[str, Any]) -> dict[str, Any] | None:
    """The window of the recogniser in which the middle of a sentence lies, on its party's channel."""
    middle_ms = (part["begin_offset_ms"] + part["end_offset_ms"]) / 2
    for window in result.get("recognition_windows", ()):
        is_party = window["participant_id"] in (None, turn["participant_id"])
        if is_party and window["begin_offset_ms"] <= middle_ms <= window["end_offset_ms"]:
            return dict(window)
    return None


def _mean_logarithm(turn: Turn, part: Mapping[str, Any]) -> float:
    begin, end = part["begin_offset_ms"], part["end_offset_ms"]
    words = [item for item in turn["items"] if begin <= item["begin_offset_ms"] < max(end, begin + 1)]
    logarithms = [math.log(max(item["confidence"], 1e-6)) for item in words or turn["items"]]
    return round(sum(logarithms) / len(logarithms), 4) if logarithms else 0.0


def _span(part: Mapping[str, Any]) -> dict[str, float]:
    return {"start": part["begin_offset_ms"] / 1000, "end": part["end_offset_ms"] / 1000}
