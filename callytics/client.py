"""A small client of the HTTP API, for the command line and the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from callytics.errors import CallyticsError, NotFoundError, UnavailableError
from callytics.result import CallResult

FINISHED = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED"})
POLL_SHARE = 0.05
MIN_POLL_S, MAX_POLL_S = 0.3, 2.0
"""Asking takes CPU from the stages, 50 ms each time: so the longer a call takes, the less often it is asked for."""
OPEN_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0


class Client:
    """Use as a context manager.

    Raises from every method:
        UnavailableError: nothing answers at the address.
        CallyticsError: the server's problem+json, with its ``code`` and ``detail``.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=OPEN_TIMEOUT_S),
        )
        self._base_url = base_url

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def submit(self, path: Path, fields: Mapping[str, str]) -> str:
        """Upload a recording; the id of its call. ``fields`` are the form fields of POST /v1/calls."""
        with path.open("rb") as file:
            answer = self._request("POST", "/v1/calls", files={"file": (path.name, file)}, data=dict(fields))
        return str(answer.json()["call_id"])

    def status(self, call_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self._request("GET", f"/v1/calls/{call_id}").json()
        return document

    def wait(self, call_id: str, on_status: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        """Ask for the status until the call has ended; the last status."""
        start = time.monotonic()
        while True:
            status = self.status(call_id)
            if on_status:
                on_status(status)
            if status["job_status"] in FINISHED:
                return status
            time.sleep(min(MAX_POLL_S, max(MIN_POLL_S, POLL_SHARE * (time.monotonic() - start))))

    def result(self, call_id: str) -> CallResult:
        return CallResult.model_validate(self._request("GET", f"/v1/calls/{call_id}/result").json())

    def transcript(self, call_id: str, format: str) -> str:
        return self._request("GET", f"/v1/calls/{call_id}/transcript", params={"format": format}).text

    def stages(self) -> dict[str, Any]:
        document: dict[str, Any] = self._request("GET", "/v1/stages").json()
        return document

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.ConnectError as error:
            raise UnavailableError(
                "not_running", f"Nothing answers at {self._base_url}. Start the graph with `callytics up`."
            ) from error
        except httpx.HTTPError as error:
            raise UnavailableError(
                "no_answer", f"{method} {path}: {type(error).__name__}: {error}"
            ) from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def _problem(answer: httpx.Response) -> CallyticsError:
    try:
        document = answer.json()
        code, detail = document["code"], document.get("detail") or document["title"]
    except (ValueError, KeyError):
        code, detail = "http_error", f"HTTP {answer.status_code}: {answer.text[:200]}"
    kind = {404: NotFoundError, 503: UnavailableError}.get(answer.status_code, CallyticsError)
    return kind(code, detail)
