"""The blocking client, which the command line and the benchmarks also use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from callytics.client import pauses, requests
from callytics.client.requests import FINISHED, Answer, CallStatus, Json, Request, segment
from callytics.result.schema.call import CallResult


class Client:
    """Use as a context manager. A request refused with 429 or 503 is repeated after the time in ``Retry-After``.

    Args:
        base_url: address of the gateway, for instance ``http://127.0.0.1:8000``.
        api_key: a key from `callytics keys create`.
        retries: maximum number of repetitions per request; 0: none.

    Raises from every method:
        UnavailableError: the address does not answer, or the service is not ready and no retries remain.
        TooManyRequestsError: a limit is reached, and no retries remain.
        CallyticsError: the subclass for the server's problem+json, with its ``code`` and ``detail``.
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
        denoise: str | None = None,
        redact_pii: bool = False,
        written_forms: bool = False,
        deduplicate: bool = True,
    ) -> str:
        """Upload a recording and return the id of its call. ``fields`` are further form fields of POST /v1/calls, such
        as ``{"agent_id": "kim.minji"}``."""
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
                denoise=denoise,
                redact_pii=redact_pii,
                written_forms=written_forms,
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
        """Poll the status until the call has ended, and return the last status.

        Raises:
            TimeoutError: it has not ended after ``timeout_s`` seconds. The call itself continues.
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
        """The transcript as json, txt, srt, vtt, rttm or csv. ``options`` are parameters of the route, such as
        ``line_characters=32`` for subtitles."""
        return self._send(requests.transcript(call_id, format, options))

    def timeline(self, call_id: str) -> Json:
        """When it waited, and what worked on it for how long; docs/api.md explains the fields."""
        return self._send(requests.timeline(call_id))

    def iter_calls(self, **filters: Any) -> Iterator[CallStatus]:
        """Calls, newest first; pages are fetched as needed. ``filters`` are parameters of GET /v1/calls, such as
        ``status="COMPLETED"`` or ``agent_id="kim.minji"``."""
        cursor = None
        while True:
            page = self._send(requests.page(filters, requests.CALLS_PER_PAGE, cursor))
            yield from page["calls"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def list_calls(self, filters: Mapping[str, Any], limit: int) -> Json:
        """The newest calls, from as many pages as needed, and the cursor of the next ones."""
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

    def call_logs(self, call_id: str, after: int = 0, stage: str | None = None) -> Json:
        """The log lines of a call, by time; ``after``: only those behind ``last`` of an earlier answer."""
        parameters = {"after": after} | ({"stage": stage} if stage else {})
        return self._json("GET", f"{requests.call_path(call_id)}/logs", params=parameters)

    def stages(self) -> Json:
        return self._json("GET", "/v1/stages")

    def metrics(self) -> str:
        """What Prometheus is told by the gateway, as text."""
        return self._send(requests.TextRequest("GET", "/metrics"))

    def webhooks(self) -> Json:
        return self._json("GET", "/v1/webhooks")

    def create_webhook(self, fields: Mapping[str, Any]) -> Json:
        """``fields`` are the body of POST /v1/webhooks. Only this response contains the secret."""
        return self._json("POST", "/v1/webhooks", json=dict(fields))

    def delete_webhook(self, webhook_id: str) -> None:
        self._send(requests.Deletion("DELETE", f"/v1/webhooks/{segment(webhook_id)}"))

    def test_webhook(self, webhook_id: str) -> Json:
        """Send a test message, and return its outcome."""
        return self._json("POST", f"/v1/webhooks/{segment(webhook_id)}/test")

    def webhook_deliveries(self, webhook_id: str, limit: int) -> Json:
        return self._json("GET", f"/v1/webhooks/{segment(webhook_id)}/deliveries", params={"limit": limit})

    def alerts(self, filters: Mapping[str, Any], limit: int) -> Json:
        """Alerts of the graph, the newest first; ``filters`` are parameters of GET /v1/alerts."""
        return self._json("GET", "/v1/alerts", params={**filters, "limit": limit})

    def sign_in_address(self) -> str:
        """The address of the console that signs a browser in once, within ten minutes, as the owner of the key."""
        made = self._json("POST", "/v1/sessions/links")
        return self._base_url.rstrip("/") + str(made["path"])

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
