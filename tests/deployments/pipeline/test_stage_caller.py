"""A stage that takes too long: its request is cancelled, so that the replica computes nothing more for it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.pipeline import stage_caller
from deployments.pipeline.circuit import Circuit
from deployments.pipeline.stage_caller import StageCaller


class Response:
    """Never comes."""

    def __init__(self) -> None:
        self.is_cancelled = False

    def __await__(self) -> Generator[Any, None, Any]:
        return asyncio.get_running_loop().create_future().__await__()

    def cancel(self) -> None:
        self.is_cancelled = True


@pytest.mark.parametrize("timeout_s", [0.01, 3600.0], ids=["its time is over", "the call is cancelled"])
def test_request_that_is_not_waited_for_any_more_is_cancelled(
    timeout_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = Response()

    async def handle(application: str) -> Any:
        return SimpleNamespace(remote=lambda *arguments: response)

    monkeypatch.setattr(stage_caller, "application_handle", handle)
    caller = StageCaller("speech-recognizer", "call-1", Circuit(), 1.0, timeout_s)

    async def call() -> None:
        work = asyncio.create_task(caller.call([]))
        if timeout_s > 1:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            work.cancel()
        await work

    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        asyncio.run(call())
    assert response.is_cancelled
