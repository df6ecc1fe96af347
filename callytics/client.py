"""A small client of the HTTP API, for the command line and the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from callytics.errors import CallyticsError, InvalidRequestError, NotFoundError, UnavailableError
from callytics.home import graphs as local_graphs
from callytics.result.schema import CallResult

FINISHED = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED"})
POLL_SHARE = 0.05
MIN_POLL_S, MAX_POLL_S = 0.3, 2.0
"""Asking takes CPU from the stages, 50 ms each time: so the longer a call takes, the less often it is asked for."""
CALLS_PER_PAGE = 200  # the most that the API answers with
OPEN_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0


class Client:
    """Use as a context manager.

    Raises from every method:
        UnavailableError: nothing answers at the address.
        CallyticsError: the server's problem+json, with its ``code`` and ``detail``.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        try:
            self._http = httpx.Client(
                base_url=base_url,
                headers={"Authorization": f"Bearer {api_key}"},
                timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=OPEN_TIMEOUT_S),
            )
        except httpx.InvalidURL as error:
            raise InvalidRequestError("url_invalid", f"{base_url} is no address: {error}.") from error
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
        return self._json("GET", f"/v1/calls/{_segment(call_id)}")

    def list_calls(self, filters: Mapping[str, Any], limit: int) -> dict[str, Any]:
        """The newest calls, in as many pages as that takes. ``filters`` are parameters of GET /v1/calls."""
        calls: list[dict[str, Any]] = []
        cursor = None
        while True:
            parameters = {**filters, "limit": min(CALLS_PER_PAGE, limit - len(calls))}
            page = self._json("GET", "/v1/calls", params=parameters | ({"cursor": cursor} if cursor else {}))
            calls += page["calls"]
            cursor = page["next_cursor"]
            if cursor is None or len(calls) >= limit:
                return {"calls": calls, "next_cursor": cursor}

    def delete_call(self, call_id: str) -> None:
        self._request("DELETE", f"/v1/calls/{_segment(call_id)}")

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
        return CallResult.model_validate(self._json("GET", f"/v1/calls/{_segment(call_id)}/result"))

    def transcript(self, call_id: str, format: str) -> str:
        path = f"/v1/calls/{_segment(call_id)}/transcript"
        return self._request("GET", path, params={"format": format}).text

    def stages(self) -> dict[str, Any]:
        return self._json("GET", "/v1/stages")

    def webhooks(self) -> dict[str, Any]:
        return self._json("GET", "/v1/webhooks")

    def create_webhook(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """``fields`` are the body of POST /v1/webhooks; the answer holds the secret, this once."""
        return self._json("POST", "/v1/webhooks", json=dict(fields))

    def delete_webhook(self, webhook_id: str) -> None:
        self._request("DELETE", f"/v1/webhooks/{_segment(webhook_id)}")

    def test_webhook(self, webhook_id: str) -> dict[str, Any]:
        """Have a message sent that tells of no call; how that went."""
        return self._json("POST", f"/v1/webhooks/{_segment(webhook_id)}/test")

    def webhook_deliveries(self, webhook_id: str, limit: int) -> dict[str, Any]:
        path = f"/v1/webhooks/{_segment(webhook_id)}/deliveries"
        return self._json("GET", path, params={"limit": limit})

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._request(method, path, **arguments)
        try:
            document: dict[str, Any] = answer.json()
        except ValueError as error:
            raise UnavailableError(
                "not_callytics",
                f"{self._base_url} answers, but not as Callytics does: another program runs there.",
            ) from error
        return document

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.ConnectError as error:
            raise UnavailableError(
                "not_running",
                f"Nothing answers at {self._base_url}. {local_graphs.why_no_answer(self._base_url)}",
            ) from error
        except httpx.HTTPError as error:
            raise UnavailableError(
                "no_answer", f"{method} {path}: {type(error).__name__}: {error}"
            ) from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def _segment(identifier: str) -> str:
    """Of a path: an id that holds a slash is one that is not there, not another route."""
    return quote(identifier, safe="")


def _problem(answer: httpx.Response) -> CallyticsError:
    try:
        document = answer.json()
        code, detail = document["code"], document.get("detail") or document["title"]
    except (ValueError, KeyError):
        code, detail = "http_error", f"HTTP {answer.status_code}: {answer.text[:200]}"
    kind = {404: NotFoundError, 503: UnavailableError}.get(answer.status_code, CallyticsError)
    return kind(code, detail)
