"""A call that a client waits for. When it has ended it is deleted, whatever its outcome."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from callytics.api.auth import RIGHT_CHECKED_EVERY_S, still_may
from callytics.api.services import Services
from callytics.domain import Conversation, StageStatus, Task, Transcript
from callytics.errors import (
    CallyticsError,
    InvalidMediaError,
    InvalidRequestError,
    NotFoundError,
    StageError,
    UnauthorizedError,
    UnavailableError,
)
from callytics.pipeline import roles
from callytics.result.build import spoken
from callytics.store import FINISHED, WITH_RESULT, CallRecord, CallStore, JobStatus

_REFUSED = {
    "language_unknown": "language",
    "translation_unsupported": None,
    "known_speakers_unsupported": "known_speaker_references",
    "known_speaker_inaudible": "known_speaker_references",
}
"""Codes of stages that refuse what was asked for, and the field that asked."""


async def _check_right(request: Request) -> None:
    """
    Raises:
        UnauthorizedError: the key was revoked or has expired since, or may do less.
    """
    if not await still_may(request, "calls:write"):
        raise UnauthorizedError(
            "api_key_invalid", "This API key was revoked, has expired, or lost its right meanwhile."
        )


_SPOKEN_STAGES = {"speech-recognizer", "punctuation-restorer"}


class Awaited:
    """The call of one request."""

    def __init__(self, services: Services, call_id: str, actor: str) -> None:
        self._services = services
        self.call_id = call_id
        self._actor = actor

    async def records(self, request: Request) -> AsyncIterator[CallRecord]:
        """The current record of the call, repeatedly until it has a result.

        Raises:
            CallyticsError: it failed or was cancelled, or it takes too long.
            ClientDisconnect: the client no longer waits.
        """
        settings = self._services.settings
        checked_s = time.monotonic()
        deadline_s = checked_s + settings.transcription_timeout_s
        while (call := await self._services.store(CallStore.get_call, self.call_id)).status not in FINISHED:
            if time.monotonic() > deadline_s:
                raise UnavailableError(
                    "transcription_timeout", "The transcription took too long; use POST /v1/calls."
                )
            if await request.is_disconnected():
                raise ClientDisconnect()
            if time.monotonic() - checked_s >= RIGHT_CHECKED_EVERY_S:
                await _check_right(request)
                checked_s = time.monotonic()
            yield call
            await asyncio.sleep(settings.event_poll_s)
        if call.status not in WITH_RESULT:
            raise _why(call)
        await _check_right(request)
        yield call

    async def result(self) -> dict[str, Any]:
        """The result of the finished call.

        Raises:
            InvalidRequestError: ``translation_unsupported``: the recogniser took no notice of the task.
        """
        call = await self._services.store(CallStore.get_call, self.call_id)
        result: dict[str, Any] = json.loads(await self._services.store(CallStore.get_report, self.call_id))
        _check_task(call, result)
        return result

    async def spoken(self, call: CallRecord) -> dict[str, Any] | None:
        """What was said, once it is known, while the graph still finds out what it means. None until then, and of a
        call that is redacted, which happens later."""
        applications = {
            run.name: run.application for run in call.stages if run.status is StageStatus.COMPLETED
        }
        if call.options.redact_pii or not applications.keys() >= _SPOKEN_STAGES:
            return None
        store = self._services.store
        transcript = await store(CallStore.version_output, self.call_id, applications["speech-recognizer"])
        conversation = await store(
            CallStore.version_output, self.call_id, applications["punctuation-restorer"]
        )
        if not (isinstance(transcript, Transcript) and isinstance(conversation, Conversation)):
            return None  # written by another version
        result = await asyncio.to_thread(lambda: spoken(roles(conversation, call.options), transcript))
        _check_task(call, result)
        return result

    async def remove(self) -> None:
        """Also when the request was cancelled; what is at work on the call then stops."""
        await asyncio.shield(self._remove())

    async def _remove(self) -> None:
        with suppress(NotFoundError):  # another client deleted it
            await self._services.store(CallStore.delete_call, self.call_id, actor=self._actor)
        await asyncio.to_thread(self._services.blobs.delete_call, self.call_id)


def _check_task(call: CallRecord, result: dict[str, Any]) -> None:
    is_translation = any(flag["code"] == "translated" for flag in result["flags"])
    if call.options.task is Task.TRANSLATE and not is_translation:
        raise InvalidRequestError(
            "translation_unsupported", "The recogniser of this graph does not translate; it transcribed."
        )


def _why(call: CallRecord) -> CallyticsError:
    error = call.error
    if call.status == JobStatus.CANCELLED or error is None:
        return UnavailableError("transcription_cancelled", "The transcription was cancelled.")
    if error.code in _REFUSED:
        return InvalidRequestError(error.code, error.message, _REFUSED[error.code])
    if error.code.startswith("media_"):
        return InvalidMediaError(error.code, error.message)
    return StageError(error.stage, error.code, f"{error.stage}: {error.message}")
