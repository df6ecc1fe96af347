"""A graph in one process for CallRun: the real store, engines that count their calls, handles without Ray."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from callytics.config import ENGINE_STAGES, StageConfig
from callytics.domain import StageRun
from callytics.store import AsyncStore, CallStore, NewCall
from deployments.pipeline import shadow, stage_caller
from deployments.pipeline.call_run import CallRun
from deployments.pipeline.circuit import Circuit
from deployments.pipeline.routing import Assignment
from deployments.pipeline.shadow import ShadowRuns
from deployments.stage import StageInfo, StageOutput
from tests.deployments import tiny_engines

TINY_ENGINES = {
    "audio-processor": "TinyAudioProcessor",
    "speaker-diarizer": "TinyDiarizer",
    "speech-recognizer": "TinyRecognizer",
    "punctuation-restorer": "TinyPunctuation",
    "sentiment-analyzer": "TinySentiment",
    "llm-analyzer": "TinyAnalyzer",
}


class _Method:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.remote = function


@dataclass
class FakeStage:
    """Stands for a Serve handle. ``errors`` are raised by the next calls, one each; ``held`` calls wait until it is
    set; the stage does not answer while it is ``away``. ``error_types`` are errors that are made only then."""

    name: str
    stage: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    error_types: list[Callable[[], Exception]] = field(default_factory=list)
    away: Exception | None = None
    calls: int = 0
    held: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.stage = self.stage or self.name

    @property
    def describe(self) -> _Method:
        async def describe() -> StageInfo:
            if self.away is not None:
                raise self.away
            return self._info()

        return _Method(describe)

    def _info(self) -> StageInfo:
        config = StageConfig(self.stage, TINY_ENGINES[self.stage], self.options)
        return StageInfo(self.name, config.engine, "tiny", "1", config.config_hash)

    def remote(self, *inputs: Any) -> asyncio.Future[StageOutput]:
        async def work() -> StageOutput:
            self.calls += 1
            await asyncio.sleep(0)
            if self.held is not None:
                await self.held.wait()
            if self.errors:
                raise self.errors.pop(0)
            if self.error_types:
                raise self.error_types.pop(0)()
            values = [await i if isinstance(i, asyncio.Future) else i for i in inputs]
            values = [v.value if isinstance(v, StageOutput) else v for v in values]
            engine = getattr(tiny_engines, TINY_ENGINES[self.stage])(**self.options)
            return StageOutput(engine(*values), self._info(), 0.01)

        return asyncio.ensure_future(work())


@dataclass
class FakeGraph:
    store: CallStore
    stages: dict[str, FakeStage]
    assignments: dict[str, Assignment] = field(
        default_factory=lambda: {stage: Assignment(stage) for stage in ENGINE_STAGES}
    )
    passed_s: float = 0.0
    timeouts_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ENGINE_STAGES, 10.0))

    def __post_init__(self) -> None:
        self.circuits = defaultdict[str, Circuit](lambda: Circuit(lambda: time.monotonic() + self.passed_s))

    def pass_time(self, seconds: float) -> None:
        """For circuits and for calls that wait in the queue."""
        self.passed_s += seconds
        with self.store._write() as session:
            session.execute(
                text("UPDATE calls SET available_at_ms = available_at_ms - :ms"), {"ms": seconds * 1000}
            )

    def submit(self, uri: str = "call.wav") -> str:
        return self.store.create_call(NewCall("c1", uri, 1, tiny_engines.MEDIA)).call.id

    def work(self, max_shadow_runs: int = 4) -> None:
        """Lease the next call and run it to its end, shadows included."""
        asyncio.run(self._work(max_shadow_runs))

    async def _work(self, max_shadow_runs: int) -> None:
        shadows = self.shadow_runs(max_shadow_runs)
        await self.run_leased(shadows)
        await asyncio.gather(*shadows._tasks)

    def shadow_runs(self, max_running: int = 4, timeout_s: float = 10.0) -> ShadowRuns:
        timeouts_s = dict.fromkeys(ENGINE_STAGES, timeout_s)
        return ShadowRuns(AsyncStore.local(self.store), timeouts_s, max_running)

    async def run_leased(self, shadows: ShadowRuns) -> None:
        lease = self.store.lease("test", 60.0)
        assert lease is not None, "no call to lease"
        store = AsyncStore.local(self.store)
        run = CallRun(
            lease, store, self.assignments, shadows, self.timeouts_s, self.circuits, stage_patience_s=0.0
        )
        await run.execute()

    def runs_of(self, application: str) -> list[StageRun]:
        return [found.run for found in self.store.version_runs([application])]

    def counts(self) -> dict[str, int]:
        return {name: stage.calls for name, stage in self.stages.items()}


@pytest.fixture
def graph_database_url(tmp_path: Path) -> str:
    """Override it for a graph on another database."""
    return f"sqlite:///{tmp_path / 'calls.db'}"


@pytest.fixture
def graph(graph_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGraph]:
    stages = {name: FakeStage(name) for name in ENGINE_STAGES}

    async def handle(application: str) -> FakeStage:
        return stages[application]

    async def no_pause(seconds: float) -> None:
        await real_sleep(0)

    real_sleep = asyncio.sleep
    monkeypatch.setattr(stage_caller, "application_handle", handle)
    monkeypatch.setattr(shadow, "application_handle", handle)
    monkeypatch.setattr(asyncio, "sleep", no_pause)
    store = CallStore(graph_database_url)
    yield FakeGraph(store, stages)
    store.close()
