"""serve_config.yaml: what the issue and docs/operations.md promise of the GPU graph."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from callytics.api import ApiSettings
from callytics.config import ENGINE_STAGES, load_stages
from deployments.operations.environments import environment_names, environment_of, read_pins

PROJECT = Path(__file__).resolve().parents[2]
PATH = PROJECT / "serve_config.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
CPU_CONFIG: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
APPLICATIONS = {app["name"]: app for app in CONFIG["applications"]}
DEPLOYMENTS = {name: app["deployments"][0] for name, app in APPLICATIONS.items()}
GPU_STAGES = ("speaker-diarizer", "speech-recognizer", "punctuation-restorer", "sentiment-analyzer")


def num_gpus(name: str) -> float:
    return float(DEPLOYMENTS[name]["ray_actor_options"].get("num_gpus", 0))


def test_serve_accepts_it() -> None:
    ServeDeploySchema.model_validate(CONFIG)


def test_the_applications_are_those_of_the_embedded_default() -> None:
    def shape(config: dict[str, Any]) -> list[tuple[str, str, str | None, list[str]]]:
        return [
            (app["name"], app["import_path"], app["route_prefix"], [d["name"] for d in app["deployments"]])
            for app in config["applications"]
        ]

    assert shape(CONFIG) == shape(CPU_CONFIG)
    assert CONFIG["http_options"]["host"] == "127.0.0.1"


ON_BOTH = (
    "max_ongoing_requests",
    "max_queued_requests",
    "backpressure_config",
    "graceful_shutdown_timeout_s",
)
"""Settings of deployments that are the same on both machines: their bounds were measured once."""


@pytest.mark.parametrize("name", ["api-gateway", "audio-processor", "database-service", "monitoring"])
def test_bounds_of_a_service_equal_the_embedded_default(name: str) -> None:
    (on_cpu,) = (app["deployments"][0] for app in CPU_CONFIG["applications"] if app["name"] == name)
    assert {key: DEPLOYMENTS[name].get(key) for key in ON_BOTH} == {key: on_cpu.get(key) for key in ON_BOTH}


def test_the_gateway_logs_access_itself_on_both() -> None:
    assert CONFIG["logging_config"] == CPU_CONFIG["logging_config"]
    assert CONFIG["logging_config"]["enable_access_log"] is False


def test_serve_never_answers_for_the_gateway() -> None:
    """All that it admits at once, and what is turned away meanwhile, is far below Serve's own bound."""
    settings = ApiSettings.model_validate(APPLICATIONS["api-gateway"]["args"]["settings"])
    admitted = settings.max_concurrent_requests + settings.max_concurrent_uploads
    admitted += settings.max_concurrent_event_streams
    assert 2 * admitted < DEPLOYMENTS["api-gateway"]["max_ongoing_requests"]


def test_the_audio_processor_has_room_for_the_probes_of_every_gateway() -> None:
    settings = ApiSettings.model_validate(APPLICATIONS["api-gateway"]["args"]["settings"])
    gateways = DEPLOYMENTS["api-gateway"]["autoscaling_config"]["max_replicas"]
    asked = gateways * (settings.probes_at_once + settings.conversions_at_once)
    assert asked < DEPLOYMENTS["audio-processor"]["max_ongoing_requests"]


def test_gpu_stages_share_one_card_with_room_for_one_replica_more_of_any() -> None:
    shares = {name: num_gpus(name) for name in APPLICATIONS if num_gpus(name)}
    assert set(shares) == set(GPU_STAGES)
    assert sum(shares.values()) + max(shares.values()) <= 1


@pytest.mark.parametrize("name", sorted(APPLICATIONS))
def test_every_stage_surges_is_checked_and_scales_by_its_queue(name: str) -> None:
    deployment = DEPLOYMENTS[name]
    assert deployment["max_surge_percent"] == 100
    assert 0 < deployment["health_check_period_s"] < deployment["health_check_timeout_s"]
    assert deployment["graceful_shutdown_timeout_s"] >= 10
    scaling = deployment.get("autoscaling_config")
    if name in ("monitoring", "call-pipeline"):  # one asks, the other gets no requests
        assert scaling is None
        return
    assert scaling["max_replicas"] > scaling["min_replicas"] >= 1
    assert scaling["target_ongoing_requests"] < deployment["max_ongoing_requests"]


@pytest.mark.parametrize("name", GPU_STAGES)
def test_ten_calls_are_at_work_on_the_card_before_another_replica_is_asked_for(name: str) -> None:
    """Their windows share batches. What waits behind them fits into the replica, and makes the stage scale."""
    concurrency = APPLICATIONS[name]["args"]["concurrency"]
    assert concurrency >= 10
    assert concurrency < DEPLOYMENTS[name]["autoscaling_config"]["target_ongoing_requests"]
    assert concurrency < DEPLOYMENTS[name]["max_ongoing_requests"]
    pipeline = APPLICATIONS["call-pipeline"]
    calls = pipeline["args"]["max_concurrent_calls"] * DEPLOYMENTS["call-pipeline"]["num_replicas"]
    assert calls > concurrency


@pytest.mark.parametrize("name", GPU_STAGES)
def test_stage_on_torch_may_not_take_more_than_its_share_of_the_card(name: str) -> None:
    """CTranslate2 has no such limit: its memory follows from the size of its batches."""
    share = APPLICATIONS[name]["args"]["options"].get("memory_share")
    if name == "speech-recognizer":
        assert share is None
        return
    assert 0.75 * num_gpus(name) <= share < num_gpus(name)


@pytest.mark.parametrize("name", ENGINE_STAGES)
def test_batch_fits_into_a_replica(name: str) -> None:
    batch = (DEPLOYMENTS[name].get("user_config") or {}).get("max_batch_size", 1)
    assert batch <= DEPLOYMENTS[name]["max_ongoing_requests"]


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_call_may_take_as_long_as_on_a_cpu_before_it_is_cut(stage: str) -> None:
    (on_cpu,) = (app for app in CPU_CONFIG["applications"] if app["name"] == stage)
    limit = on_cpu["deployments"][0]["graceful_shutdown_timeout_s"]
    assert DEPLOYMENTS[stage]["graceful_shutdown_timeout_s"] >= limit


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_the_engines_are_there_and_know_their_options(stage: str) -> None:
    """Importing an engine's module needs none of its libraries, so this runs without its environment."""
    config = load_stages(PATH)[stage]
    module, _, name = config.engine.partition(":")
    engine = getattr(importlib.import_module(module), name)
    inspect.signature(engine).bind(**config.options)
    if (DEPLOYMENTS[stage].get("user_config") or {}).get("max_batch_size", 1) > 1:
        assert callable(engine.batch)


def test_every_environment_is_pinned() -> None:
    names = environment_names(CONFIG)
    assert len(names) == len(APPLICATIONS) + 1
    for name in names:
        read_pins(PROJECT / "runtime_envs" / f"{name}.txt")


@pytest.mark.parametrize("stage", GPU_STAGES)
def test_gpu_stage_uses_its_own_environment(stage: str) -> None:
    """The config's ray_actor_options replace the code's: without this line the stage would run in the base."""
    environment = dict(DEPLOYMENTS[stage]["ray_actor_options"]["runtime_env"])
    assert environment_of(environment.pop("py_executable")).partition("@")[0] == stage
    assert environment == {}


def test_no_secret_and_no_path_of_a_machine() -> None:
    text = "\n".join(line.partition("#")[0] for line in PATH.read_text(encoding="utf-8").splitlines())
    assert "postgresql://" not in text
    assert not [word for word in ("/home/", "/work/", "/tmp/", "hf_", "sk-") if word in text]
