"""Routes of call-pipeline: in force from the start, changed while it runs, and never lost to a typing error; and its
arguments."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.call_pipeline import CallPipeline, PipelineArgs
from deployments.operations.code_revision import SourceTree
from deployments.operations.config_check import check_arguments

ROUTES = {"routes": {"speech-recognizer": {"weights": {"speech-recognizer": 9, "speech-recognizer-v2": 1}}}}
WRONG: dict[str, Any] = {"routes": {"speech-recogniser": {}}}


class Pipeline(CallPipeline.func_or_class):  # type: ignore[misc, name-defined]
    """Without Ray: takes no calls, and notes that it would."""

    def __init__(self) -> None:
        super().__init__(PipelineArgs())
        self.takes_calls = False

    async def _take_calls(self) -> None:
        self.takes_calls = True
        await asyncio.sleep(60)


def configured(*user_configs: dict[str, Any] | None) -> tuple[dict[str, Any], bool]:
    """The routes after these configurations, and whether calls are taken."""

    async def run() -> tuple[dict[str, Any], bool]:
        pipeline = Pipeline()
        await asyncio.sleep(0)
        assert not pipeline.takes_calls  # it does not know yet by which routes
        for user_config in user_configs:
            await pipeline.reconfigure(user_config, rank=0)
        await asyncio.sleep(0)
        pipeline.check_health()
        await pipeline.__del__()
        return pipeline.routing(), pipeline.takes_calls

    return asyncio.run(run())


def test_without_user_config_calls_are_taken_without_routes() -> None:
    assert configured(None) == ({"routes": {}, "rejected": ""}, True)


def test_change_is_in_force_at_once_and_its_removal_too() -> None:
    assert configured(None, ROUTES)[0]["routes"]["speech-recognizer"]["weights"] == {
        "speech-recognizer": 9,
        "speech-recognizer-v2": 1,
    }
    assert configured(ROUTES, None)[0]["routes"] == {}


def test_replica_does_not_start_with_wrong_routes() -> None:
    with pytest.raises(ConfigError, match="speech-recogniser"):
        configured(WRONG)


def test_wrong_change_keeps_the_routes_and_says_why() -> None:
    routing, takes_calls = configured(ROUTES, WRONG)
    assert set(routing["routes"]) == {"speech-recognizer"}
    assert "no stage is named speech-recogniser" in routing["rejected"]
    assert takes_calls
    assert configured(ROUTES, WRONG, ROUTES)[0]["rejected"] == ""


@pytest.mark.parametrize("name", ["serve_config.cpu.yaml", "serve_config.yaml"])
def test_the_timeouts_of_the_configurations(name: str) -> None:
    document = yaml.safe_load((Path(__file__).parents[2] / name).read_text(encoding="utf-8"))
    (pipeline,) = [app for app in document["applications"] if app["name"] == "call-pipeline"]
    args = PipelineArgs(**pipeline["args"])
    assert set(args.timeouts_s) == set(ENGINE_STAGES)
    assert args.timeouts() == args.timeouts_s


def test_stages_without_a_timeout_of_their_own_share_one() -> None:
    timeouts_s = PipelineArgs(timeouts_s={"llm-analyzer": 5}, stage_timeout_s=60).timeouts()
    assert timeouts_s == dict.fromkeys(ENGINE_STAGES, 60.0) | {"llm-analyzer": 5.0}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"timeouts_s": {"llm-analyser": 5}}, "timeouts_s.*no stage is named llm-analyser"),
        ({"timeouts_s": {"llm-analyzer": 0}}, "greater than 0"),
        ({"stages": {"analysis": "llm-analyzer"}}, "stages.*no stage is named analysis"),
    ],
)
def test_wrong_arguments_are_refused_before_a_deploy(args: dict[str, Any], says: str) -> None:
    application = {
        "name": "call-pipeline",
        "import_path": "deployments.call_pipeline:build",
        "args": args,
    }
    with pytest.raises(ConfigError, match=says):
        check_arguments([application], SourceTree([Path(__file__).parents[2]]))
