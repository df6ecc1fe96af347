"""The client for asyncio: the same as ``Client``, but only the calling task waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from callytics.client import pauses, requests
from callytics.client.requests import FINISHED, Answer, CallStatus, Json, Request
from callytics.result.schema.call import CallResult


class AsyncClient:
    """Use as an asynchronous context manager. Arguments and errors: see ``Client``."""

    def __init__(self, base_url: str, api_key: str, *, retries: int = pauses.DEFAULT_RETRIES) -> None:
        self._http = httpx.AsyncClient(**requests.http_options(base_url, api_key))
        self._base_url = base_url
        self._retries = retries

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def submit(
        self,
        path: str | Path,
        fields: Mapping[str, str] | None = None,
        *,
        language: str | None = None,
        agent_channel: int | None = None,
        num_speakers: int | None = None,
        hotwords: Sequence[str] = (),
        audio_format: str | None = None,
        audio_sample_rate_hz: int | None = None,
        audio_channels: int | None = None,
        denoise: str | None = None,
        redact_pii: bool = False,
        written_forms: bool = False,
        deduplicate: bool = True,
    ) -> str:
        """See ``Client.submit``. The file is read piece by piece in the event loop."""
        return await self._send(
            requests.submission(
                path,
                fields,
                language=language,
                agent_channel=agent_channel,
                num_speakers=num_speakers,
                hotwords=hotwords,
                audio_format=audio_format,
                audio_sample_rate_hz=audio_sample_rate_hz,
                audio_channels=audio_channels,
                denoise=denoise,
                redact_pii=redact_pii,
                written_forms=written_forms,
                deduplicate=deduplicate,
            )
        )

    async def status(self, call_id: str) -> CallStatus:
        return await self._send(requests.status(call_id))

    async def wait(
        self,
        call_id: str,
        on_status: Callable[[CallStatus], None] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CallStatus:
        """Poll the status until the call has ended, and return the last status.

        Raises:
            TimeoutError: it has not ended after ``timeout_s`` seconds. The call itself continues.
        """
        start = time.monotonic()
        while True:
            status = await self.status(call_id)
            if on_status:
                on_status(status)
            if status["job_status"] in FINISHED:
                return status
            pause_s = pauses.before_next_look_s(start)
            if timeout_s is not None and time.monotonic() + pause_s - start > timeout_s:
                raise TimeoutError(f"Call {call_id} is {status['job_status']} after {timeout_s:g} s.")
            await asyncio.sleep(pause_s)

    async def result(self, call_id: str) -> CallResult:
        return await self._send(requests.result(call_id))

    async def transcript(self, call_id: str, format: str = "txt", **options: Any) -> str:
        """The transcript as json, txt, srt, vtt, rttm or csv. ``options`` are parameters of the route, such as
        ``line_characters=32`` for subtitles."""
        return await self._send(requests.transcript(call_id, format, options))

    async def timeline(self, call_id: str) -> Json:
        """When it waited, and what worked on it for how long; docs/api.md explains the fields."""
        return await self._send(requests.timeline(call_id))

    async def iter_calls(self, **filters: Any) -> AsyncIterator[CallStatus]:
        """Calls, newest first; pages are fetched as needed. ``filters`` are parameters of GET /v1/calls."""
        cursor = None
        while True:
            page = await self._send(requests.page(filters, requests.CALLS_PER_PAGE, cursor))
            for call in page["calls"]:
                yield call
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def delete_call(self, call_id: str) -> None:
        await self._send(requests.deletion(call_id))

    async def _send(self, request: Request[Answer]) -> Answer:
        tries = 1
        while True:
            answer = await self._once(request)
            pause_s = pauses.before_retry_s(answer.status_code, answer.headers, tries, self._retries)
            if pause_s is None:
                break
            await asyncio.sleep(pause_s)
            tries += 1
        if answer.is_error:
            raise requests.problem(answer)
        return request.read(answer)

    async def _once(self, request: Request[Any]) -> httpx.Response:
        try:
            with request.opened() as arguments:
                return await self._http.request(request.method, request.path, **arguments)
        except httpx.HTTPError as error:
            raise requests.transport_error(request, self._base_url, error) from error
