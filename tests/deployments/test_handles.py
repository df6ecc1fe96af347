"""Calls between applications: errors as they were raised, patience where a replica is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from callytics.errors import InvalidMediaError, NotFoundError, UnavailableError
from callytics.store import CallStore
from deployments import handles


async def _raise(error: Exception) -> Any:
    raise error


def test_the_error_of_a_replica_arrives_as_it_was_raised() -> None:
    cause = InvalidMediaError("media_empty", "The file is empty.")
    inner = RayTaskError("f", "Traceback ...", cause)
    for error in (inner, inner.as_instanceof_cause(), RayTaskError("g", "Traceback ...", inner)):
        with pytest.raises(InvalidMediaError) as raised:
            asyncio.run(handles.unwrapped(_raise(error)))
        assert raised.value.message == "The file is empty."
        assert not isinstance(raised.value, RayTaskError)


def test_lost_replica_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [ActorDiedError(), UnavailableError("stage_not_deployed", "")]
    pauses = []

    async def call() -> str:
        if errors:
            raise errors.pop()
        return "there"

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(handles.asyncio, "sleep", sleep)
    assert asyncio.run(handles.patiently(call, 10.0)) == "there"
    assert pauses == [0.5, 1.0]


def test_patience_ends() -> None:
    with pytest.raises(ActorDiedError):
        asyncio.run(handles.patiently(lambda: _raise(ActorDiedError()), 0.0))


def test_answer_that_is_an_error_is_not_asked_for_again() -> None:
    calls = 0

    async def call() -> None:
        nonlocal calls
        calls += 1
        raise InvalidMediaError("media_empty", "")

    with pytest.raises(InvalidMediaError):
        asyncio.run(handles.patiently(call, 10.0))
    assert calls == 1


def test_attempt_that_is_never_answered_ends() -> None:
    """Serve keeps requests back while a deployment has no replica."""
    with pytest.raises(UnavailableError) as raised:
        asyncio.run(handles.patiently(lambda: asyncio.sleep(3600), 0.0, answer_within_s=0.01))
    assert raised.value.code == "no_answer"


def test_time_out_of_the_call_itself_is_not_ours() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(handles.patiently(lambda: _raise(TimeoutError()), 0.0))


class PlayedDatabase:
    """The handle of database-service: its answers in turn, an exception is raised."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.call = self

    async def remote(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> PlayedDatabase:
    played = PlayedDatabase()

    async def application_handle(name: str) -> PlayedDatabase:
        return played

    async def sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr(handles, "application_handle", application_handle)
    monkeypatch.setattr(handles.asyncio, "sleep", sleep)
    return played


MISSING = NotFoundError("call_not_found", "No such call.")


def test_delete_that_is_repeated_after_a_lost_answer_is_no_404(database: PlayedDatabase) -> None:
    database.answers = [ActorDiedError(), MISSING]
    asyncio.run(handles.store_client(10.0)(CallStore.delete_call, "a call"))
    database.answers = [ActorDiedError(), MISSING]
    asyncio.run(handles.store_client(10.0)(CallStore.delete_webhook, "an endpoint", "default"))
    assert database.answers == []


def test_delete_of_what_is_not_there_is_a_404(database: PlayedDatabase) -> None:
    database.answers = [MISSING]
    with pytest.raises(NotFoundError):
        asyncio.run(handles.store_client(10.0)(CallStore.delete_call, "a call"))


def test_question_that_is_repeated_keeps_its_404(database: PlayedDatabase) -> None:
    database.answers = [ActorDiedError(), MISSING]
    with pytest.raises(NotFoundError):
        asyncio.run(handles.store_client(10.0)(CallStore.get_call, "a call"))


def test_unrepeatable_method_is_not_repeated(database: PlayedDatabase) -> None:
    database.answers = [ActorDiedError(), None]
    with pytest.raises(UnavailableError):
        asyncio.run(handles.store_client(10.0)(CallStore.retry_call, "a call"))
    assert database.answers == [None]
