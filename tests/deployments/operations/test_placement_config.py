"""The configuration with small stages in one process: that it can be deployed, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from callytics.config import ENGINE_STAGES, load_stages, split_address
from callytics.errors import ConfigError
from callytics.weights.needed import needed_weights
from deployments.operations.config_check import check_document
from deployments.operations.environments import read_pins
from deployments.operations.lock import sources_of_today
from deployments.operations.placement_config import (
    APPLICATION,
    ENVIRONMENT,
    SMALL_STAGES,
    with_small_stages_together,
)
from deployments.operations.preparation import versioned
from deployments.replica.placement import PlacementArgs
from tests.support.placements import CONFIG, PINS, block, shipped, together


def test_configuration_with_small_stages_together_is_one_that_can_be_deployed() -> None:
    document = together()
    names = [app["name"] for app in document["applications"]]
    assert len(names) == len(shipped()["applications"]) - len(SMALL_STAGES) + 1
    assert not set(names) & set(SMALL_STAGES)
    sources = sources_of_today()
    check_document(document, sources)
    locked = block(versioned(document, PINS, sources), APPLICATION)
    executable = locked["deployments"][0]["ray_actor_options"]["runtime_env"]["py_executable"]
    assert executable.startswith(f"callytics-python {ENVIRONMENT}@")
    assert block(document, "api-gateway")["args"]["audio_processor"] == f"{APPLICATION}.audio-processor"


def test_engines_and_options_are_those_of_the_configuration_they_came_from(tmp_path: Path) -> None:
    """So results are the same, and so are the keys of results that are kept."""
    path = tmp_path / "serve_config.yaml"
    path.write_text(yaml.safe_dump(together()), encoding="utf-8")
    assert load_stages(path) == load_stages(CONFIG)


def test_every_stage_has_its_own_versions_in_the_common_environment() -> None:
    """Bit for bit the same results: the same packages, at the same versions."""
    every = read_pins(PINS / f"{ENVIRONMENT}.txt")
    of_stages: dict[str, str] = {}
    for name in ENGINE_STAGES:
        of_stages |= read_pins(PINS / "cpu" / f"{name}.txt")
        assert read_pins(PINS / "cpu" / f"{name}.txt").items() <= every.items(), name
    assert every == of_stages


def test_weights_of_placed_stages_are_fetched_as_before() -> None:
    def found(document: dict[str, Any]) -> set[tuple[str, str]]:
        return {(split_address(n.application)[1] or n.application, n.name) for n in needed_weights(document)}

    assert found(together()) == found(shipped())


def with_versions(document: dict[str, Any]) -> dict[str, Any]:
    routes = {"sentiment-analyzer": {"weights": {"sentiment-analyzer": 9, "sentiment-analyzer-v2": 1}}}
    block(document, "call-pipeline")["deployments"][0]["user_config"] = {"routes": routes}
    return document


def with_replicas(document: dict[str, Any]) -> dict[str, Any]:
    block(document, "sentiment-analyzer")["deployments"][0]["num_replicas"] = 2
    return document


def with_environment(document: dict[str, Any]) -> dict[str, Any]:
    options = block(document, "sentiment-analyzer")["deployments"][0]["ray_actor_options"]
    options["runtime_env"] = {"py_executable": "callytics-python sentiment-analyzer"}
    return document


def with_card(document: dict[str, Any]) -> dict[str, Any]:
    block(document, "sentiment-analyzer")["deployments"][0]["ray_actor_options"]["num_gpus"] = 0.1
    return document


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (with_versions, r"several versions \(sentiment-analyzer, sentiment-analyzer-v2\)"),
        (with_replicas, "more replicas than one"),
        (with_environment, "environment sentiment-analyzer has other versions than cpu/all-stages"),
        (with_card, "share of a card"),
    ],
)
def test_stage_that_cannot_share_a_process_is_refused(change: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=f"sentiment-analyzer cannot share a process.*{says}"):
        with_small_stages_together(change(shipped()), PINS)


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"runtime_env": {}}, "sentiment-analyzer has runtime_env of its own"),
        ({"ray_actor_options": {}}, "has ray_actor_options of its own"),
        ({"concurency": 2}, "concurency"),
    ],
)
def test_placed_stage_has_nothing_that_is_of_a_process(own: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PlacementArgs.model_validate({"placement": {"sentiment-analyzer": {"engine": "a:B", **own}}})


def test_unknown_or_no_stage_is_refused() -> None:
    with pytest.raises(ValidationError, match="no stage is named sentiment"):
        PlacementArgs.model_validate({"placement": {"sentiment": {"engine": "a:B"}}})
    with pytest.raises(ValidationError):
        PlacementArgs.model_validate({"placement": {}})


def test_stage_that_is_placed_and_has_an_application_is_refused() -> None:
    document = together()
    document["applications"].append(block(shipped(), "llm-analyzer"))
    with pytest.raises(ConfigError, match=r"llm-analyzer is there 2 times.*small-stages\.llm-analyzer"):
        check_document(document, sources_of_today())


@pytest.mark.parametrize(
    ("application", "key", "says"),
    [
        ("call-pipeline", "stages", "call-pipeline asks .* set args.stages"),
        ("api-gateway", "audio_processor", "api-gateway asks audio-processor .* set args.audio_processor"),
    ],
)
def test_calls_that_would_not_reach_a_placed_stage_are_refused(application: str, key: str, says: str) -> None:
    document = copy.deepcopy(together())
    del block(document, application)["args"][key]
    with pytest.raises(ConfigError, match=says):
        check_document(document, sources_of_today())


def test_route_may_lead_to_a_placed_stage() -> None:
    document = together()
    second = copy.deepcopy(block(shipped(), "sentiment-analyzer")) | {"name": "sentiment-analyzer-v2"}
    document["applications"].append(second)
    weights = {f"{APPLICATION}.sentiment-analyzer": 9, "sentiment-analyzer-v2": 1}
    block(document, "call-pipeline")["deployments"][0]["user_config"] = {
        "routes": {"sentiment-analyzer": {"weights": weights}}
    }
    check_document(document, sources_of_today())
    weights[f"{APPLICATION}.speech-recognizer"] = 1
    with pytest.raises(ConfigError, match=r"leads to small-stages\.speech-recognizer"):
        check_document(document, sources_of_today())
