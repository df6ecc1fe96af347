"""serve_config.cpu.yaml: what architecture.md promises of it, and what Ray would silently get wrong."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from callytics.api import ApiSettings
from callytics.config import ENGINE_STAGES, load_stages
from deployments.operations.environments import environment_of

PATH = Path(__file__).resolve().parents[2] / "serve_config.cpu.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
APPLICATIONS = {app["name"]: app for app in CONFIG["applications"]}
SERVICES = {"database-service", "monitoring", "call-pipeline", "api-gateway"}


def test_one_application_per_stage() -> None:
    assert set(APPLICATIONS) == {*ENGINE_STAGES, *SERVICES}
    assert all(len(app["deployments"]) == 1 for app in APPLICATIONS.values())


def test_serve_accepts_it() -> None:
    ServeDeploySchema.model_validate(CONFIG)


def test_only_the_gateway_has_a_route_and_only_on_this_machine() -> None:
    routes = {name: app["route_prefix"] for name, app in APPLICATIONS.items()}
    assert routes.pop("api-gateway") == "/"
    assert set(routes.values()) == {None}
    assert CONFIG["http_options"]["host"] == "127.0.0.1"
    assert CONFIG["http_options"]["port"] == 8000


def test_serve_has_room_for_all_that_the_gateway_admits() -> None:
    """And for those whose keys are being looked up: /healthz must find a place, too."""
    settings = ApiSettings(**APPLICATIONS["api-gateway"]["args"]["settings"])
    admitted = settings.max_concurrent_requests + settings.max_concurrent_uploads
    admitted += settings.max_concurrent_event_streams
    (deployment,) = APPLICATIONS["api-gateway"]["deployments"]
    assert deployment["max_ongoing_requests"] >= 2 * admitted
    assert deployment["backpressure_config"]["retry_after_s"] > 0


@pytest.mark.parametrize("name", sorted(APPLICATIONS))
def test_the_old_replica_serves_until_the_new_one_is_healthy(name: str) -> None:
    (deployment,) = APPLICATIONS[name]["deployments"]
    assert deployment["max_surge_percent"] == 100
    assert deployment["graceful_shutdown_timeout_s"] >= 10
    assert 0 < deployment["ray_actor_options"]["num_cpus"] <= 0.5


@pytest.mark.parametrize("name", ENGINE_STAGES)
def test_engine_stage_keeps_its_pinned_environment(name: str) -> None:
    """The config's ray_actor_options replace the code's: without this line the stage would run in the base."""
    (deployment,) = APPLICATIONS[name]["deployments"]
    environment = dict(deployment["ray_actor_options"]["runtime_env"])
    assert environment_of(environment.pop("py_executable")).partition("@")[0] == f"cpu/{name}"
    assert set(environment) <= {"env_vars"}


@pytest.mark.parametrize("name", sorted(APPLICATIONS))
def test_application_builds_the_deployment_that_the_config_names(name: str) -> None:
    module_name, _, function = APPLICATIONS[name]["import_path"].partition(":")
    assert module_name == f"deployments.{name.replace('-', '_')}"
    module = importlib.import_module(module_name)
    assert callable(getattr(module, function))
    (deployment,) = APPLICATIONS[name]["deployments"]
    assert getattr(module, deployment["name"]).name == deployment["name"]


def test_the_in_process_interpreter_reads_the_same_engines() -> None:
    stages = load_stages(PATH)
    assert {name: APPLICATIONS[name]["args"]["engine"] for name in ENGINE_STAGES} == {
        name: stage.engine for name, stage in stages.items()
    }


def test_no_path_of_a_machine() -> None:
    lines = [
        line for line in PATH.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    assert not [line for line in lines if "/home/" in line or "/work/" in line or "/tmp/" in line]
