"""What no route takes: JSON that is not plain, and query parameters that a route does not have, or has once.

A misspelt filter that is ignored answers with every call there is. Every router makes its routes of StrictRoute
(tests/api/test_hostile_requests.py looks).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from callytics.telemetry.call_context import CallContext, working_on

_CALL_ID = re.compile(r"[0-9a-z]{26}")
MAX_DEPTH = 32
MAX_VALUES = 10_000
_INT64 = 2**63


def parse_json(text: str | bytes) -> Any:
    """JSON whose meaning every reader agrees on, in every language and in PostgreSQL: UTF-8, names once in an object,
    numbers that are finite and no larger than 64 bits, whole characters without NUL, nested at most MAX_DEPTH deep.

    Raises:
        json.JSONDecodeError: a ValueError that says what it is not.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise json.JSONDecodeError("not UTF-8", "", error.start) from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=lambda name: _refuse(f"{name} is not a number of JSON"),
        )
    except RecursionError as error:
        raise json.JSONDecodeError(f"nested more than {MAX_DEPTH} deep", "", 0) from error
    _check(value)
    return value


def _refuse(why: str) -> NoReturn:
    raise json.JSONDecodeError(why, "", 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        _refuse("a name is given twice in one object")
    return value


def _int(digits: str) -> int:
    # Python refuses to read thousands of digits, with an error of its own.
    if len(digits) > 20 or not -_INT64 <= int(digits) < _INT64:
        _refuse("a number is too large")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        _refuse("a number is too large")
    return value


def _check(document: Any) -> None:
    """Depth, number of values and text, without recursion."""
    level, count = [document], 0
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        count += len(below)
        if count > MAX_VALUES:
            _refuse(f"more than {MAX_VALUES} values")
        if not below:
            return
        level = below
    _refuse(f"nested more than {MAX_DEPTH} deep")


def _check_text(text: str) -> None:
    if "\0" in text:
        _refuse("a NUL character in a text")
    if any("\ud800" <= character <= "\udfff" for character in text):
        _refuse("half of a surrogate pair in a text")


class _PlainJson(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_plain"):
            self._plain = parse_json(await self.body())
        return self._plain


class StrictRoute(APIRoute):
    """See the module."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            if request.url.path.startswith("/v1/"):  # probes may ask /healthz with any query
                check_query(request, self.path_format)
            with working_on(_call(request)):
                return await handle(_PlainJson(request.scope, request.receive))

        return strictly


def _call(request: Request) -> CallContext | None:
    """The call that the path names, for the log lines of its handler."""
    call_id, principal = request.path_params.get("call_id", ""), getattr(request.state, "principal", None)
    return CallContext(call_id, principal.tenant) if principal and _CALL_ID.fullmatch(call_id) else None


def check_query(request: Request, path: str) -> None:
    """
    Raises:
        RequestValidationError: a parameter is unknown, or given twice where it counts once.
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = _query_parameters(request, path)
    problems = []
    for name, times in given.items():
        if name not in known:
            message = f"There is no such parameter; there are: {', '.join(sorted(known)) or 'none'}"
            problems.append({"loc": ("query", name), "msg": message, "type": "extra_forbidden"})
        elif times > 1 and known[name].get("type") != "array":
            problems.append({"loc": ("query", name), "msg": "Given more than once", "type": "repeated"})
        elif any("\0" in value for value in request.query_params.getlist(name)):
            problems.append({"loc": ("query", name), "msg": "A NUL character in a text", "type": "nul"})
    if problems:
        raise RequestValidationError(problems)


def _query_parameters(request: Request, path: str) -> dict[str, Any]:
    """Name and schema, from the API document: what it does not name does not exist."""
    operations = request.app.openapi()["paths"].get(path, {})
    method = "get" if request.method == "HEAD" else request.method.lower()
    parameters = operations.get(method, {}).get("parameters", ())
    return {found["name"]: found["schema"] for found in parameters if found["in"] == "query"}
