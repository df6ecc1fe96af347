"""The actor pools of a batch: how many workers a stage has, what each of them takes, and its environment.

engine on a GPU            one worker per card, with the share of it that its replica has in the Serve configuration
heavy engine, no GPU       one per core of the batch, with one thread, so that no core waits
everything else            one, or one per card: milliseconds per call, or waiting for an endpoint
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callytics import settings
from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.operations.environments import SHOW_BASE, environment_of
from deployments.operations.launcher import LAUNCHER

HEAVY_SHARES = {"speech-recognizer": 0.5, "speaker-diarizer": 0.3}
"""Nearly all of the work, and the CPUs that Ray counts for a worker."""
LIGHT_CPUS = 0.01
CALLS_READY = 2
"""Calls that a worker has for each it can work on: one at work, one ready."""


@dataclass(frozen=True)
class Pools:
    """Workers of every step of a batch.

    Args:
        document: a Serve configuration.
        cpus: cores that the batch takes.
        gpus: cards that the batch takes; 0 where no stage asks for one.
    """

    document: Mapping[str, Any]
    cpus: int
    gpus: int = 0

    def of_stage(self, stage: str) -> dict[str, Any]:
        """What Dataset.map_batches is told of the workers of an engine stage."""
        options = _actor_options(self.document, stage)
        num_gpus = float(options.get("num_gpus") or 0)
        on_cores = stage in HEAVY_SHARES and not num_gpus
        size = self.cpus if on_cores else self._replicas()
        # A core is full with one call; a worker that takes several in Serve waits for a card or an endpoint.
        at_once = 1 if on_cores else int(_arguments(self.document, stage).get("concurrency", 1))
        return {
            "compute": _pool(size, at_once),
            "num_cpus": HEAVY_SHARES.get(stage, LIGHT_CPUS),
            "num_gpus": num_gpus,
            "runtime_env": _runtime_env(options.get("runtime_env") or {}),
        }

    def of_end(self) -> dict[str, Any]:
        """The same of reading and writing. Actors, though they keep nothing: Ray ends the processes of tasks that
        wait, and each costs seconds to begin."""
        return {"compute": _pool(), "num_cpus": LIGHT_CPUS}

    def _replicas(self) -> int:
        """Workers of a stage: one per card, fewer if all stages together take more than one."""
        return max(1, int(self.gpus / max(1.0, gpu_share(self.document))))


def gpu_share(document: Mapping[str, Any]) -> float:
    """Total share of a card for one replica of every engine stage; 0 if none asks for a GPU."""
    return sum(float(_actor_options(document, stage).get("num_gpus") or 0) for stage in ENGINE_STAGES)


def cards(document: Mapping[str, Any], asked: int | None, num_free: float) -> int:
    """Cards that a batch takes: those that are asked for, else all that are free.

    Raises:
        ConfigError: ``gpu_missing``: the configuration needs more than are asked for, or free.
    """
    share = gpu_share(document)
    if not share:
        return 0
    needed = max(1.0, share)
    if asked is not None and asked < needed:
        raise ConfigError("gpu_missing", f"This configuration needs {needed:g} GPU(s), not --gpus {asked}.")
    if asked is None and num_free < needed:
        raise ConfigError(
            "gpu_missing",
            f"This configuration needs {needed:g} GPU(s), and {num_free:g} are free. Free one, give --gpus to "
            "wait until the cluster has it, or take --profile cpu.",
        )
    return int(num_free) if asked is None else asked


def _pool(size: int = 1, at_once: int = 1) -> Any:
    import ray

    return ray.data.ActorPoolStrategy(
        size=size,
        max_tasks_in_flight_per_actor=CALLS_READY * at_once,
        max_concurrent_calls_per_actor=at_once,
        enable_true_multi_threading=at_once > 1,
    )


def _application(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in document["applications"] if one["name"] == stage)
    return found


def _arguments(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    return _application(document, stage).get("args") or {}


def _actor_options(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    """Resources of the application's first deployment."""
    deployments = _application(document, stage).get("deployments") or [{}]
    return deployments[0].get("ray_actor_options") or {}


def _runtime_env(of_stage: Mapping[str, Any]) -> dict[str, Any]:
    """That of the stage; one thread for every actor of a CPU pool, and what Ray Data needs of the base. With the pins
    that the job has built from their file, whatever version the configuration was locked to."""
    env_vars = {**of_stage.get("env_vars", {}), SHOW_BASE: "1", settings.CPU_THREADS: "1"}
    found = {**of_stage, "env_vars": env_vars}
    if name := environment_of(str(found.get("py_executable", ""))):
        found["py_executable"] = f"{LAUNCHER} {name.partition('@')[0]}"
    return found
