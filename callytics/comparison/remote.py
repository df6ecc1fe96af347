"""A comparison over a store in another process: of the newest calls, in a thread, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from callytics.comparison.versions import Comparison, compare
from callytics.errors import UnavailableError
from callytics.store import AsyncStore, CallStore, VersionRun

MAX_CALLS = 200
"""Per version, the newest: every output is read. `callytics compare` reads all."""

ANSWER_WITHIN_S = 60.0

Result = TypeVar("Result")
_running: set[int] = set()


async def compare_newest(store: AsyncStore, first: str, second: str, since_ms: int) -> Comparison:
    """
    Raises:
        NotFoundError, InvalidRequestError: as compare.
        UnavailableError: ``comparison_running``: another one is being made here.
    """
    if _running:
        raise UnavailableError(
            "comparison_running", "Another comparison is being made; try again in a minute."
        )
    _running.add(id(store))
    try:
        source = _Source(store, asyncio.get_running_loop())
        return await asyncio.to_thread(compare, source, first, second, None, since_ms)
    finally:
        _running.clear()


class _Source:
    """What compare asks of a store, from a thread."""

    def __init__(self, store: AsyncStore, loop: asyncio.AbstractEventLoop) -> None:
        self._store = store
        self._loop = loop

    def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        runs = self._answer(self._store(CallStore.version_runs, applications, since_ms))
        newest: list[VersionRun] = []
        for application in applications:
            of_one = [run for run in runs if run.run.application == application]
            newest += sorted(of_one, key=lambda run: run.ended_at_ms)[-MAX_CALLS:]
        return tuple(newest)

    def version_output(self, call_id: str, application: str) -> Any | None:
        return self._answer(self._store(CallStore.version_output, call_id, application))

    def _answer(self, question: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(ANSWER_WITHIN_S)
