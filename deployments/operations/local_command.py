"""`callytics up`, `down`, `status` and `env`: the local graph, with progress on screen.

`callytics` collects them (entry points in pyproject.toml) each time it starts: what they need is imported when they
run. `python -m deployments.operations.local_command up` works without an installed `callytics`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from callytics.cli.common import CPU_CONFIG, GRAPH, ConfigOption
from callytics.cli.errors import one_line_errors
from deployments.operations.lock_command import LockedOption, keep_locked

console = Console()

COLOURS = {"running": "green", "ready": "green", "unhealthy": "red", "deploy_failed": "red"}
INTERRUPTED = "interrupted; `callytics down` ends what was started"
MIN_LINE_INTERVAL_S = 5.0
"""Pause between lines about the same thing, without a terminal: a download reports many times per second."""


class ProgressView:
    """A table that changes in place on a terminal, lines elsewhere."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._rows: dict[str, tuple[str, str]] = {}
        self._printed: dict[str, tuple[str, float]] = {}
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def __call__(self, what: str, state: str, detail: str) -> None:
        self._rows[what] = (state, detail)
        if console.is_terminal:
            self._live.update(self._table(), refresh=True)
            return
        now = time.monotonic()
        before, at = self._printed.get(what, ("", 0.0))
        if state != before or now - at > MIN_LINE_INTERVAL_S:
            self._printed[what] = (state, now)
            console.print(f"[{now - self._start:5.1f} s] {what}: {state} {detail}".rstrip(), markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for what, (state, detail) in self._rows.items():
            table.add_row(what, f"[{COLOURS.get(state, 'yellow')}]{state}[/]", detail[:80])
        table.add_row(f"[dim]{time.monotonic() - self._start:.0f} s[/]")
        return table

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not console.is_terminal:
            yield
            return
        with self._live:
            yield


def up(
    config: ConfigOption = CPU_CONFIG,
    locked: LockedOption = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Recognise speech with this model of `callytics models list`, instead of the configuration's.",
            show_default=False,
        ),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option(
            help="Serve this language model (GGUF) of `callytics models list` in the graph, for llm-analyzer: `local`, "
            "or one that `callytics models add` added.",
            show_default=False,
        ),
    ] = None,
    few_processes: Annotated[
        bool,
        typer.Option(
            "--few-processes",
            help="Hold the small stages in one replica: less memory, a faster start. For a machine with few cores.",
        ),
    ] = False,
    observe: Annotated[
        bool,
        typer.Option(
            "--observe",
            help="Also start Prometheus, Alertmanager and Grafana on loopback, those that are installed.",
        ),
    ] = False,
) -> None:
    """Start a local Ray and the graph: environments, weights, stages. Safe to run again.

    Locks the configuration first, as `callytics lock` does."""
    start = time.monotonic()
    view = ProgressView()
    with one_line_errors(INTERRUPTED):
        from deployments.operations import local, observers
        from deployments.operations.lock import make_lock, sources_of_today

        if model:
            config = _with_model(config, model)
        if llm:
            config = _with_language_model(config, llm)
        if few_processes:
            config = _with_few_processes(config)
        keep_locked(make_lock(config, sources_of_today()), locked=locked)
        with view.shown():
            run = local.up(config, progress=view, observe=observe)
        console.print(f"Callytics is up ({time.monotonic() - start:.0f} s)")
        console.print(f"  console    {_console_address(run.url)}", soft_wrap=True)
        console.print(f"  API        {run.url}  (docs at {run.url}/docs)")
        console.print(f"  dashboard  {run.dashboard_url}")
        for name, url in run.observers.items():
            console.print(f"  {name:<12} {url}")
        for line in observers.missing() if observe else ():
            console.print(line, markup=False, soft_wrap=True)


def _console_address(url: str) -> str:
    """With the secret that signs one browser in; without it where no key is there to make it."""
    from callytics.cli.connection import connect
    from callytics.errors import CallyticsError

    try:
        with connect(url) as client:
            return f"{client.sign_in_address()}  (once; `callytics open` makes another)"
    except CallyticsError:
        return f"{url}/"


def _with_model(config: Path, name: str) -> Path:
    """A configuration of this home with that model of speech recognition; ``config`` stays as it is."""
    from callytics import settings
    from callytics.home import private_files
    from deployments.operations import model_config, serve_file

    home = settings.own_home()
    model = model_config.recogniser(name)
    private_files.make_folder(home)
    document = model_config.instead(serve_file.read_config(config.absolute()), model)
    return model_config.write(document, config.absolute(), home, model, f"up --model {model.name}")


def _with_language_model(config: Path, name: str) -> Path:
    """A configuration of this home with that language model; ``config`` stays as it is."""
    from callytics import settings
    from callytics.home import private_files
    from deployments.operations import llm_config, model_config, serve_file

    home = settings.own_home()
    model = llm_config.language_model(name)
    private_files.make_folder(home)
    document = llm_config.with_language_model(serve_file.read_config(config.absolute()), model)
    return model_config.write(document, config.absolute(), home, model, f"up --llm {model.name}")


def _with_few_processes(config: Path) -> Path:
    """A configuration of this home with the small stages in one replica; ``config`` stays as it is."""
    from callytics import settings
    from callytics.home import private_files, resources
    from deployments.operations import model_config, placement_config, serve_file

    home = settings.own_home()
    private_files.make_folder(home)
    document = serve_file.read_config(config.absolute())
    together = placement_config.with_small_stages_together(document, resources.pins_folder(config))
    name = placement_config.APPLICATION
    return model_config.write_as(together, config.absolute(), home, name, "up --few-processes")


def down() -> None:
    """End what `up` started, and nothing else."""
    with one_line_errors():
        from deployments.operations import local

        home = local.home_folder()
        count = local.down(home=home)
    if count:
        console.print(f"ended {count} processes of the graph of {home}", markup=False, soft_wrap=True)
        console.print(f"logs in {local.kept_logs_folder(home)}", markup=False, soft_wrap=True)
    else:
        _print_none_runs(home)


def status() -> None:
    """Every stage: healthy or not, and why. Exit code 1 unless every stage is healthy."""
    with one_line_errors():
        from deployments.operations import local

        home = local.home_folder()
        state = local.status(home=home)
    if state.run is None:
        _print_none_runs(home)
        raise typer.Exit(1)
    able = {app.name for app in state.applications if app.healthy}
    notices = _notices(state.run.url) if {"api-gateway", "monitoring"} <= able else {}
    table = Table("stage", "status", "replicas", "version", "why", box=None)
    for application in state.applications:
        colour = "green" if application.healthy else "red"
        replicas = f"{application.healthy_replicas}/{application.replicas}"
        why = notices.get(application.name, "") if application.healthy else application.message
        status_text = f"[{colour}]{application.status}[/]"
        table.add_row(application.name, status_text, replicas, application.version, why)
        for address in application.placed:  # in its process: as healthy as that
            table.add_row(
                f"  {address}", status_text, replicas, application.version, notices.get(address, "")
            )
    console.print(table)
    console.print(f"API {state.run.url}, dashboard {state.run.dashboard_url}")
    for observer in state.observers:
        console.print(f"{observer.name} {observer.url}" + ("" if observer.ready else " does not answer"))
    console.print(f"home {home}", markup=False, soft_wrap=True)
    earlier = local.kept_logs_folder(home)
    console.print(
        f"logs in {state.run.log_folder}, of earlier runs in {earlier}", markup=False, soft_wrap=True
    )
    if not state.healthy:
        raise typer.Exit(1)


def _notices(url: str) -> dict[str, str]:
    """Application -> what monitoring tells of it though it is healthy; nothing where it cannot be asked."""
    from callytics import settings
    from callytics.client import Client
    from callytics.errors import CallyticsError

    try:
        with Client(url, settings.api_key(), retries=0) as client:
            return {stage["name"]: stage["message"] for stage in client.stages()["stages"]}
    except CallyticsError:
        return {}


def env() -> None:
    """What `ray` and `serve` need to reach the graph: eval "$(callytics env)". The token itself is not printed."""
    with one_line_errors():
        from callytics.errors import ConfigError
        from callytics.home import graphs as local_graphs
        from deployments.operations import local, runs

        home = local.home_folder()
        run = runs.running(home)
        if run is None:
            raise ConfigError(
                "graph_not_running", f"No graph runs from {home}. {local_graphs.where_one_runs(home)}"
            )
        variables = run.client_environment()
    print("unset RAY_AUTH_TOKEN")  # Ray would take it before the file
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _print_none_runs(home: Path) -> None:
    from callytics.home import graphs as local_graphs

    text = f"No graph runs from {home}. {local_graphs.where_one_runs(home)}"
    console.print(text, markup=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    for command in (up, down, status, env):
        app.command(rich_help_panel=GRAPH)(command)


app = typer.Typer(no_args_is_help=True, add_completion=False)
register(app)

if __name__ == "__main__":
    app()
