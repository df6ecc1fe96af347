"""A measured graph, started here or already running, and its calls over HTTP."""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from benchmarks.calls import Call, warm_up_paths
from callytics import settings
from callytics.client import FINISHED, Client

HTTP_PORT, DASHBOARD_PORT = 8400, 8665
"""Ports of a graph started here, beside any running one. Ray reserves 10002 to 19999 for its workers."""

START_TIMEOUT_S = 400.0
POLL_INTERVAL_S = 1.0  # the store has the time of the end: more frequent polling only uses the cores
POLLED = 1
"""Calls polled at a time: polling costs the graph some CPU, and calls end approximately in the order of submission.
The graph itself records the end of a call, so late polling loses nothing."""


@dataclass(frozen=True)
class Graph:
    """``home``: its state folder. ``start_s``: time until every stage was healthy; None if it was already running."""

    url: str
    home: Path
    start_s: float | None = None

    def client(self) -> Client:
        return Client(self.url, settings.api_key())

    def processes(self) -> list[int]:
        from deployments.operations import local

        return local.processes(home=self.home)


def calls_at_work(config: Path) -> int:
    """Number of concurrent calls in the graph of a Serve configuration; others wait in its store."""
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    pipeline = next(app for app in document["applications"] if app["name"] == "call-pipeline")
    replicas = int(pipeline["deployments"][0].get("num_replicas", 1))
    return replicas * int(pipeline["args"]["max_concurrent_calls"])


@contextmanager
def running_graph(url: str = "", few_processes: bool = False) -> Iterator[Graph]:
    """The graph at ``url`` (its home: $CALLYTICS_HOME), else a graph that is started and stopped here. Warm: it has
    processed calls.

    Args:
        few_processes: with the small stages in one replica, as `callytics up --few-processes` starts it.
    """
    home = settings.home()
    if url:
        graph = Graph(url, home)
        _warm_up(graph)
        yield graph
        return
    from deployments.operations import local

    own = home / "benchmark" / "graph"
    local.down(home=own)
    shutil.rmtree(own, ignore_errors=True)  # an empty store: recordings of three hours would pile up
    share(home, own)
    before = {name: os.environ.get(name) for name in ("CALLYTICS_HOME", "CALLYTICS_MODELS")}
    os.environ |= {"CALLYTICS_HOME": str(own), "CALLYTICS_MODELS": models_folder(home)}
    start = time.perf_counter()
    try:
        run = local.up(
            _few_processes(own) if few_processes else None,
            home=own,
            http_port=HTTP_PORT,
            dashboard_port=DASHBOARD_PORT,
            timeout_s=START_TIMEOUT_S,
        )
        graph = Graph(run.url, own, time.perf_counter() - start)
        _warm_up(graph)
        yield graph
    finally:
        local.down(home=own)
        shutil.rmtree(own / "blobs", ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _few_processes(home: Path) -> Path:
    from callytics.home import resources
    from deployments.operations import model_config, placement_config, serve_file

    config = resources.project_file("serve_config.cpu.yaml")
    document = serve_file.read_config(config)
    together = placement_config.with_small_stages_together(document, resources.pins_folder(config))
    return model_config.write_as(together, config, home, placement_config.APPLICATION, "up --few-processes")


def models_folder(home: Path) -> str:
    return os.environ.get("CALLYTICS_MODELS") or str(home / "models")


def share(home: Path, own: Path) -> None:
    """Share environments: their names contain the hash of their pins, so those of ``home`` work for ``own`` as well."""
    (home / "envs").mkdir(parents=True, exist_ok=True)
    own.mkdir(parents=True, exist_ok=True)
    if not (own / "envs").exists():
        (own / "envs").symlink_to(home / "envs")


def _warm_up(graph: Graph) -> None:
    with graph.client() as client, warm_up_paths() as paths:
        for path in paths:
            client.wait(client.submit(path, {"deduplicate": "false"}))


@dataclass(frozen=True)
class FinishedCall:
    """Seconds since the epoch. ``stages_s``: stage -> seconds in its engine."""

    call: Call
    submitted_at: float
    completed_at: float
    stages_s: dict[str, float]

    @property
    def wall_s(self) -> float:
        """Time from the first byte of the upload until the result was stored."""
        return self.completed_at - self.submitted_at


def analyse_together(
    client: Client, calls: Sequence[Call], at_once: int, on_finished: Callable[[int], None]
) -> list[FinishedCall]:
    """Keep ``at_once`` calls in the graph until all are finished.

    Args:
        on_finished: called with the number of finished calls.

    Raises:
        SystemExit: a call failed, so the measurement is invalid.
    """
    waiting = deque(calls)
    inside: dict[str, tuple[Call, float]] = {}
    ended: list[tuple[str, Call, float, float]] = []
    while waiting or inside:
        while waiting and len(inside) < at_once:
            call, submitted_at = waiting.popleft(), time.time()
            inside[client.submit(call.path, {"deduplicate": "false"})] = (call, submitted_at)
        time.sleep(POLL_INTERVAL_S)
        for call_id in list(inside)[:POLLED]:
            status = client.status(call_id)
            if status["job_status"] not in FINISHED:
                continue
            call, submitted_at = inside.pop(call_id)
            if status["job_status"] != "COMPLETED" or status["completed_at"] is None:
                raise SystemExit(f"{call.name} ended as {status['job_status']}: that is no measurement.")
            completed_at = datetime.fromisoformat(status["completed_at"]).timestamp()
            ended.append((call_id, call, submitted_at, completed_at))
            on_finished(len(ended))
    return [
        FinishedCall(call, submitted_at, completed_at, _stages_s(client, call_id))
        for call_id, call, submitted_at, completed_at in ended
    ]


def _stages_s(client: Client, call_id: str) -> dict[str, float]:
    stages = client.result(call_id).job_details.stages
    return {stage.name: stage.duration_ms / 1000 for stage in stages}
