"""Errors of the library's tree leave a replica as values: to Serve they are answers, to the caller what was raised."""

from __future__ import annotations

import asyncio
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from callytics.errors import (
    CallyticsError,
    ConflictError,
    InvalidMediaError,
    NotFoundError,
    StageError,
    TooManyRequestsError,
    UnavailableError,
)
from callytics.store import CallStore
from deployments import handles
from deployments.database_service import DatabaseService
from deployments.replica import log_fields, logs
from deployments.replica.answers import Refused, answered
from tests.store.samples import fresh_database
from tests.support.replicas import replica

OF_THE_CLIENT: list[CallyticsError] = [
    NotFoundError("call_not_found", "There is no call 'x'."),
    ConflictError("call_not_finished", "wait"),
    InvalidMediaError("media_undecodable", "no recording"),
    TooManyRequestsError("rate_limited", "slower", 7),
]


async def fail(error: Exception) -> Any:
    raise error


def crossed(value: Any) -> Any:
    """As it arrives in another process."""
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("error", OF_THE_CLIENT, ids=lambda error: str(error.code))
def test_error_of_the_client_is_an_answer_and_no_fault(
    error: CallyticsError, caplog: pytest.LogCaptureFixture
) -> None:
    answer = crossed(asyncio.run(answered(fail(error))))
    assert isinstance(answer, Refused)
    with pytest.raises(type(error)) as raised:
        asyncio.run(handles.unwrapped(asyncio.sleep(0, answer)))
    assert vars(raised.value) == vars(error)
    assert caplog.text == ""


def test_fault_of_a_stage_is_logged_once_where_it_happened(caplog: pytest.LogCaptureFixture) -> None:
    error = StageError("llm-analyzer", "endpoint_refused", "The endpoint answered 500.")
    answer = asyncio.run(answered(fail(error)))
    with pytest.raises(StageError):
        asyncio.run(handles.unwrapped(asyncio.sleep(0, crossed(answer))))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None


def test_foreign_error_leaves_as_it_was_raised() -> None:
    """Serve counts and logs it, and the circuit of the stage sees it."""
    with pytest.raises(ZeroDivisionError):
        asyncio.run(answered(fail(ZeroDivisionError())))


def test_store_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What travels as a value is waited for as what was raised is."""
    answers: list[Any] = [Refused(UnavailableError("database_unavailable", "")), "there"]

    async def no_pause(seconds: float) -> None:
        return None

    async def call() -> Any:
        return await handles.unwrapped(real_sleep(0, answers.pop(0)))

    real_sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", no_pause)
    assert asyncio.run(handles.patiently(call, 10.0)) == "there"


def test_database_service_answers_that_a_call_is_not_there(tmp_path: Path) -> None:
    """Without Serve, whose deployment class only holds the real one."""
    service: Any = object.__new__(DatabaseService.func_or_class)  # type: ignore[attr-defined]
    service._store = CallStore(fresh_database(tmp_path))
    answer = asyncio.run(service.call("get_call", ("0" * 26,), {}))
    service._store.close()
    assert isinstance(answer, Refused)
    assert answer.error.code == "call_not_found"


def test_stage_answers_that_an_input_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    doubler = replica("Doubler", monkeypatch)
    for answer in (asyncio.run(doubler(13)), asyncio.run(doubler.call("refuse", 13))):
        assert isinstance(answer, Refused)
        assert answer.error.code == "unlucky"


def test_our_loggers_are_heard_in_serves_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """At their own level; Serve makes of stderr INFO lines without one, and what is INFO goes nowhere."""
    heard: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    serve_logger = logging.getLogger(logs.SERVE_LOGGER)
    monkeypatch.setattr(serve_logger, "handlers", [Ear()])
    monkeypatch.setattr(serve_logger, "propagate", False)
    monkeypatch.setattr(serve_logger, "level", logging.INFO)
    ours = [logging.getLogger(name) for name in log_fields.OURS]
    before = [(logger, logger.level, logger.propagate, list(logger.handlers)) for logger in ours]
    try:
        logs.to_serve_log()
        logs.to_serve_log()
        logging.getLogger("callytics.api.webhook_delivery").debug("not so low")
        logging.getLogger("callytics.api.webhook_delivery").error("webhooks wait")
        logging.getLogger("deployments.handles").info("no calls")
        logging.getLogger(logs.ACCESS_LOGGER).info("GET / 200")
    finally:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
    assert [(record.levelname, record.getMessage()) for record in heard] == [
        ("ERROR", "webhooks wait"),
        ("INFO", "no calls"),
        ("INFO", "GET / 200"),
    ]
    assert [hasattr(record, "skip_context_filter") for record in heard] == [False, False, True]
