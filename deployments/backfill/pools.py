"""The actor pools of a batch: how many workers a stage has, what each of them takes, and its environment.

engine on a GPU            one worker per card, with the share of it that its replica has in the Serve configuration
heavy engine, no GPU       one per core of the batch, with one thread, so that no core waits
everything else            one, or one per card: milliseconds per call, or waiting for an endpoint

On one machine with few cores and no card, stages that follow each other share a worker where their pins allow it:
ten processes begin in 24 s of CPU, four in less (docs/adr/0036-small-stages-in-one-replica.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callytics import settings
from callytics.config import ENGINE_STAGES, EngineBlock, stage_block
from callytics.errors import ConfigError
from deployments.operations.environments import SHOW_BASE, environment_of
from deployments.operations.launcher import LAUNCHER
from deployments.operations.placement_config import ENVIRONMENT, covers

HEAVY_SHARES = {"speech-recognizer": 0.5, "speaker-diarizer": 0.3}
"""Nearly all of the work, and the CPUs that Ray counts for a worker."""
LIGHT_CPUS = 0.01
READ, WRITE = "read", "write"
"""The two ends of a batch (sink.py)."""

SHARED = (
    (READ, "audio-processor"),
    ("speaker-diarizer", "speech-recognizer"),
    ("punctuation-restorer", "sentiment-analyzer", "llm-analyzer", WRITE),
)
"""Who shares a worker. Light with light and heavy with heavy: the heavy ones have a worker per core."""

SHARED_UP_TO_CPUS = 8
"""With more cores a single worker of the light stages would keep the heavy ones waiting."""

CALLS_READY = 2
"""Calls that a worker has for each it can work on: one at work, one ready."""


@dataclass(frozen=True)
class Pools:
    """Workers of every step of a batch.

    Args:
        document: a Serve configuration.
        cpus: cores that the batch takes.
        gpus: cards that the batch takes; 0 where no stage asks for one.
        pins_folder: of the environments, on one machine; None where each stage has its own workers, as on a cluster,
            whose nodes have built the environments that the configuration names.
    """

    document: Mapping[str, Any]
    cpus: int
    gpus: int = 0
    pins_folder: Path | None = None

    def workers(self) -> tuple[tuple[str, ...], ...]:
        """What each kind of worker does, from one end of the batch to the other."""
        if self.shares():
            return SHARED
        return ((READ,), *((stage,) for stage in ENGINE_STAGES), (WRITE,))

    def shares(self) -> bool:
        """Whether stages may share a worker: the same process, environment and thread."""
        if self.pins_folder is None or self.gpus or self.cpus > SHARED_UP_TO_CPUS:
            return False
        return all(self._fits(stage, self.pins_folder) for stage in ENGINE_STAGES)

    def _fits(self, stage: str, pins_folder: Path) -> bool:
        options, arguments = _actor_options(self.document, stage), _arguments(self.document, stage)
        environment = environment_of(str((options.get("runtime_env") or {}).get("py_executable", "")))
        waits = stage not in HEAVY_SHARES and int(arguments.get("concurrency", 1)) > 1
        return not options.get("num_gpus") and not waits and covers(environment, pins_folder)

    def of_worker(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What Dataset.map_batches is told of the workers that do all of this."""
        stages = [name for name in names if name not in (READ, WRITE)]
        if not stages:
            return self.of_end()
        if len(names) == 1:
            return self.of_stage(stages[0])
        environments = [_actor_options(self.document, stage).get("runtime_env") or {} for stage in stages]
        variables = {name: value for each in environments for name, value in each.get("env_vars", {}).items()}
        heavy = any(stage in HEAVY_SHARES for stage in stages)
        return {
            "compute": _pool(self.cpus if heavy else 1),
            "num_cpus": HEAVY_SHARES["speech-recognizer"] if heavy else LIGHT_CPUS,
            "num_gpus": 0,
            "runtime_env": _runtime_env(
                {"py_executable": f"{LAUNCHER} {ENVIRONMENT}", "env_vars": variables}
            ),
        }

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


def _block(document: Mapping[str, Any], stage: str) -> EngineBlock:
    found = stage_block(document, stage)
    assert found is not None, stage  # load_stages has read it
    return found


def _arguments(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    return _block(document, stage).args


def _actor_options(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    """Resources of the application's first deployment."""
    deployments = _block(document, stage).application.get("deployments") or [{}]
    return deployments[0].get("ray_actor_options") or {}


def _runtime_env(of_stage: Mapping[str, Any]) -> dict[str, Any]:
    """That of the stage; one thread for every actor of a CPU pool, and what Ray Data needs of the base. With the pins
    that the job has built from their file, whatever version the configuration was locked to."""
    env_vars = {**of_stage.get("env_vars", {}), SHOW_BASE: "1", settings.CPU_THREADS: "1"}
    found = {**of_stage, "env_vars": env_vars}
    if name := environment_of(str(found.get("py_executable", ""))):
        found["py_executable"] = f"{LAUNCHER} {name.partition('@')[0]}"
    return found
