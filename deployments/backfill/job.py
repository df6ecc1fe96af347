"""A year of calls as one job: ``ray job submit --working-dir . -- python -m deployments.backfill.job --input calls/``.

    read -> one map_batches per stage of the graph (plan.py) -> store and Parquet (sink.py)

On a small machine several of them share a worker (pools.py): each costs seconds of CPU to begin.

Calls stream through: at any moment only a few of them are in memory. A call that has a result in the store is
skipped, so a job that was killed is simply submitted again. A recording that cannot be analysed becomes a row in
``failures`` and ends nothing.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import yaml

from callytics import settings
from callytics.config import load_stages
from callytics.domain import CallOptions
from callytics.errors import CallyticsError
from callytics.home import private_files, resources
from callytics.store import DEFAULT_TENANT, tenant_name
from deployments.backfill.manifest import BatchItem, batch_items
from deployments.backfill.options import BatchOptions, command_with
from deployments.backfill.plan import Part, Worker, stage_parts
from deployments.backfill.pools import READ, WRITE, Pools, cards
from deployments.backfill.progress import Outcome, Progress, ProgressMetrics, StoredProgress
from deployments.backfill.sink import Reader, Sink, item_table
from deployments.operations import head, ray_token
from deployments.operations.environments import SHOW_BASE, build_environments, environment_names
from deployments.operations.placement_config import ENVIRONMENT

logger = logging.getLogger("callytics.backfill")

MAX_BLOCKS = 2000


@dataclass(frozen=True)
class Job:
    """What a batch is told.

    Attributes:
        cpus: None: half of this machine, or of the cluster where it has several nodes.
    """

    config: Path
    output: str
    database_url: str
    blobs_url: str
    cpus: int | None
    timeout_s: float
    gpus: int | None = None
    tenant: str = DEFAULT_TENANT
    source: str = ""


def run(items: Sequence[BatchItem], job: Job) -> Progress:
    """Analyse the items; returns what came of them.

    Raises:
        TimeoutError: the job's time is up; submitted again it goes on where it stopped.
        ConfigError: ``gpu_missing``.
    """
    address = os.environ.get("RAY_ADDRESS") or "local"
    if address == "local":
        _close_own_ray()
    import ray

    document = _serve_config(job.config)
    # Not only for the actors: under `callytics up` every worker of Ray is an overlay that hides what Ray Data needs.
    # A Ray of the job's own ends with it, and needs no dashboard.
    own: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    ray.init(address, runtime_env={"env_vars": {SHOW_BASE: "1"}}, **own)
    free: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    num_gpus = cards(document, job.gpus, free.get("GPU", 0.0))
    cpus = cores(job.cpus or half_of(ray.nodes()), len(items))  # type: ignore[no-untyped-call]
    logger.info("%d recordings, %d CPUs, results in %s", len(items), cpus, job.output)
    alone = sum(node["Alive"] for node in ray.nodes()) == 1  # type: ignore[no-untyped-call]
    pools = Pools(document, cpus, num_gpus, resources.pins_folder(job.config) if alone else None)
    logger.info("workers: %s", "; ".join(" + ".join(names) for names in pools.workers()))
    if num_gpus:
        logger.info("%d GPU(s)", num_gpus)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    context.issue_detectors_config.detectors = []  # they advise on memory, a page for every step
    ends_at = time.monotonic() + job.timeout_s
    progress = Progress(len(items))
    stored = StoredProgress(job.database_url, job.tenant, job.source, len(items))
    try:
        _follow(_outcomes(items, job, pools), progress, stored, job.timeout_s, ends_at)
    except BaseException as error:  # also a job that is stopped
        stored.tell(progress, has_ended=True, error=_in_a_line(error))
        raise
    finally:
        stored.close()
    logger.info("%s", progress)
    if nodes := progress.nodes():
        logger.info("%s", nodes)
    return progress


def cores(allowed: int, num_items: int) -> int:
    """Not more than there are recordings: a process of a heavy stage works on one, and takes seconds to begin."""
    return max(1, min(allowed, num_items))


def half_of(nodes: Sequence[Mapping[str, Any]]) -> int:
    """Half of the CPUs of a cluster of several nodes, as Ray knows them; of this machine where there is one. (Ray on
    one machine is told of more CPUs than there are, for stages that mostly wait.)

    Args:
        nodes: as ``ray.nodes()`` returns them.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    there = sum(resources.get("CPU", 0.0) for resources in alive) if len(alive) > 1 else os.cpu_count() or 2
    return max(1, int(there / 2))


def _in_a_line(error: BaseException) -> str:
    """Ray's errors are whole tracebacks; the last line says what it was."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:300]


def _follow(
    outcomes: Iterable[Outcome], progress: Progress, stored: StoredProgress, timeout_s: float, ends_at: float
) -> None:
    metrics = ProgressMetrics()
    for outcome in outcomes:
        progress.add(outcome)
        metrics.tell(outcome, progress)
        if outcome.message:
            logger.warning("%s: %s", outcome.uri, outcome.message)
        if progress.is_due():
            logger.info("%s", progress)
            stored.tell(progress)
        if time.monotonic() > ends_at:
            raise TimeoutError(f"not finished after {timeout_s:.0f} s; submit the job again to go on")
    stored.tell(progress, has_ended=True)


def _close_own_ray() -> None:
    """Close it to other users, before ``import ray`` reads them; as `callytics up` does (operations/head.py)."""
    os.environ |= ray_token.job_environment()
    os.umask(private_files.OTHERS)
    folder = head.temp_dir(settings.home() / "backfill").parent
    if "RAY_TMPDIR" not in os.environ:
        private_files.claim_folder(folder)
        os.environ["RAY_TMPDIR"] = str(folder)


def _outcomes(items: Sequence[BatchItem], job: Job, pools: Pools) -> Any:
    import ray

    dataset: Any = ray.data.from_items(
        [{"item": item} for item in item_table(items)], override_num_blocks=min(len(items), MAX_BLOCKS)
    )
    store = {"database_url": job.database_url, "blobs_url": job.blobs_url, "tenant": job.tenant}
    parts = {
        READ: Part(Reader, kwargs=store),
        **stage_parts(load_stages(job.config), job.tenant),
        WRITE: Part(Sink, kwargs={**store, "output": job.output}),
    }
    for names in pools.workers():
        arguments = [parts[name] for name in names]
        options = {"batch_size": 1, "batch_format": "pyarrow", **pools.of_worker(names)}
        dataset = dataset.map_batches(Worker, fn_constructor_args=arguments, **options)
    for row in dataset.iter_rows():
        yield Outcome(**row)


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
    document, pins = _serve_config(config), resources.pins_folder(config)
    names = [*environment_names(document), *([ENVIRONMENT] if Pools(document, 1, 0, pins).shares() else [])]
    build_environments(names, pins, settings.home())
    os.environ["PATH"] = f"{settings.home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: all done; 3: some recordings failed; 1: the job itself failed."""
    options = _told(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        config = options.config or resources.project_file(resources.PROFILES[options.profile])
        defaults = CallOptions(
            language=options.language,
            agent_channel=options.agent_channel,
            redact_pii=options.redact or redacts_every_call(_serve_config(config)),
        )
        items = batch_items(options.input, defaults)
        job = Job(
            config=config,
            output=options.output or str(settings.home() / "backfill"),
            database_url=settings.database_url(),
            blobs_url=options.blobs_url or str(settings.home() / "blobs"),
            cpus=options.cpus,
            timeout_s=options.timeout_s,
            gpus=options.gpus,
            tenant=tenant_name(options.tenant or DEFAULT_TENANT),
            source=options.input,
        )
        _use_environments(job.config)
        progress = run(items, job)
    except (CallyticsError, TimeoutError) as error:
        logger.error("backfill: %s", error)
        return 1
    return 0 if not progress.failed else 3


def _told(arguments: Sequence[str] | None) -> BatchOptions:
    """
    Raises:
        SystemExit: an option is wrong, or only the help was asked for.
    """
    told: list[BatchOptions] = []
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=__doc__)(command_with(BatchOptions, told.append))
    try:
        app(arguments, prog_name="python -m deployments.backfill.job")
    except SystemExit:
        if not told:
            raise
    return told[0]


if __name__ == "__main__":
    sys.exit(main())
