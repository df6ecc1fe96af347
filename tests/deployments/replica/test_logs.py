"""Every line of a replica names its stage and the call that is worked on, and no text of an exception of a call."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from ray._common.formatters import JSONFormatter
from ray.serve import context as serve_context

from callytics.config import stage_config
from callytics.domain import Recording
from callytics.errors import NotFoundError
from callytics.telemetry.call_context import CallContext, working_on
from deployments.backfill.plan import FAILURE, ITEM, NODES, RECORDING, RUNS, StageWorker, by_stage
from deployments.replica import call_lines, log_fields, logs
from deployments.replica.answers import Refused
from deployments.replica.call_session import call_of_request, with_call
from tests.support.replicas import replica

CALL = CallContext("01kaqf3v9x6z2h8m4n7p5r1t0w", "alpha")
WORDS = "words of a call"


class Written:
    """What Serve's logger writes in JSON, and what goes to the store."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.sent: list[dict[str, Any]] = []

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.stream.getvalue().splitlines()]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """In a process that is a replica of speech-recognizer-v2."""
    written = Written()
    handler = logging.StreamHandler(written.stream)
    handler.setFormatter(JSONFormatter())
    serve_logger = logging.getLogger(logs.SERVE_LOGGER)
    monkeypatch.setattr(serve_logger, "handlers", [handler])
    monkeypatch.setattr(serve_logger, "filters", [])
    monkeypatch.setattr(serve_logger, "propagate", False)
    monkeypatch.setattr(serve_logger, "level", logging.INFO)
    serve_logger.manager._clear_cache()  # type: ignore[attr-defined]
    monkeypatch.setattr(logs, "_replica", lambda: ("speech-recognizer-v2", "r1"))
    monkeypatch.setattr(call_lines, "PAUSE_S", 0.01)
    monkeypatch.setattr(call_lines, "send", written.sent.extend)
    ours = [logging.getLogger(name) for name in log_fields.OURS]
    before = [(logger, logger.level, logger.propagate, list(logger.handlers)) for logger in ours]
    for logger in ours:
        logger.handlers = []
    logs.to_serve_log("speech-recognizer", "cafe01")
    try:
        yield written
    finally:
        for handler in {handler for logger in ours for handler in logger.handlers}:
            if isinstance(handler, call_lines.CallLines):
                drained(handler)
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers


def drained(handler: call_lines.CallLines) -> None:
    """Its thread goes on for ever: what it holds must not arrive in the next test."""
    for _ in range(500):
        if not handler._lines:
            break
        time.sleep(0.01)
    time.sleep(5 * call_lines.PAUSE_S)


@pytest.fixture
def asked_for_the_call() -> Iterator[None]:
    """As in a replica while it answers a request of another application."""
    session = f"call:{CALL.call_id}:{CALL.tenant}"
    token = serve_context._serve_request_context.set(serve_context._RequestContext(session_id=session))  # type: ignore[arg-type]
    yield
    serve_context._serve_request_context.reset(token)


OF_CALL = {"call_id": CALL.call_id, "tenant": CALL.tenant}
OF_PROCESS = {"stage": "speech-recognizer", "application": "speech-recognizer-v2", "version": "cafe01"}


def test_every_line_names_stage_and_version_and_those_of_a_call_the_call(written: Written) -> None:
    ours, serves = logging.getLogger("deployments.stage"), logging.getLogger(logs.SERVE_LOGGER)
    for logger in (ours, serves):
        logger.info("before")
        with working_on(CALL):
            logger.info("at work")
    lines = written.lines()
    assert all(OF_PROCESS.items() <= line.items() for line in lines)
    assert [OF_CALL.items() <= line.items() for line in lines] == [False, True, False, True]
    assert not {"call_id", "tenant"} & set(lines[0])


@pytest.mark.usefixtures("asked_for_the_call")
def test_stage_learns_the_call_from_the_request_and_a_gateway_does_not(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call_of_request() == CALL
    logging.getLogger("callytics.engines").warning("slow")
    assert OF_CALL.items() <= written.lines()[0].items()
    (fields,) = logging.getLogger(logs.SERVE_LOGGER).filters
    monkeypatch.setitem(fields.of_process, "stage", logs.GATEWAY)  # type: ignore[union-attr]
    logging.getLogger("callytics.api").warning("a client may send any session")
    assert "call_id" not in written.lines()[1]


@pytest.mark.parametrize("session", ["", "a client's", f"call:{CALL.call_id}", f"call:{CALL.call_id}:a b"])
def test_request_of_an_older_version_belongs_to_no_call(session: str) -> None:
    token = serve_context._serve_request_context.set(serve_context._RequestContext(session_id=session))  # type: ignore[arg-type]
    assert call_of_request() is None
    serve_context._serve_request_context.reset(token)


def test_requests_name_the_call_that_is_worked_on() -> None:
    handle = SimpleNamespace(options=lambda **options: options)
    assert with_call(handle) is handle
    with working_on(CALL):
        assert with_call(handle) == {"session_id": f"call:{CALL.call_id}:{CALL.tenant}"}


@pytest.mark.parametrize("name", ["deployments.stage", logs.SERVE_LOGGER])
def test_the_text_of_an_exception_is_not_logged_while_a_call_is_worked_on(
    written: Written, name: str
) -> None:
    def fail() -> None:
        try:
            raise ValueError(WORDS)
        except ValueError as error:
            raise NotFoundError("call_not_found", WORDS) from error

    for call in (CALL, None):
        with working_on(call):
            try:
                fail()
            except NotFoundError:
                logging.getLogger(name).exception("Request failed.")
    of_call, of_none = written.lines()
    assert WORDS not in str(of_call)
    assert "builtins.ValueError" in of_call["exc_text"]
    assert "NotFoundError: call_not_found" in of_call["exc_text"]
    assert "replica/test_logs.py" in of_call["exc_text"]
    assert "Traceback" in of_none["exc_text"]  # weights that are missing, for example: it says all


def test_lines_of_a_call_go_to_the_store_in_batches_and_no_others_do(written: Written) -> None:
    logger = logging.getLogger("deployments.stage")
    logger.info("of no call")
    with working_on(CALL):
        logger.debug("not so low")
        logger.info("done in %.2f s", 1.5)
        logging.getLogger(logs.ACCESS_LOGGER).info("GET 200", extra=OF_CALL)
        logging.getLogger(logs.SERVE_LOGGER).info("whatever a library prints: %s", WORDS)
        try:
            raise ValueError(WORDS)
        except ValueError:
            logger.exception("failed")
    for _ in range(500):
        if len(written.sent) >= 2:
            break
        time.sleep(0.01)
    assert [sent["message"] for sent in written.sent] == ["done in 1.50 s", "failed"]
    done, failed = written.sent
    assert {
        **OF_CALL,
        **OF_PROCESS,
        "replica": "r1",
        "level": "INFO",
        "message": "done in 1.50 s",
    }.items() <= done.items()
    assert (failed["level"], failed["message"]) == ("ERROR", "failed")
    assert "builtins.ValueError" in failed["traceback"]
    assert WORDS not in str(written.sent)


def test_lines_that_do_not_arrive_are_dropped_and_later_ones_go_on(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older database-service does not know the method."""
    attempts: list[int] = []

    def send(lines: list[dict[str, Any]]) -> None:
        attempts.append(len(lines))
        if len(attempts) == 1:
            raise AttributeError(call_lines.METHOD)

    monkeypatch.setattr(call_lines, "send", send)
    for expected in (1, 2):
        with working_on(CALL):
            logging.getLogger("deployments.stage").info("done")
        for _ in range(500):
            if len(attempts) == expected:
                break
            time.sleep(0.01)
    assert attempts == [1, 1]
    warnings = [line for line in written.lines() if line["levelname"] == "WARNING"]
    assert ["AttributeError" in line["message"] for line in warnings] == [True]
    assert "call_id" not in warnings[0]


@pytest.mark.usefixtures("asked_for_the_call")
def test_call_that_leaves_its_batch_logs_under_its_own_name(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch as a whole fails for one of its calls; each then runs by itself."""
    doubler = replica("Doubler", monkeypatch)
    doubler.reconfigure({"max_batch_size": 2, "batch_wait_timeout_s": 0.5})
    seen: list[CallContext | None] = []

    def note(self: Any, number: int) -> int:
        seen.append(call_of_request())
        return 2 * number

    monkeypatch.setattr(type(doubler._engine), "__call__", note)

    async def both() -> list[Any]:
        def refuse(calls: list[tuple[int]]) -> list[int]:
            raise NotFoundError("unlucky", "one of them")

        monkeypatch.setattr(doubler._engine, "batch", refuse)
        return list(await asyncio.gather(doubler(1), doubler(2)))

    answers = asyncio.run(both())
    assert not any(isinstance(answer, Refused) for answer in answers)
    assert seen == [CALL, CALL]


def test_worker_of_a_batch_names_the_call_of_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    """With the real worker and a tiny engine that fails with words of the call."""
    step = next(steps for steps in by_stage() if steps[0].name == "speech-recognizer")[:1]
    args = {"engine": "tests.deployments.tiny_engines:TinyRecognizer", "options": {"fail": True}}
    stage = stage_config("speech-recognizer", args)
    values = dict.fromkeys(step[0].inputs) | {RECORDING: Recording(CALL.call_id, "x"), RUNS: (), ITEM: None}
    row = {name: [pickle.dumps(value)] for name, value in values.items()}
    row |= {NODES: [pickle.dumps(())], FAILURE: [None]}
    ours = [logging.getLogger(name) for name in log_fields.OURS]
    before = [(logger, logger.level, logger.propagate, list(logger.handlers)) for logger in ours]
    try:
        log_fields.to_worker_log("speech-recognizer", stage.config_hash)
        table = StageWorker(step, stage, CALL.tenant)(
            pa.table({n: pa.array(c, pa.large_binary()) for n, c in row.items()})
        )
    finally:
        for handler in {handler for logger in ours for handler in logger.handlers}:
            if isinstance(handler, call_lines.CallLines):
                drained(handler)
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
    assert pickle.loads(table.column(FAILURE).to_pylist()[0]).code == "stage_crashed"
    failed, ended = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    for line in (failed, ended):
        assert OF_CALL.items() <= line.items()
        assert (line["stage"], line["application"]) == ("speech-recognizer", "backfill")
        assert line["version"] == stage.config_hash
    assert "told to fail" not in str(failed)
    assert "builtins.RuntimeError" in failed["exc_text"]
