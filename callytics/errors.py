"""The one error tree. Every error says what failed, why, and what to do.

    CallyticsError                 code, message
    ├── InvalidRequestError        the caller's parameters are wrong                     HTTP 400
    ├── UnauthorizedError          no key, or a wrong one                                HTTP 401
    ├── ForbiddenError             the key lacks the scope                               HTTP 403
    ├── NotFoundError              no such call, key or model                            HTTP 404
    ├── ConflictError              the call is not in a state that allows this           HTTP 409
    ├── InvalidMediaError          the recording is empty, undecodable, too long ...     HTTP 413 / 415 / 422
    ├── TooManyRequestsError       the key's limit is reached (retry_after_s)            HTTP 429
    ├── UnavailableError           a stage is not ready; try again later                 HTTP 503
    ├── ConfigError                a configuration file or option is wrong
    ├── EngineUnavailableError     an engine's package or weights are not installed
    ├── WeightsError               a weight file is missing or has the wrong hash
    └── StageError                 a stage failed on this call (stage, code, message)

Errors cross process boundaries by pickle, so every constructor passes all its arguments to
``super().__init__``. Otherwise unpickling calls the constructor with wrong arguments.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class CallyticsError(Exception):
    """Root of the tree.

    Args:
        code: stable, machine-readable, snake_case; part of the API.
        message: what failed, why, and what to do; one line for people.
        param: the field or parameter of the request that caused the error, if there is one.
    """

    http_status = 500
    param: str | None = None

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(*((code, message) if param is None else (code, message, param)))
        self.code = code
        self.message = message
        self.param = param

    def __str__(self) -> str:
        return self.message


class InvalidRequestError(CallyticsError):
    http_status = 400


class UnauthorizedError(CallyticsError):
    http_status = 401


class ForbiddenError(CallyticsError):
    http_status = 403


class NotFoundError(CallyticsError):
    http_status = 404


class ConflictError(CallyticsError):
    http_status = 409


class InvalidMediaError(CallyticsError):
    """The recording cannot be analysed.

    Codes: ``media_empty`` (no bytes), ``media_undecodable`` (no decoder understands it),
    ``media_no_audio`` (a container without sound, or without a single sample),
    ``media_too_long``, ``media_too_large``, ``media_too_complex`` (examining it takes too much time or memory),
    ``media_implausible`` (no speech, when read as the caller says).
    """

    @property
    def http_status(self) -> int:  # type: ignore[override]
        return {"media_too_large": 413, "media_too_long": 413, "media_undecodable": 415}.get(self.code, 422)


class TooManyRequestsError(CallyticsError):
    """``retry_after_s``: whole seconds until the next attempt is useful."""

    http_status = 429

    def __init__(self, code: str, message: str, retry_after_s: int = 1) -> None:
        Exception.__init__(self, code, message, retry_after_s)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


class UnavailableError(CallyticsError):
    http_status = 503


class ConfigError(CallyticsError):
    pass


class EngineUnavailableError(CallyticsError):
    pass


class WeightsError(CallyticsError):
    pass


class StageError(CallyticsError):
    """A stage failed on this call."""

    def __init__(self, stage: str, code: str, message: str) -> None:
        Exception.__init__(self, stage, code, message)
        self.stage = stage
        self.code = code
        self.message = message


def problem_details(
    status: int, code: str, detail: str, instance: str, param: str | None = None
) -> dict[str, Any]:
    """The body of an HTTP error: problem details (RFC 9457), and ``error``, which OpenAI's official clients read. Its
    types are OpenAI's; the codes are ours."""
    error_type = {429: "requests"}.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {
        "type": f"urn:callytics:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "error": {"message": detail, "type": error_type, "param": param, "code": code},
    }
