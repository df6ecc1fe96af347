"""`callytics backfill`: submits ``python -m deployments.backfill.job`` with the same options a Ray job, just as
``ray job submit --working-dir .`` would, and follows its log. Ctrl-C ends the following, not the job.

Exit codes: those of deployments.backfill.job (0 all done, 3 some recordings failed, 1 the job itself failed).
"""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from typing import Any

import typer
from rich.console import Console

from callytics.cli.common import CALLS
from callytics.cli.errors import one_line_errors
from callytics.home import resources
from deployments.backfill.options import SubmittedBatch, command_with

EXCLUDES = [".git", ".venv", ".callytics", "results", "tests", "docs", "sample"]
EXIT_CODE = re.compile(r"exit code (\d+)")

console = Console()


def register(app: typer.Typer) -> None:
    app.command("backfill", rich_help_panel=CALLS)(command_with(SubmittedBatch, backfill))


def backfill(batch: SubmittedBatch) -> None:
    """Analyse a folder, pattern or manifest of recordings as one batch: --input calls/ --cpus 4. Submits a job and
    follows it; Ctrl-C ends the following, not the job. Exit code 3: some recordings failed."""
    with one_line_errors():
        address, python, token_path = _address(batch.dashboard)
        job = [python, "-m", "deployments.backfill.job", *batch.from_here().arguments()]
        code = asyncio.run(_follow(address, shlex.join(job), token_path))
    raise typer.Exit(code)


def _address(dashboard: str | None) -> tuple[str, str, str]:
    """The dashboard, the Python that runs the job there, and the file with its token ("": where Ray looks for one)."""
    from callytics.errors import ConfigError
    from callytics.home import graphs as local_graphs
    from deployments.operations import local

    if dashboard:
        return dashboard, "python", ""
    home = local.home_folder()
    run = local.status(home=home).run
    if run is None:
        raise ConfigError(
            "graph_not_running",
            f"No graph runs from {home}. {local_graphs.where_one_runs(home)} Or name a cluster with --dashboard.",
        )
    return run.dashboard_url, sys.executable, run.token_path


def _job_environment() -> dict[str, Any]:
    """A checkout goes with the job; an installed package is installed where the job runs, too."""
    if resources.IS_INSTALLED:
        return {}
    return {"working_dir": str(resources.PACKAGES_FOLDER), "excludes": EXCLUDES}


async def _follow(address: str, entrypoint: str, token_path: str) -> int:
    from ray.job_submission import JobStatus, JobSubmissionClient

    from deployments.operations import ray_token

    client = JobSubmissionClient(address, headers=ray_token.headers(token_path))
    job_id = client.submit_job(entrypoint=entrypoint, runtime_env=_job_environment())
    console.print(f"job {job_id}: `ray job stop --address {address} {job_id}` ends it", style="dim")
    async for lines in client.tail_job_logs(job_id):
        print(lines, end="", flush=True)
    info = client.get_job_info(job_id)
    if info.status == JobStatus.SUCCEEDED:
        return 0
    found = EXIT_CODE.search(info.message or "")
    return int(found.group(1)) if found else 1
