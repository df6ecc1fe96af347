"""A graph in one process for CallRun: the real store, engines that count their calls, handles without Ray."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from callytics.config import ENGINE_STAGES, StageConfig
from callytics.store import AsyncStore, CallStore, NewCall
from deployments import call_run
from deployments.call_run import CallRun
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
    """Stands for a Serve handle. ``errors`` are raised by the next calls, one each."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    calls: int = 0

    @property
    def describe(self) -> _Method:
        async def describe() -> StageInfo:
            return self._info()

        return _Method(describe)

    def _info(self) -> StageInfo:
        config = StageConfig(self.name, TINY_ENGINES[self.name], self.options)
        return StageInfo(self.name, config.engine, "tiny", "1", config.config_hash)

    def remote(self, *inputs: Any) -> asyncio.Future[StageOutput]:
        async def work() -> StageOutput:
            self.calls += 1
            await asyncio.sleep(0)
            if self.errors:
                raise self.errors.pop(0)
            values = [await i if isinstance(i, asyncio.Future) else i for i in inputs]
            values = [v.value if isinstance(v, StageOutput) else v for v in values]
            engine = getattr(tiny_engines, TINY_ENGINES[self.name])(**self.options)
            return StageOutput(engine(*values), self._info(), 0.01)

        return asyncio.ensure_future(work())


@dataclass
class FakeGraph:
    store: CallStore
    stages: dict[str, FakeStage]

    def submit(self, uri: str = "call.wav") -> str:
        return self.store.create_call(NewCall("c1", uri, 1, tiny_engines.MEDIA)).call.id

    def work(self) -> None:
        """Lease the next call and run it to its end."""
        lease = self.store.lease("test", 60.0)
        assert lease is not None, "no call to lease"
        names = {stage: stage for stage in ENGINE_STAGES}
        asyncio.run(CallRun(lease, AsyncStore.local(self.store), names, 10.0).execute())

    def counts(self) -> dict[str, int]:
        return {name: stage.calls for name, stage in self.stages.items()}


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGraph]:
    stages = {name: FakeStage(name) for name in ENGINE_STAGES}

    async def handle(application: str) -> FakeStage:
        return stages[application]

    async def no_pause(seconds: float) -> None:
        await real_sleep(0)

    real_sleep = asyncio.sleep
    monkeypatch.setattr(call_run, "application_handle", handle)
    monkeypatch.setattr(call_run.asyncio, "sleep", no_pause)
    store = CallStore(f"sqlite:///{tmp_path / 'calls.db'}")
    yield FakeGraph(store, stages)
    store.close()
