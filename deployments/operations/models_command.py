"""`callytics models compare`: a model beside the one in use, on the running graph, and which of the two is better.

One command: fetches the model, deploys a second version of speech-recognizer that has it, sends it recordings, and
prints what `callytics compare` prints. Without recordings the calls of the graph are compared as they come.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from callytics.cli.connection import UrlOption, connect
from callytics.cli.errors import one_line_errors
from callytics.home import resources

if TYPE_CHECKING:  # `callytics --help` loads this module, and not what deploys
    from callytics.weights.model import Model

POLL_S = 1.0

console = Console()


def compare(
    name: Annotated[str, typer.Argument(help="The model: a name or alias of `callytics models list`.")],
    recordings: Annotated[
        list[Path] | None, typer.Argument(help="Recordings that both versions work on, at once.")
    ] = None,
    references: Annotated[Path | None, typer.Option(help="Folder of <recording>.txt, .json, .rttm.")] = None,
    shadow: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the calls that it works on too, unseen by the caller."),
    ] = 1.0,
    weight: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the calls whose result is its own.")
    ] = 0.0,
    config: Annotated[
        Path | None,
        typer.Option(help="The Serve config file to start from.", show_default="the one that runs"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results of the recordings.")] = Path("results"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for the second version to finish.")] = 600.0,
    url: UrlOption = None,
) -> None:
    """Serve a model beside the one in use and compare them: fetch, deploy, send recordings, recommend one."""
    with one_line_errors("interrupted; what was deployed goes on: `callytics status`"):
        from deployments.operations import model_config

        model = model_config.recogniser(name)
        since_ms = round(time.time() * 1000)
        back = _serve_beside(model, config, shadow, weight, yes)
        second = model_config.version_name(model)
        if recordings:
            _send(recordings, out, url)
            _await(second, len(recordings), since_ms, timeout)
            _compare(second, references, since_ms)
        else:
            console.print(
                f"Later: callytics compare {model_config.STAGE} {second}", markup=False, soft_wrap=True
            )
        for line in (
            f"Serve {model.name} alone: callytics up --model {model.name}",
            f"End the comparison: callytics deploy {back}",
        ):
            console.print(line, markup=False, soft_wrap=True)


def _serve_beside(model: Model, config: Path | None, shadow: float, weight: float, yes: bool) -> Path:
    """Deploys the second version unless it runs; returns the configuration that ends the comparison."""
    from callytics import settings
    from callytics.cli.terminal import download_progress
    from callytics.home import graphs as local_graphs
    from callytics.weights import manifest
    from deployments.operations import model_config, runs, serve_file
    from deployments.operations.deploy_command import deploy
    from deployments.operations.head import LocalGraphError

    home = settings.home()
    run = runs.running(home)
    if run is None:
        raise LocalGraphError(
            "not_running", f"No graph runs from {home}. {local_graphs.where_one_runs(home)}"
        )
    base = (resources.config_file(config) if config else Path(run.config)).absolute()
    document = model_config.beside(serve_file.read_config(base), model, shadow, weight)
    with download_progress(model.name) as report:
        manifest.pull(model.name, report)
    made = model_config.write(document, base, home, model, f"models compare {model.name}")
    deploy(made, yes=yes)
    running = runs.running(home)
    if running is None or running.config != str(made):
        raise typer.Exit(1)  # the question was answered with no
    return model_config.way_back(made)


def _send(recordings: list[Path], out: Path, url: str | None) -> None:
    from callytics.cli import analyze
    from callytics.domain import CallOptions
    from callytics.options.checks import checked

    jobs = analyze.plan([resources.recording_file(path) for path in recordings], out)
    if analyze.run_remote(jobs, checked(CallOptions()), connect(url), again=True):
        raise typer.Exit(1)


def _await(application: str, calls: int, since_ms: int, timeout_s: float) -> None:
    """Wait until the second version has worked on ``calls`` calls; a shadow may end after its call."""
    from callytics import settings
    from callytics.store import CallStore
    from deployments.operations.head import LocalGraphError

    store = CallStore(settings.existing_database_url())
    deadline = time.monotonic() + timeout_s
    try:
        while len({run.call_id for run in store.version_runs([application], since_ms)}) < calls:
            if time.monotonic() > deadline:
                raise LocalGraphError(
                    "comparison_timeout",
                    f"{application} has not worked on all {calls} calls in {timeout_s:.0f} s. It goes on; later: "
                    f"callytics compare speech-recognizer {application}",
                )
            time.sleep(POLL_S)
    finally:
        store.close()


def _compare(second: str, references: Path | None, since_ms: int) -> None:
    from datetime import UTC, datetime

    from callytics import settings
    from callytics.cli import compare as comparing
    from callytics.comparison.recommendation import MAX_SLOWDOWN
    from deployments.operations.model_config import STAGE

    since = datetime.fromtimestamp(since_ms / 1000, UTC).isoformat()
    database = settings.existing_database_url()
    comparing.run(database, STAGE, second, references, since, MAX_SLOWDOWN, console)


def register(app: typer.Typer) -> None:
    (models,) = (group.typer_instance for group in app.registered_groups if group.name == "models")
    assert models is not None
    models.command()(compare)
