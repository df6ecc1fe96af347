"""`up --llm`: llm-server beside the other applications, and llm-analyzer that asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.config import load_stages
from callytics.errors import CallyticsError
from deployments.operations import llm_config, model_config, serve_file
from deployments.operations.code_revision import SourceTree
from deployments.operations.config_check import check_arguments, check_document
from deployments.operations.environments import environment_names
from deployments.operations.lock import make_lock
from tests.support.played_serve import named

PROJECT = Path(__file__).resolve().parents[3]
CONFIGS = ["serve_config.cpu.yaml", "serve_config.yaml"]


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> Path:
    return PROJECT / str(request.param)


@pytest.fixture
def made(config: Path) -> dict[str, Any]:
    return llm_config.with_language_model(serve_file.read_config(config), llm_config.language_model("local"))


def test_one_application_is_added_and_one_changed(config: Path, made: dict[str, Any]) -> None:
    before = serve_file.read_config(config)
    names = [app["name"] for app in before["applications"]]
    names.insert(names.index("llm-analyzer"), "llm-server")
    assert [app["name"] for app in made["applications"]] == names
    for application in before["applications"]:
        if application["name"] != "llm-analyzer":
            assert named(made, application["name"]) == application
    assert named(made, "llm-analyzer")["args"]["options"]["endpoint"] == "llm-server"
    check_document(made, SourceTree([PROJECT]))
    check_arguments(made["applications"], SourceTree([PROJECT]))


def test_made_configuration_is_locked_and_names_environments_that_are_pinned(
    config: Path, made: dict[str, Any], tmp_path: Path
) -> None:
    model = llm_config.language_model("local")
    written = model_config.write(made, config, tmp_path, model, "up --llm local")
    lock = make_lock(written, SourceTree([PROJECT]))
    lock.write()
    assert not make_lock(written, SourceTree([PROJECT])).outdated
    assert {"cpu/llm-server", "cpu/llm-analyzer"} <= set(environment_names(made))
    assert load_stages(written)["llm-analyzer"].engine.endswith(":ChoosingAnalyzer")
    assert model_config.way_back(written) == config


def test_weights_of_the_model_are_fetched_by_up(made: dict[str, Any]) -> None:
    assert "qwen2.5-coder-1.5b-instruct" in model_config.named_models(made)


def test_llm_server_has_no_route_and_a_second_time_changes_nothing(made: dict[str, Any]) -> None:
    assert named(made, "llm-server")["route_prefix"] is None
    again = llm_config.with_language_model(made, llm_config.language_model("local"))
    assert yaml.safe_dump(again) == yaml.safe_dump(made)


@pytest.mark.parametrize(("name", "code"), [("base", "model_not_gguf"), ("no-such", "model_unknown")])
def test_model_that_is_no_language_model_is_refused(name: str, code: str) -> None:
    with pytest.raises(CallyticsError) as caught:
        llm_config.language_model(name)
    assert caught.value.code == code


def test_configuration_without_the_stage_is_refused() -> None:
    with pytest.raises(CallyticsError, match="llm-analyzer"):
        llm_config.with_language_model({"applications": []}, llm_config.language_model("local"))


def test_whisper_and_language_model_go_together(config: Path, tmp_path: Path) -> None:
    """`up --model small --llm local`: the second starts from what the first made."""
    whisper = model_config.recogniser("small")
    first = model_config.write(
        model_config.instead(serve_file.read_config(config), whisper),
        config,
        tmp_path,
        whisper,
        "up --model small",
    )
    model = llm_config.language_model("local")
    document = llm_config.with_language_model(serve_file.read_config(first), model)
    second = model_config.write(document, first, tmp_path, model, "up --llm local")
    assert model_config.way_back(second) == config
    assert load_stages(second)["speech-recognizer"].options["model"] == "whisper-small"
