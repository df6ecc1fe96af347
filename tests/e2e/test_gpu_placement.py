"""serve_config.yaml on one logical GPU: every GPU stage is placed on it, and what does not fit waits and says so.

The applications, replicas, resources, autoscaling and batches are those of serve_config.yaml. Only what needs a real
GPU is replaced: engine, options and environment of the engine stages. Services run once each, which saves half a
minute.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.home import resources
from deployments.operations import local
from deployments.operations.preparation import prepared
from deployments.operations.serve_api import ServeApi
from tests.e2e.conftest import Graph, share_environments, started
from tests.support.gpu_configuration import CONFIG, on_any_machine

GPU_STAGES = ("speaker-diarizer", "speech-recognizer", "punctuation-restorer", "sentiment-analyzer")

WHERE = """
stages = json.loads(sys.argv[1])
ask = {stage: serve.get_app_handle(stage).call.remote("visible_gpus") for stage in stages}
gpus = {stage: answer.result(timeout_s=60) for stage, answer in ask.items()}
print(json.dumps([gpus, ray.cluster_resources().get("GPU", 0), ray.available_resources().get("GPU", 0)]))
"""


def num_gpus(application: dict[str, Any]) -> float:
    return float(application["deployments"][0]["ray_actor_options"].get("num_gpus", 0))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = on_any_machine(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))
    return found


@pytest.fixture(scope="module")
def gpu_graph(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> Iterator[Graph]:
    home = tmp_path_factory.mktemp("gpu-home")
    share_environments(home)
    config = home / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    # When Serve says why a replica waits; 30 s by default.
    environment = {"RAY_SERVE_SLOW_STARTUP_WARNING_S": "3"}
    with started(config, home, environment, pull_weights=False, num_gpus=1) as graph:
        yield graph


def deploy(graph: Graph, document: dict[str, Any]) -> None:
    document = copy.deepcopy(document)
    document["http_options"]["port"] = graph.run.http_port
    ServeApi(graph.run.dashboard_url, graph.run.token_path).deploy(
        prepared(document, resources.project_file("runtime_envs"), local.sources(graph.run))
    )


def with_second_version(document: dict[str, Any], stage: str) -> dict[str, Any]:
    second = next(copy.deepcopy(app) for app in document["applications"] if app["name"] == stage)
    second["name"] = f"{stage}-v2"
    return document | {"applications": [*document["applications"], second]}


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def application(graph: Graph, name: str) -> local.ApplicationState:
    states = {state.name: state for state in local.status(home=graph.home).applications}
    return states.get(name, local.ApplicationState(name, "NOT_DEPLOYED", ""))


def test_all_gpu_stages_share_the_card_and_leave_room_for_one_more(
    gpu_graph: Graph, document: dict[str, Any]
) -> None:
    gpus, total, left = gpu_graph.ask(WHERE, json.dumps(ENGINE_STAGES))
    assert total == 1
    assert {stage: gpus[stage] for stage in GPU_STAGES} == dict.fromkeys(GPU_STAGES, "0")
    assert [stage for stage in ENGINE_STAGES if gpus[stage] == "0"] == list(GPU_STAGES)
    shares = {app["name"]: num_gpus(app) for app in document["applications"]}
    assert left == pytest.approx(1 - sum(shares.values()))
    assert left >= max(shares.values())


def test_call_runs_through_it(gpu_graph: Graph) -> None:
    assert gpu_graph.wait(gpu_graph.submit(), timeout_s=60)["job_status"] == "COMPLETED"


def test_stage_surges_into_the_room_that_is_left(gpu_graph: Graph, document: dict[str, Any]) -> None:
    """The new replica of the largest stage starts beside the old one, which serves until then."""
    changed = copy.deepcopy(document)
    (recognizer,) = (app for app in changed["applications"] if app["name"] == "speech-recognizer")
    recognizer["args"]["options"] = {"delay_s": 0.01}
    before = set(gpu_graph.replica_pids("speech-recognizer"))
    deploy(gpu_graph, changed)
    seen: list[set[int]] = []

    def replaced() -> bool:
        seen.append(set(gpu_graph.replica_pids("speech-recognizer")))
        return bool(seen[-1]) and not seen[-1] & before

    wait_until(replaced, f"speech-recognizer was not replaced: {seen[-3:]}")
    assert all(seen), "there was a moment without a replica"
    gpu_graph.wait_until_healthy()


def test_replica_that_does_not_fit_waits_and_says_why(gpu_graph: Graph, document: dict[str, Any]) -> None:
    """A second version fits beside the first (A/B on one card); a further one waits, and all others serve on."""
    two = with_second_version(document, "speech-recognizer")
    deploy(gpu_graph, two)
    wait_until(lambda: application(gpu_graph, "speech-recognizer-v2").healthy, "the second version fits")
    deploy(gpu_graph, with_second_version(two, "speaker-diarizer"))
    wait_until(
        lambda: "GPU" in application(gpu_graph, "speaker-diarizer-v2").message,
        "the status of what waits names what it waits for",
    )
    waiting = application(gpu_graph, "speaker-diarizer-v2")
    assert (waiting.status, waiting.healthy_replicas) == ("DEPLOYING", 0)
    (shown,) = (
        stage
        for stage in gpu_graph.http.get("/v1/stages").json()["stages"]
        if stage["name"] == "speaker-diarizer-v2"
    )
    assert (shown["healthy"], shown["status"]) == (False, "DEPLOYING")
    assert '"GPU": 0.25' in shown["message"]
    assert gpu_graph.wait(gpu_graph.submit(deduplicate="false"), timeout_s=60)["job_status"] == "COMPLETED"
