"""The floor of the graph: its engines behind bare Serve deployments, `python -m benchmarks.plain_serve CALL...`.

As many applications as the configuration has, each replica in the environment of its stage, the same graph (`analyse`)
over handles, results passed by reference, one upload over HTTP. Nothing of ours beside the engines: no store, no queue,
no lease, no metrics, no log lines of calls. What this takes beyond the engines in one process is Ray's own.

Prints one line of JSON per recording: wall seconds, and the CPU seconds of every process of this Ray.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.calls import warm_up_paths
from benchmarks.in_process import CONFIG
from benchmarks.observability import cpu_s, used_s
from callytics import settings
from callytics.config import ENGINE_STAGES, load_stages
from callytics.domain import CallOptions, Recording
from callytics.engines import load_engine
from callytics.pipeline import PURE_STEPS, analyse
from deployments.operations import ray_token
from deployments.operations.environments import build_environments, environment_names
from deployments.operations.head import LOGICAL_CPUS

PINS = CONFIG.parent / "runtime_envs"
AS_THE_GRAPH = {
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
    "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "2000",
    "MALLOC_ARENA_MAX": "1",
    "RAY_num_workers_soft_limit": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Settings that the head of the graph has, too (deployments/operations/head.py)."""


class Engine:
    """One replica of a stage, its engine in a thread."""

    def __init__(self, stage: str) -> None:
        self._engine = load_engine(load_stages(CONFIG)[stage])

    async def __call__(self, *inputs: Any) -> Any:
        return await asyncio.to_thread(self._engine, *inputs)


class Idle:
    """In the place of an application that is not a stage."""


class Chain:
    """The graph behind HTTP: a recording is posted, the seconds are answered."""

    async def __call__(self, request: Any) -> dict[str, float]:
        start = time.perf_counter()
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            file.write(await request.body())
            file.flush()
            report = analyse(self._start, Recording("call", file.name), CallOptions(), ())
            await report
        return {"wall_s": time.perf_counter() - start}

    def _start(self, step: str, *inputs: Any) -> asyncio.Task[Any]:
        return asyncio.create_task(self._step(step, inputs))

    async def _step(self, step: str, nodes: tuple[Any, ...]) -> Any:
        from ray import serve
        from ray.serve.handle import DeploymentResponse

        inputs = [await node if isinstance(node, asyncio.Task) else node for node in nodes]
        if step in ENGINE_STAGES:
            response = serve.get_app_handle(step).remote(*inputs)
            await response
            return response
        values = [await item if isinstance(item, DeploymentResponse) else item for item in inputs]
        return await asyncio.to_thread(PURE_STEPS[step], *values)


def main(paths: list[str]) -> None:
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    build_environments(environment_names(document), PINS, settings.home())
    python_path = os.pathsep.join([str(CONFIG.parent), os.environ.get("PYTHONPATH", "")])
    binaries = os.pathsep.join([str(settings.home() / "bin"), os.environ.get("PATH", "")])
    os.environ |= {**AS_THE_GRAPH, **ray_token.job_environment(), "PATH": binaries, "PYTHONPATH": python_path}
    import ray
    from ray import serve

    ray.init("local", num_cpus=LOGICAL_CPUS, log_to_driver=False)
    try:
        url = _deploy(serve, document)
        with warm_up_paths() as warm:
            for path in warm:
                _post(url, path)
        for path in map(Path, paths):
            before, start = cpu_s(_processes()), time.perf_counter()
            _post(url, path)
            wall_s = time.perf_counter() - start
            print(json.dumps({"wall_s": wall_s, "cpu_s": used_s(before, cpu_s(_processes()))}), flush=True)
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()


def _deploy(serve: Any, document: dict[str, Any]) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    for application in document["applications"]:
        name, (options, *_) = application["name"], application["deployments"]
        resources = options["ray_actor_options"]
        if name == "api-gateway":
            continue
        bare = Engine if name in ENGINE_STAGES else Idle
        deployment = serve.deployment(bare).options(ray_actor_options=resources, max_ongoing_requests=16)
        bound = deployment.bind(name) if bare is Engine else deployment.bind()
        serve.run(bound, name=name, route_prefix=None)
    serve.run(serve.deployment(Chain).options(max_ongoing_requests=16).bind(), name="chain")
    return f"http://127.0.0.1:{port}/"


def _processes() -> list[int]:
    me = psutil.Process()
    return [me.pid, *(child.pid for child in me.children(recursive=True))]


def _post(url: str, path: Path) -> None:
    request = urllib.request.Request(url, data=path.read_bytes(), method="POST")
    with urllib.request.urlopen(request, timeout=600) as response:
        json.load(response)


if __name__ == "__main__":
    main(sys.argv[1:])
