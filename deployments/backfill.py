"""A year of calls as one job: ``ray job submit --working-dir . -- python -m deployments.backfill --input calls/``.

    read -> one map_batches a step of the graph (backfill_plan.py) -> store and Parquet (backfill_sink.py)

Calls stream through: at any moment only a few of them are in memory. A call that has a result in the store is
skipped, so a job that was killed is simply submitted again. A recording that cannot be analysed becomes a row in
``failures`` and ends nothing.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from callytics import settings
from callytics.config import load_stages
from callytics.domain import CallOptions
from callytics.errors import CallyticsError
from callytics.manifest import BatchItem, batch_items
from callytics.store import DEFAULT_TENANT, tenant_name
from deployments.backfill_plan import analysed
from deployments.backfill_progress import Outcome, Progress, ProgressMetrics
from deployments.backfill_sink import Reader, Sink, item_table
from deployments.environments import SHOW_BASE, build_environments, environment_names

logger = logging.getLogger("callytics.backfill")

PROJECT = Path(__file__).resolve().parent.parent
PROFILES = {"cpu": "serve_config.cpu.yaml", "gpu": "serve_config.yaml"}
HEAVY = ("speech-recognizer", "speaker-diarizer")
"""Nearly all of the work; as many actors of each as CPUs, each with one thread, so that no core waits."""
HEAVY_SHARES = {"speech-recognizer": 0.5, "speaker-diarizer": 0.3}
LIGHT_CPUS = 0.01
MAX_BLOCKS = 2000
IN_FLIGHT_PER_ACTOR = 2  # one at work, one ready


@dataclass(frozen=True)
class Job:
    """What a batch is told."""

    config: Path
    output: str
    database_url: str
    blobs_url: str
    cpus: int
    timeout_s: float
    tenant: str = DEFAULT_TENANT


def run(items: Sequence[BatchItem], job: Job) -> Progress:
    """Analyse the items; returns what came of them.

    Raises:
        TimeoutError: the job's time is up; submitted again it goes on where it stopped.
    """
    import ray

    # Not only for the actors: under `callytics up` every worker of Ray is an overlay that hides what Ray Data needs.
    # Where Ray runs already, it is used; a Ray of the job's own ends with it, and needs no dashboard.
    ray.init(runtime_env={"env_vars": {SHOW_BASE: "1"}}, include_dashboard=False)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    context.issue_detectors_config.detectors = []  # they advise on memory, a page for every step
    ends_at = time.monotonic() + job.timeout_s
    progress = Progress(len(items))
    metrics = ProgressMetrics()
    for outcome in _outcomes(items, job):
        progress.add(outcome)
        metrics.tell(outcome, progress)
        if outcome.message:
            logger.warning("%s: %s", outcome.uri, outcome.message)
        if progress.is_due():
            logger.info("%s", progress)
        if time.monotonic() > ends_at:
            raise TimeoutError(f"not finished after {job.timeout_s:.0f} s; submit the job again to go on")
    logger.info("%s", progress)
    return progress


def _outcomes(items: Sequence[BatchItem], job: Job) -> Any:
    import ray

    environments = _environments(_serve_config(job.config))
    stages = load_stages(job.config)

    def pool(size: int = 1) -> Any:
        return ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=IN_FLIGHT_PER_ACTOR)

    def compute(stage: str) -> Mapping[str, Any]:
        application = environments[stage]
        return {
            "compute": pool(job.cpus if stage in HEAVY else 1),
            "num_cpus": HEAVY_SHARES.get(stage, LIGHT_CPUS),
            "num_gpus": application.get("num_gpus", 0),
            "runtime_env": _runtime_env(application.get("runtime_env") or {}),
        }

    dataset: Any = ray.data.from_items(
        [{"item": item} for item in item_table(items)], override_num_blocks=min(len(items), MAX_BLOCKS)
    )
    # Actors, though they keep nothing: Ray ends the processes of tasks that wait, and each costs seconds to begin.
    end: dict[str, Any] = {
        "compute": pool(),
        "num_cpus": LIGHT_CPUS,
        "batch_size": 1,
        "batch_format": "pyarrow",
    }
    store = {"database_url": job.database_url, "blobs_url": job.blobs_url, "tenant": job.tenant}
    dataset = dataset.map_batches(Reader, fn_constructor_kwargs=store, **end)
    dataset = analysed(dataset, stages, compute)
    dataset = dataset.map_batches(Sink, fn_constructor_kwargs={**store, "output": job.output}, **end)
    for row in dataset.iter_rows():
        yield Outcome(**row)


def _environments(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Application -> its first deployment's ray_actor_options."""
    return {
        application["name"]: (application.get("deployments") or [{}])[0].get("ray_actor_options") or {}
        for application in config["applications"]
    }


def _runtime_env(of_stage: Mapping[str, Any]) -> dict[str, Any]:
    """That of the stage; one thread for every actor of a CPU pool, and what Ray Data needs of the base."""
    env_vars = {**of_stage.get("env_vars", {}), SHOW_BASE: "1", settings.CPU_THREADS: "1"}
    return {**of_stage, "env_vars": env_vars}


def redacts_every_call(config: Mapping[str, Any]) -> bool:
    """What the gateway of this configuration does whether a caller asks for it or not, a batch does too."""
    arguments = [application.get("args") or {} for application in config["applications"]]
    return any((of_one.get("settings") or {}).get("redact_pii", False) for of_one in arguments)


def _serve_config(path: Path) -> dict[str, Any]:
    """
    Raises:
        ConfigError: ``config_missing``, or ``config_invalid``: it lacks a stage.
    """
    load_stages(path)
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


def _use_environments(config: Path) -> None:
    """Build what is missing here and put their launcher where a Ray started by this process finds it. The nodes of a
    cluster have built theirs when they were set up (cluster.yaml)."""
    names = environment_names(_serve_config(config))
    build_environments(names, PROJECT / "runtime_envs", settings.home())
    os.environ["PATH"] = f"{settings.home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        config = options.config or PROJECT / PROFILES[options.profile]
        defaults = CallOptions(
            language=options.language,
            agent_channel=options.agent_channel,
            redact_pii=options.redact or redacts_every_call(_serve_config(config)),
        )
        items = batch_items(options.input, defaults)
        job = Job(
            config=config,
            output=options.output,
            database_url=settings.database_url(),
            blobs_url=options.blobs_url or str(settings.home() / "blobs"),
            cpus=options.cpus or max(1, (os.cpu_count() or 2) // 2),
            timeout_s=options.timeout_s,
            tenant=tenant_name(options.tenant),
        )
        _use_environments(job.config)
        logger.info("%d recordings, %d CPUs, results in %s", len(items), job.cpus, job.output)
        progress = run(items, job)
    except (CallyticsError, TimeoutError) as error:
        logger.error("backfill: %s", error)
        return 1
    return 0 if not progress.failed else 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.backfill", description=__doc__)
    parser.add_argument(
        "--input", required=True, help="folder, pattern, or .csv / .parquet manifest; fsspec URL"
    )
    parser.add_argument("--output", default=str(settings.home() / "backfill"), help="where Parquet goes")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="cpu")
    parser.add_argument("--config", type=Path, help="a Serve config, instead of the profile's")
    parser.add_argument("--cpus", type=int, help="cores to take; default half of the machine's")
    parser.add_argument("--language", help="of all calls; default: detected in each")
    parser.add_argument("--agent-channel", type=int)
    parser.add_argument(
        "--redact", action="store_true", help="take out what identifies people, of every call"
    )
    parser.add_argument("--tenant", default=DEFAULT_TENANT, help="whose calls they are")
    parser.add_argument("--blobs-url", help="where recordings are kept; default $CALLYTICS_HOME/blobs")
    parser.add_argument("--timeout-s", type=float, default=24 * 3600.0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
