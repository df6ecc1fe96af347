"""Every error of the API is problem details (RFC 9457) with a stable ``code``."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from callytics.api.patterns import message
from callytics.errors import CallyticsError, TooManyRequestsError, problem_details

MEDIA_TYPE = "application/problem+json"

MAX_ERRORS = 100
"""Told of one request; a body of 1 MiB can hold ten thousands."""

_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
}


class FieldProblem(BaseModel):
    loc: list[str | int]
    msg: str
    type: str


class ErrorObject(BaseModel):
    """The same error as OpenAI's clients look for it: they show ``message``, and ``error.code`` and ``error.param``."""

    message: str
    type: str = Field(examples=["invalid_request_error", "server_error"])
    param: str | None = Field(description="The field or parameter at fault, where it is one")
    code: str


class Problem(BaseModel):
    """Problem details. Programs look at ``code``; ``detail`` is for people and may change."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:callytics:problem:call_not_found",
                "title": "Not Found",
                "status": 404,
                "code": "call_not_found",
                "detail": "There is no call '01k9…'; it may have been deleted.",
                "instance": "/v1/calls/01k9…",
                "error": {
                    "message": "There is no call '01k9…'; it may have been deleted.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "call_not_found",
                },
            }
        }
    )

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    errors: list[FieldProblem] | None = Field(
        None, description="With code validation_failed: field by field."
    )
    error: ErrorObject = Field(description="The same for clients of OpenAI")


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: what an operation answers besides success."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}},
        }
        for status in statuses
    }


_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    errors: list[Any] | None = None,
    headers: Mapping[str, str] | None = None,
    param: str | None = None,
) -> JSONResponse:
    body = problem_details(status, code, detail, request.url.path, param)
    if errors is not None:
        body["errors"] = errors
    # For the access log. What a client did wrong may quote it, what the service did may not.
    request.state.problem = {"code": code, "message": detail} if status >= 500 else {"code": code}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    app.add_exception_handler(CallyticsError, _callytics_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(ClientDisconnect, _client_disconnect)
    app.add_exception_handler(Exception, unexpected_error)


async def _callytics_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallyticsError)
    return error_response(request, error)


def error_response(request: Request, error: CallyticsError) -> Response:
    """The answer to a request that failed so; also for the middlewares, which no handler of errors surrounds."""
    headers = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="callytics"'
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    if error.http_status == 503:
        headers["Retry-After"] = "5"
    return problem(request, error.http_status, error.code, error.message, headers=headers, param=error.param)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"loc": list(item["loc"]), "msg": message(item), "type": str(item["type"])}
        for item in error.errors()[:MAX_ERRORS]
    ]
    where = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in errors)
    detail = f"The request is not valid: {where}"
    param = next((".".join(str(part) for part in item["loc"][1:]) for item in errors), None) or None
    return problem(request, 422, "validation_failed", detail, _printable(errors), param=param)


def _printable(errors: list[Any]) -> list[Any]:
    encoded: list[Any] = jsonable_encoder(errors)
    return encoded


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    detail = {
        404: f"There is nothing at {request.url.path}; see /docs.",
        405: f"{request.method} is not allowed at {request.url.path}; see /docs.",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return problem(request, error.status_code, code, detail, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    """Methods of all operations at this path; Starlette names those of the first route only."""
    paths = request.app.openapi()["paths"].items()
    found = (operations for path, operations in paths if compile_path(path)[0].match(request.url.path))
    return sorted({method.upper() for operations in found for method in operations})


async def _client_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # the client has gone


async def unexpected_error(request: Request, error: Exception) -> Response:
    """The access log has the traceback; the client learns nothing about the inside."""
    return problem(request, 500, "internal_error", "Something went wrong on the server; it was logged.")
