"""A transcription as server-sent events, as OpenAI sends them: data lines only, each an object with its ``type``.

transcript.text.delta     a turn, as soon as the text of the call is known; ``text`` repeats the delta for clients of
                          speaches; with verbose_json the event also has the turn's segments and words
transcript.text.segment   with diarized_json, the turn with its speaker
transcript.text.done      the whole text; with verbose_json and diarized_json all of that answer
{"error": {...}}          instead of done; both official clients raise it

The graph hears a recording as a whole, so all deltas come when recognition and punctuation are done, before it is
found out what was meant; of a call that is redacted, at the end. Until then comments keep proxies from closing the
connection.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from callytics.api.openai.formats import body, diarized_segment, text_of, verbose
from callytics.api.openai.forms import TranscriptionForm, TranslationForm
from callytics.api.openai.waiting import Awaited
from callytics.errors import CallyticsError, problem_details

logger = logging.getLogger(__name__)


class TranscriptionStream(StreamingResponse):
    """Removes the call when the answer is over, also one that never began."""

    def __init__(
        self,
        request: Request,
        awaited: Awaited,
        form: TranscriptionForm | TranslationForm,
        heartbeat_s: float,
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        events = _events(request, awaited, form, heartbeat_s)
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._awaited = awaited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._awaited.remove()


async def _events(
    request: Request, awaited: Awaited, form: TranscriptionForm | TranslationForm, heartbeat_s: float
) -> AsyncIterator[bytes]:
    yield KEEPALIVE_COMMENT
    last_sent_s = time.monotonic()
    has_turns = False
    try:
        async for call in awaited.records(request):
            if not has_turns and (known := await awaited.spoken(call)) is not None:
                for event in turn_events(known, form):
                    yield _data(event)
                has_turns = True
            if time.monotonic() - last_sent_s >= heartbeat_s:
                yield KEEPALIVE_COMMENT
                last_sent_s = time.monotonic()
        result = await awaited.result()
        await awaited.remove()  # what the client is told is over leaves nothing behind
        for event in [*([] if has_turns else turn_events(result, form)), done_event(result, form)]:
            yield _data(event)
    except ClientDisconnect:
        return
    except CallyticsError as error:
        # The status was sent long ago. That it says 200 is why the clients look for "error".
        if error.http_status >= 500:
            logger.error("%s: %s: %s", request.url.path, error.code, error.message)
        await awaited.remove()
        described = problem_details(error.http_status, error.code, error.message, "", error.param)["error"]
        yield _data({"type": "error", "error": described})


def turn_events(result: dict[str, Any], form: TranscriptionForm | TranslationForm) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    num_segments = 0
    for n, turn in enumerate(result["transcript"]):
        delta = turn["content"] if n == 0 else f" {turn['content']}"
        event: dict[str, Any] = {"type": "transcript.text.delta", "delta": delta, "text": delta}
        if form.response_format == "verbose_json":
            part = verbose(result, [turn], form, num_segments)
            num_segments += len(part.get("segments", ()))
            seconds = (turn["end_offset_ms"] - turn["begin_offset_ms"]) / 1000
            event |= {**_for_speaches(part), "duration": seconds, "text": delta}
        if form.response_format == "diarized_json":
            event["segment_id"] = turn["id"]
            events += [event, diarized_segment(result, turn)]
        else:
            events.append(event)
    return events


def done_event(result: dict[str, Any], form: TranscriptionForm | TranslationForm) -> dict[str, Any]:
    """Without ``usage`` in json and text: in this event OpenAI counts tokens, which a call has none of."""
    whole = body(result, form) if form.response_format in ("verbose_json", "diarized_json") else {}
    if form.response_format == "verbose_json":
        whole = _for_speaches(whole)
    return {**whole, "type": "transcript.text.done", "text": text_of(result)}


def _for_speaches(verbose_answer: dict[str, Any]) -> dict[str, Any]:
    """OpenAI streams no verbose_json, so its shape here is that of speaches, whose clients require every key."""
    segments = [{**segment, "words": None} for segment in verbose_answer.get("segments", ())]
    return {"words": None, **verbose_answer, "segments": segments}


def _data(event: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(event, ensure_ascii=False))
