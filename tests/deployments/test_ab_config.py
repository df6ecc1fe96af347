"""serve_config.ab.yaml: made of serve_config.yaml, and what it adds fits beside it on one card."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from callytics.weights.needed import needed_weights
from deployments.operations.code_revision import SourceTree
from deployments.operations.config_check import check_arguments, check_document
from deployments.operations.doctor.cards import SHARES_OF_GB, place, shares
from deployments.operations.environments import environment_names, read_pins
from deployments.pipeline.routing import read_routing

PROJECT = Path(__file__).resolve().parents[2]
PATH = PROJECT / "serve_config.ab.yaml"
TEXT = PATH.read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
APPLICATIONS = {app["name"]: app for app in CONFIG["applications"]}
FIRST: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.yaml").read_text(encoding="utf-8"))
TOOL = runpy.run_path(str(PROJECT / "tools" / "make_ab_config.py"))
PAIRS = {"speaker-diarizer": "speaker-diarizer-nemo", "speech-recognizer": "speech-recognizer-v2"}


def head(text: str) -> str:
    return text.partition("\nproxy_location")[0]


def test_it_is_what_the_generator_makes_today() -> None:
    """But for the versions, which `callytics lock` writes into it."""
    made = TOOL["made"]()
    assert head(TEXT) == head(made)
    assert TOOL["without_versions"](CONFIG) == yaml.safe_load(made)


def test_all_else_is_serve_config() -> None:
    first = {app["name"]: app for app in TOOL["without_versions"](FIRST)["applications"]}
    found = {app["name"]: app for app in TOOL["without_versions"](CONFIG)["applications"]}
    assert set(found) - set(first) == set(PAIRS.values())
    different = [name for name in first if found[name] != first[name]]
    assert different == ["call-pipeline"]
    deployment = found["call-pipeline"]["deployments"][0]
    assert deployment.pop("user_config")["routes"].keys() == PAIRS.keys()
    assert found["call-pipeline"] == first["call-pipeline"]
    assert {key: CONFIG[key] for key in FIRST if key != "applications"} == {
        key: FIRST[key] for key in FIRST if key != "applications"
    }


def test_serve_and_the_deploy_accept_it() -> None:
    ServeDeploySchema.model_validate(CONFIG)
    sources = SourceTree([PROJECT])
    check_document(CONFIG, sources)
    check_arguments(CONFIG["applications"], sources)
    for name in environment_names(CONFIG):
        read_pins(PROJECT / "runtime_envs" / f"{name}.txt")


@pytest.mark.parametrize("name", PAIRS.values())
def test_second_engine_knows_its_options_and_has_its_environment(name: str) -> None:
    args = APPLICATIONS[name]["args"]
    module, _, kind = args["engine"].partition(":")
    engine = getattr(importlib.import_module(module), kind)
    inspect.signature(engine).bind(**args["options"])
    (deployment,) = APPLICATIONS[name]["deployments"]
    executable = deployment["ray_actor_options"]["runtime_env"]["py_executable"]
    assert executable.split()[1].partition("@")[0] == engine.environment
    assert args["options"]["device"] == "cuda"


def test_second_versions_work_in_the_shadow_of_few_calls() -> None:
    (deployment,) = APPLICATIONS["call-pipeline"]["deployments"]
    routes = read_routing(deployment["user_config"]).routes
    assert {stage: list(route.shadow) for stage, route in routes.items()} == {
        stage: [second] for stage, second in PAIRS.items()
    }
    assert all(0 < share <= 0.1 for route in routes.values() for share in route.shadow.values())
    assert not any(route.weights for route in routes.values())


def test_all_of_it_fits_on_one_card_and_the_head_says_how() -> None:
    wanted = shares(CONFIG)
    total = sum(share.num_gpus for share in wanted)
    assert total <= 1
    left = place(wanted, 1)
    assert left is not None
    assert f"# {round(total, 3):g} of the card are taken, {round(left[0], 3):g} are left" in TEXT
    for name in PAIRS.values():
        (deployment,) = APPLICATIONS[name]["deployments"]
        share = deployment["ray_actor_options"]["num_gpus"]
        assert re.search(rf"^#     {name} +{share:g} ", TEXT, re.MULTILINE)
        assert (deployment["num_replicas"], deployment["max_surge_percent"]) == (1, 0)
        assert "autoscaling_config" not in deployment
    assert SHARES_OF_GB.search(TEXT)


def test_shares_of_more_than_a_card_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOOL["ADDED"]["speech-recognizer"], "num_gpus", 0.5)
    with pytest.raises(ValueError, match="of a card together"):
        TOOL["made"]()


def test_every_weight_is_pinned_to_a_commit() -> None:
    needs = needed_weights(CONFIG)
    assert set(PAIRS.values()) <= {need.application for need in needs}
    assert [need.name for need in needs if not need.is_pinned] == []


def test_no_line_is_longer_than_the_house_allows() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 120 and "@" not in line] == []
