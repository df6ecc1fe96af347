"""Routes of call-pipeline: in force from the start, changed while it runs, and never lost to a typing error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callytics.errors import ConfigError
from deployments.call_pipeline import CallPipeline, PipelineArgs

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


def test_a_change_is_in_force_at_once_and_its_removal_too() -> None:
    assert configured(None, ROUTES)[0]["routes"]["speech-recognizer"]["weights"] == {
        "speech-recognizer": 9,
        "speech-recognizer-v2": 1,
    }
    assert configured(ROUTES, None)[0]["routes"] == {}


def test_a_replica_does_not_start_with_wrong_routes() -> None:
    with pytest.raises(ConfigError, match="speech-recogniser"):
        configured(WRONG)


def test_a_wrong_change_keeps_the_routes_and_says_why() -> None:
    routing, takes_calls = configured(ROUTES, WRONG)
    assert set(routing["routes"]) == {"speech-recognizer"}
    assert "no stage is named speech-recogniser" in routing["rejected"]
    assert takes_calls
    assert configured(ROUTES, WRONG, ROUTES)[0]["rejected"] == ""
