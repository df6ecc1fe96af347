"""Every request of the clients, with the decoding of its response and the error for each refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import httpx

from callytics.client.pauses import retry_after_s
from callytics.errors import (
    CallyticsError,
    ConflictError,
    ForbiddenError,
    InvalidMediaError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from callytics.home import graphs as local_graphs
from callytics.result.schema.call import CallResult

FINISHED = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED"})
CALLS_PER_PAGE = 200  # the maximum of the API
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
ERRORS: Mapping[int, type[CallyticsError]] = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    503: UnavailableError,
}

Answer = TypeVar("Answer")
Json = dict[str, Any]


class CallStatus(TypedDict):
    """A call and the state of its analysis, from ``GET /v1/calls/{call_id}``; docs/api.md explains the fields."""

    call_id: str
    job_status: str
    progress: float
    created_at: str
    updated_at: str
    completed_at: str | None
    filename: str
    size_bytes: int
    media: Json
    options: Json
    metadata: Json
    language_code: str | None
    attempts: int
    stages: list[Json]
    error: Json | None
    priority: str
    next_attempt_at: str | None
    result_at: str | None
    links: dict[str, str]


@dataclass(frozen=True)
class Request(Generic[Answer]):
    """``recording`` is reopened for every attempt."""

    method: str
    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    recording: Path | None = None

    def read(self, answer: httpx.Response) -> Answer:
        """Decode the response: JSON, unless the request overrides it.

        Raises:
            UnavailableError: ``not_callytics``.
        """
        return _json(answer)  # type: ignore[no-any-return]

    @contextmanager
    def opened(self) -> Iterator[dict[str, Any]]:
        """The keyword arguments of httpx's ``request``."""
        with ExitStack() as stack:
            arguments = dict(self.arguments)
            if self.recording is not None:
                file = stack.enter_context(self.recording.open("rb"))
                arguments["files"] = {"file": (self.recording.name, file)}
            yield arguments


class Submission(Request[str]):
    def read(self, answer: httpx.Response) -> str:
        return str(_json(answer)["call_id"])


class ResultRequest(Request[CallResult]):
    def read(self, answer: httpx.Response) -> CallResult:
        return CallResult.model_validate(_json(answer))


class TextRequest(Request[str]):
    def read(self, answer: httpx.Response) -> str:
        return answer.text


class Deletion(Request[None]):
    def read(self, answer: httpx.Response) -> None:
        return None


def submission(
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
) -> Submission:
    """
    Raises:
        InvalidRequestError: ``file_missing``.
    """
    recording = Path(path)
    if not recording.is_file():
        raise InvalidRequestError("file_missing", f"{recording}: no such file.")
    named = {
        "language": language,
        "agent_channel": agent_channel,
        "num_speakers": num_speakers,
        "audio_format": audio_format,
        "audio_sample_rate_hz": audio_sample_rate_hz,
        "audio_channels": audio_channels,
        "denoise": denoise,
        "hotwords": ",".join(hotwords) or None,
        "redact_pii": "true" if redact_pii else None,
        "written_forms": "true" if written_forms else None,
        "deduplicate": None if deduplicate else "false",
    }
    data = {name: str(value) for name, value in named.items() if value is not None} | dict(fields or {})
    return Submission("POST", "/v1/calls", {"data": data}, recording)


def status(call_id: str) -> Request[CallStatus]:
    return Request("GET", call_path(call_id))


def page(filters: Mapping[str, Any], limit: int, cursor: str | None) -> Request[Json]:
    """``filters`` are parameters of GET /v1/calls."""
    parameters = {**filters, "limit": min(CALLS_PER_PAGE, limit)}
    return Request("GET", "/v1/calls", {"params": parameters | ({"cursor": cursor} if cursor else {})})


def result(call_id: str) -> ResultRequest:
    return ResultRequest("GET", f"{call_path(call_id)}/result")


def timeline(call_id: str) -> Request[Json]:
    return Request("GET", f"{call_path(call_id)}/timeline")


def transcript(call_id: str, format: str, options: Mapping[str, Any]) -> TextRequest:
    params = {"format": format, "encoding": "utf-8", **options}
    return TextRequest("GET", f"{call_path(call_id)}/transcript", {"params": params})


def deletion(call_id: str) -> Deletion:
    return Deletion("DELETE", call_path(call_id))


def call_path(call_id: str) -> str:
    return f"/v1/calls/{segment(call_id)}"


def segment(identifier: str) -> str:
    """A segment of a path: an id with a slash must give "not found", not another route."""
    return quote(identifier, safe="")


def http_options(base_url: str, api_key: str) -> dict[str, Any]:
    """The options of an httpx client.

    Raises:
        InvalidRequestError: ``url_invalid``.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise InvalidRequestError("url_invalid", f"{base_url} is no address: {error}.") from error
    return {"base_url": url, "headers": {"Authorization": f"Bearer {api_key}"}, "timeout": TIMEOUT}


def transport_error(request: Request[Any], base_url: str, error: httpx.HTTPError) -> UnavailableError:
    if isinstance(error, httpx.ConnectError):
        return UnavailableError(
            "not_running", f"Nothing answers at {base_url}. {local_graphs.why_no_answer(base_url)}"
        )
    return UnavailableError("no_answer", f"{request.method} {request.path}: {type(error).__name__}: {error}")


def problem(answer: httpx.Response) -> CallyticsError:
    """The error for the server's problem+json, with its ``code`` and ``detail``."""
    try:
        document = answer.json()
        code, detail = document["code"], document.get("detail") or document["title"]
    except (ValueError, KeyError, TypeError):
        code, detail = "http_error", f"HTTP {answer.status_code}: {answer.text[:200]}"
    if answer.status_code == 429:
        return TooManyRequestsError(code, detail, ceil(retry_after_s(answer.headers) or 1))
    if str(code).startswith("media_"):
        return InvalidMediaError(code, detail)
    return ERRORS.get(answer.status_code, CallyticsError)(code, detail)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        where = answer.request.url.copy_with(path="/", query=None)
        raise UnavailableError(
            "not_callytics",
            f"{str(where).rstrip('/')} answers, but not as Callytics does: another program runs there.",
        ) from error
