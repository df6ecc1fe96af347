"""The client for programs that wait; also that of the command line and the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from callytics.client import pauses, requests
from callytics.client.requests import FINISHED, Answer, CallStatus, Json, Request, segment
from callytics.result.schema import CallResult


class Client:
    """Use as a context manager. What the server refuses with 429 or 503 is sent again, when its ``Retry-After`` says.

    Args:
        base_url: where the gateway answers, for instance ``http://127.0.0.1:8000``.
        api_key: as `callytics keys create` prints it.
        retries: how many times a request is sent again; 0: never.

    Raises from every method:
        UnavailableError: nothing answers at the address, or the service is not ready and the retries are used up.
        TooManyRequestsError: a limit is reached, and the retries are used up.
        CallyticsError: the server's problem+json, with its ``code`` and ``detail``, as its own class of the tree.
    """

    def __init__(self, base_url: str, api_key: str, *, retries: int = pauses.DEFAULT_RETRIES) -> None:
        self._http = httpx.Client(**requests.http_options(base_url, api_key))
        self._base_url = base_url
        self._retries = retries

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def submit(
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
        redact_pii: bool = False,
        deduplicate: bool = True,
    ) -> str:
        """Upload a recording; the id of its call. ``fields`` are further form fields of POST /v1/calls, such as
        ``{"agent_id": "kim.minji"}``."""
        return self._send(
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
                redact_pii=redact_pii,
                deduplicate=deduplicate,
            )
        )

    def status(self, call_id: str) -> CallStatus:
        return self._send(requests.status(call_id))

    def wait(
        self,
        call_id: str,
        on_status: Callable[[CallStatus], None] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CallStatus:
        """Ask for the status until the call has ended; the last status.

        Raises:
            TimeoutError: it has not ended after ``timeout_s`` seconds. The call itself goes on.
        """
        start = time.monotonic()
        while True:
            status = self.status(call_id)
            if on_status:
                on_status(status)
            if status["job_status"] in FINISHED:
                return status
            pause_s = pauses.before_next_look_s(start)
            if timeout_s is not None and time.monotonic() + pause_s - start > timeout_s:
                raise TimeoutError(f"Call {call_id} is {status['job_status']} after {timeout_s:g} s.")
            time.sleep(pause_s)

    def result(self, call_id: str) -> CallResult:
        return self._send(requests.result(call_id))

    def transcript(self, call_id: str, format: str = "txt", **options: Any) -> str:
        """As json, txt, srt, vtt, rttm or csv. ``options`` are parameters of the route, such as
        ``line_characters=32`` of subtitles."""
        return self._send(requests.transcript(call_id, format, options))

    def iter_calls(self, **filters: Any) -> Iterator[CallStatus]:
        """Calls, newest first; pages are fetched as one goes. ``filters`` are parameters of GET /v1/calls, such as
        ``status="COMPLETED"`` or ``agent_id="kim.minji"``."""
        cursor = None
        while True:
            page = self._send(requests.page(filters, requests.CALLS_PER_PAGE, cursor))
            yield from page["calls"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def list_calls(self, filters: Mapping[str, Any], limit: int) -> Json:
        """The newest calls, in as many pages as that takes, and the cursor of those behind them."""
        calls: list[Json] = []
        cursor = None
        while True:
            page = self._send(requests.page(filters, limit - len(calls), cursor))
            calls += page["calls"]
            cursor = page["next_cursor"]
            if cursor is None or len(calls) >= limit:
                return {"calls": calls, "next_cursor": cursor}

    def delete_call(self, call_id: str) -> None:
        self._send(requests.deletion(call_id))

    def stages(self) -> Json:
        return self._json("GET", "/v1/stages")

    def webhooks(self) -> Json:
        return self._json("GET", "/v1/webhooks")

    def create_webhook(self, fields: Mapping[str, Any]) -> Json:
        """``fields`` are the body of POST /v1/webhooks; the answer holds the secret, this once."""
        return self._json("POST", "/v1/webhooks", json=dict(fields))

    def delete_webhook(self, webhook_id: str) -> None:
        self._send(requests.Deletion("DELETE", f"/v1/webhooks/{segment(webhook_id)}"))

    def test_webhook(self, webhook_id: str) -> Json:
        """Have a message sent that tells of no call; how that went."""
        return self._json("POST", f"/v1/webhooks/{segment(webhook_id)}/test")

    def webhook_deliveries(self, webhook_id: str, limit: int) -> Json:
        return self._json("GET", f"/v1/webhooks/{segment(webhook_id)}/deliveries", params={"limit": limit})

    def alerts(self, filters: Mapping[str, Any], limit: int) -> Json:
        """Alerts of the graph, the newest first; ``filters`` are parameters of GET /v1/alerts."""
        return self._json("GET", "/v1/alerts", params={**filters, "limit": limit})

    def _json(self, method: str, path: str, **arguments: Any) -> Json:
        return self._send(Request[Json](method, path, arguments))

    def _send(self, request: Request[Answer]) -> Answer:
        tries = 1
        while True:
            answer = self._once(request)
            pause_s = pauses.before_retry_s(answer.status_code, answer.headers, tries, self._retries)
            if pause_s is None:
                break
            time.sleep(pause_s)
            tries += 1
        if answer.is_error:
            raise requests.problem(answer)
        return request.read(answer)

    def _once(self, request: Request[Any]) -> httpx.Response:
        try:
            with request.opened() as arguments:
                return self._http.request(request.method, request.path, **arguments)
        except httpx.HTTPError as error:
            raise requests.transport_error(request, self._base_url, error) from error
