"""`python -m deployments.backfill.command ARGUMENT...`: what `callytics backfill` starts.

Submits ``python -m deployments.backfill.job ARGUMENT...`` as a Ray job, just as ``ray job submit --working-dir .``
would, and follows its log. Ctrl-C ends the following, not the job.

Exit codes: those of deployments.backfill.job (0 all done, 3 some recordings failed, 1 the job itself failed).
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from callytics.cli.errors import one_line_errors
from callytics.errors import ConfigError
from callytics.home import graphs as local_graphs
from callytics.home import resources
from deployments.operations import local, ray_token

EXCLUDES = [".git", ".venv", ".callytics", "results", "tests", "docs", "sample"]
PATH_OPTIONS = frozenset({"--input", "--output", "--config", "--blobs-url"})
EXIT_CODE = re.compile(r"exit code (\d+)")

console = Console()
app = typer.Typer(
    add_completion=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)


@app.command()
def backfill(
    context: typer.Context,
    dashboard: Annotated[str | None, typer.Option(help="Of a cluster; default: the local graph.")] = None,
) -> None:
    with one_line_errors():
        address, python, token_path = _address(dashboard)
        entrypoint = shlex.join([python, "-m", "deployments.backfill.job", *absolute(context.args)])
        code = asyncio.run(_follow(address, entrypoint, token_path))
    raise typer.Exit(code)


def _address(dashboard: str | None) -> tuple[str, str, str]:
    """The dashboard, the Python that runs the job there, and the file with its token ("": where Ray looks for one)."""
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


def absolute(arguments: list[str]) -> list[str]:
    """Paths are meant from here, not from where the job unpacks its copy of the project."""
    told = list(arguments)
    for i, argument in enumerate(arguments):
        option, is_joined, value = argument.partition("=")
        if option not in PATH_OPTIONS:
            continue
        if is_joined:
            told[i] = f"{option}={_absolute(value)}"
        elif i + 1 < len(arguments):
            told[i + 1] = _absolute(arguments[i + 1])
    return told


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)


def _job_environment() -> dict[str, Any]:
    """A checkout goes with the job; an installed package is installed where the job runs, too."""
    if resources.IS_INSTALLED:
        return {}
    return {"working_dir": str(resources.PACKAGES_FOLDER), "excludes": EXCLUDES}


async def _follow(address: str, entrypoint: str, token_path: str) -> int:
    from ray.job_submission import JobStatus, JobSubmissionClient

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


if __name__ == "__main__":
    app()
