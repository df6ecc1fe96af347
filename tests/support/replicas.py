"""Replicas of a stage without Serve."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from ray import serve

from callytics.domain import Conversation
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.errors import InvalidRequestError
from deployments import stage
from deployments.stage import EngineReplica


class Doubler:
    """Doubles numbers; refuses 13, alone and in a batch."""

    model = "doubler"
    model_revision = "1"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, number: int) -> int:
        if number == 13:
            raise InvalidRequestError("unlucky", "not 13")
        return 2 * number

    def refuse(self, number: int) -> int:
        return self(number)

    def batch(self, calls: list[tuple[int]]) -> list[int]:
        self.batches.append(len(calls))
        return [self(*call) for call in calls]


class Slow:
    """Works, converts and probes until it is told to end."""

    model = "slow"
    model_revision = "1"

    def __init__(self) -> None:
        self.end = threading.Event()

    def __call__(self, number: int) -> int:
        self.end.wait(30)
        return number

    def convert(self) -> None:
        self.end.wait(30)

    def probe(self) -> str:
        return "probed"


class Queued:
    """Puts its numbers in a queue of batches, the first of which waits until it is told to end."""

    model = "queued"
    model_revision = "1"

    def __init__(self) -> None:
        self.end = threading.Event()
        self.computed: list[int] = []
        self.is_closed = False
        self.queue = BatchQueue(self._compute, kind=lambda number: Kind("numbers", 1))

    def __call__(self, number: int) -> int:
        return self.queue([number])[0]

    def close(self) -> None:
        self.is_closed = True
        self.queue.close()

    def _compute(self, numbers: Sequence[int], prepared: None) -> list[int]:
        self.computed += numbers
        self.end.wait(60)
        return list(numbers)


class Single:
    model = "single"
    model_revision = "1"

    def __call__(self, conversation: Conversation) -> Conversation:
        return conversation


def replica(engine: str, monkeypatch: pytest.MonkeyPatch, concurrency: int = 1) -> EngineReplica:
    config = SimpleNamespace(max_ongoing_requests=16)
    context = SimpleNamespace(app_name="doubler", _deployment_config=config)
    monkeypatch.setattr(serve, "get_replica_context", lambda: context)
    monkeypatch.setattr(stage, "to_serve_log", lambda *names: None)  # this process is no replica
    return EngineReplica(
        "punctuation-restorer", {"engine": f"{__name__}:{engine}", "concurrency": concurrency}
    )
