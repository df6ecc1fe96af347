"""Several stages in one replica: the same results as in replicas of their own, and each still itself."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import serve
from typer.testing import CliRunner

from callytics.api import StageHealth
from callytics.cli.app import app
from callytics.config import engine_blocks, load_stages, split_address
from callytics.conversation.turns import attribute
from callytics.domain import CallOptions
from callytics.errors import ConfigError, InvalidRequestError
from callytics.in_process import recording_at
from callytics.pipeline import InProcess
from deployments import handles, stage
from deployments.monitoring import Monitoring
from deployments.operations import local, local_command, serve_api
from deployments.operations.placement_config import (
    APPLICATION,
    SMALL_STAGES,
)
from deployments.replica import placement
from deployments.replica.answers import Refused
from deployments.replica.log_fields import Fields
from deployments.replica.placement import PlacedStages
from deployments.stage import EngineReplica, StageOutput
from tests.support.placements import CONFIG, PROJECT, block, together

DOUBLER = {"engine": "tests.support.replicas:Doubler", "concurrency": 1, "options": {}}
SLOW = {"engine": "tests.support.replicas:Slow", "concurrency": 1, "options": {}}


@pytest.fixture(autouse=True)
def _in_no_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(
        app_name=APPLICATION, _deployment_config=SimpleNamespace(max_ongoing_requests=16)
    )
    monkeypatch.setattr(serve, "get_replica_context", lambda: context)
    monkeypatch.setattr(stage, "to_serve_log", lambda *names: None)
    monkeypatch.setattr(placement, "to_serve_log", lambda *names: None)
    monkeypatch.setattr(placement.endpoints, "provide", lambda kind: None)


def placed(**stages: dict[str, Any]) -> Any:
    kind: Any = PlacedStages.func_or_class  # type: ignore[attr-defined]
    return kind({name.replace("_", "-"): args for name, args in stages.items()})


# ---------------------------------------------------------------- the replica


def test_each_placed_stage_has_its_own_engine_version_and_address() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)
    first, second = both.describe("punctuation-restorer"), both.describe("sentiment-analyzer")
    assert (first.application, first.engine) == (f"{APPLICATION}.punctuation-restorer", DOUBLER["engine"])
    assert (second.application, second.model) == (f"{APPLICATION}.sentiment-analyzer", "slow")
    alone = EngineReplica("punctuation-restorer", DOUBLER)
    assert first.config_hash == alone.describe().config_hash  # so that results are reused across placements
    assert both.describe_all() == (first, second)


def test_placed_stage_answers_and_refuses_as_an_application_of_its_own() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)
    both.reconfigure({})

    async def ask() -> tuple[Any, Any, Any]:
        done = await both.run(
            "punctuation-restorer", StageOutput(4, both.describe("punctuation-restorer"), 0.0)
        )
        return (
            done,
            await both.run("punctuation-restorer", 13),
            await both.call("punctuation-restorer", "refuse", 3),
        )

    output, refused, other = asyncio.run(ask())
    assert (output.value, other) == (8, 6)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, InvalidRequestError)


def test_stage_that_is_at_work_does_not_keep_its_neighbour_waiting() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)

    async def ask() -> Any:
        busy = asyncio.create_task(both.run("sentiment-analyzer", 1))
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(both.run("punctuation-restorer", 4), 5)
        finally:
            both._stages["sentiment-analyzer"]._engine.end.set()
            await busy

    assert asyncio.run(ask()).value == 8


def test_batches_are_set_per_stage() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)
    both.reconfigure({"punctuation-restorer": {"max_batch_size": 2}})
    with pytest.raises(ConfigError, match="takes no batches"):
        both.reconfigure({"sentiment-analyzer": {"max_batch_size": 2}})
    with pytest.raises(ConfigError, match="llm-analyzer, not placed here"):
        both.reconfigure({"llm-analyzer": {}})


def test_engine_that_crashes_again_and_again_has_the_process_replaced() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)

    async def crash() -> None:
        for _ in range(EngineReplica.MAX_CRASHES_IN_A_ROW):
            with pytest.raises(TypeError):
                await both.run("punctuation-restorer", None)

    both.check_health()
    asyncio.run(crash())
    with pytest.raises(RuntimeError, match="Doubler crashed 3 times"):
        both.check_health()


def test_log_lines_name_the_stage_that_wrote_them(monkeypatch: pytest.MonkeyPatch) -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=DOUBLER)
    fields, lines = Fields({"stage": "the process's", "application": APPLICATION}), []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((vars(record)["stage"], vars(record)["application"]))

    handler = Handler()
    handler.addFilter(fields)
    monkeypatch.setattr(stage.logger, "handlers", [handler])
    monkeypatch.setattr(stage.logger, "propagate", False)
    level = stage.logger.level
    stage.logger.setLevel(logging.INFO)

    async def ask() -> None:
        await asyncio.gather(*(both.run(name, 4) for name in ("sentiment-analyzer", "punctuation-restorer")))

    try:
        asyncio.run(ask())
    finally:
        stage.logger.setLevel(level)
    assert sorted(lines) == [
        (s, f"{APPLICATION}.{s}") for s in ("punctuation-restorer", "sentiment-analyzer")
    ]


def test_handle_of_a_placed_stage_is_as_that_of_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Method:
        def __init__(self, name: str) -> None:
            self.name = name

        def remote(self, *arguments: Any) -> str:
            asked.append((self.name, *arguments))
            return self.name

    class Handle:
        def options(self, **options: Any) -> Handle:
            asked.append(options)
            return self

        def __getattr__(self, name: str) -> Method:
            return Method(name)

    monkeypatch.setattr(handles, "_cached_handle", lambda name: asked.append(name) or Handle())

    async def ask() -> None:
        handle = await handles.application_handle(f"{APPLICATION}.llm-analyzer")
        handle.options(session_id="s").remote("a", "b")
        handle.describe.remote()

    asyncio.run(ask())
    assert asked == [
        APPLICATION,
        {"session_id": "s"},
        ("run", "llm-analyzer", "a", "b"),
        ("describe", "llm-analyzer"),
    ]


def test_monitoring_tells_of_every_stage_behind_the_one_process() -> None:
    both = placed(punctuation_restorer=DOUBLER, sentiment_analyzer=SLOW)
    kind = Monitoring.func_or_class  # type: ignore[attr-defined]
    monitoring: Any = object.__new__(kind)
    monitoring._placed = {}

    async def placed_in(name: str) -> Any:
        return both.describe_all()

    monitoring._placed_in = placed_in
    errors = {"sentiment-analyzer": "stage_crashed: no"}

    def health(replicas: int) -> list[StageHealth]:
        deployment = SimpleNamespace(replica_states={"RUNNING": replicas}, message="it is starting")
        status = SimpleNamespace(value="RUNNING" if replicas else "DEPLOYING")
        of = SimpleNamespace(status=status, message="", deployments={"PlacedStages": deployment})
        found: list[StageHealth] = asyncio.run(monitoring._application(APPLICATION, of, errors))
        return found

    process, first, second = health(1)
    assert (process.name, process.engine, process.healthy) == (APPLICATION, "", True)
    assert (first.name, first.model, first.last_error) == (
        f"{APPLICATION}.punctuation-restorer",
        "doubler",
        "",
    )
    assert (second.name, second.last_error) == (f"{APPLICATION}.sentiment-analyzer", "stage_crashed: no")
    assert [(one.healthy, one.message) for one in health(0)] == [(False, "it is starting")] * 3


def test_status_of_the_graph_shows_what_is_in_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    details = {"status": "RUNNING", "deployments": {}, "deployed_app_config": block(together(), APPLICATION)}
    state = serve_api._state(APPLICATION, details)
    assert state.placed == tuple(f"{APPLICATION}.{name}" for name in SMALL_STAGES)
    assert serve_api._state("monitoring", {**details, "deployed_app_config": None}).placed == ()
    run = local.Run("run", str(tmp_path / "c.yaml"), 1, 2, str(tmp_path), 0.0)
    monkeypatch.setattr(local, "home_folder", lambda: tmp_path)
    monkeypatch.setattr(local, "status", lambda home: local.Status(run, (state,)))
    monkeypatch.setattr(local_command.console, "width", 200, raising=False)
    shown = CliRunner().invoke(app, ["status"]).stdout
    assert all(f"  {address} " in shown for address in state.placed)


# ---------------------------------------------------------------- the same results


@pytest.mark.slow
def test_placed_engines_give_the_same_bytes_as_engines_alone() -> None:
    """The sample call through all of them, three calls at once: neighbours change nothing."""
    blocks = engine_blocks(block(together(), APPLICATION))
    args = {split_address(b.address)[1]: {"options": {}, "concurrency": 1, **b.args} for b in blocks}
    both = placed(**{name.replace("-", "_"): of_one for name, of_one in args.items()})
    alone, options = InProcess(load_stages(CONFIG)), CallOptions()
    recording = recording_at(PROJECT / "sample" / "call.mp3")

    def steps(run: Any) -> list[Any]:
        audio = run("audio-processor", recording, options)
        spoken = conversation(audio)
        punctuated = run("punctuation-restorer", spoken)
        return [audio, punctuated, run("sentiment-analyzer", punctuated), run("llm-analyzer", punctuated)]

    def conversation(audio: Any) -> Any:
        return attribute(alone.engine("speaker-diarizer")(audio, options), transcript)

    transcript = alone.engine("speech-recognizer")(
        alone.engine("audio-processor")(recording, options), options
    )
    expected = steps(lambda name, *inputs: alone.engine(name)(*inputs))
    with ThreadPoolExecutor(3) as pool:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def run(name: str, *inputs: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(both.run(name, *inputs), loop).result(120).value

        found = list(pool.map(lambda _: steps(run), range(3)))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
    for each in found:
        assert [pickle.dumps(one) for one in each] == [pickle.dumps(one) for one in expected]
