"""A Ray head of our own on this machine, with the graph on it: up, status, down.

What ``up`` starts carries a mark in its environment (CALLYTICS_RUN_ID), and ``down`` ends the processes that
carry it: those of this run and no others, even when ``up`` was interrupted half-way or a process lost its parent.
``run.json`` in the home folder says what runs and where; callytics/home/graphs.py tells commands in other folders.
"""

from __future__ import annotations

import os
import time
import urllib.request
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from callytics import settings
from callytics.home import graphs as local_graphs
from callytics.home import locks, private_files, resources
from callytics.weights import prefetch
from callytics.weights.needed import needed_weights
from deployments.operations import head, kept_logs, observers, ray_token, runs, serve_file
from deployments.operations.code_revision import SourceTree
from deployments.operations.environments import BASE_ENVIRONMENT, build_environments, environment_names
from deployments.operations.head import LocalGraphError
from deployments.operations.observers import ObserverState
from deployments.operations.preparation import prepared
from deployments.operations.runs import Run
from deployments.operations.serve_api import ApplicationState, Progress, ServeApi, await_healthy

API_KEY_FILE = settings.api_key_path().name
PROJECT = resources.PACKAGES_FOLDER
PUBLIC_FOLDERS = ("envs", "models", "bin")
"""Entries of the home folder: packages and weights, many files and no secrets. The folder around them is closed."""


@dataclass(frozen=True)
class Status:
    """``run`` is None when nothing of ours runs."""

    run: Run | None
    applications: tuple[ApplicationState, ...] = ()
    observers: tuple[ObserverState, ...] = ()

    @property
    def healthy(self) -> bool:
        return bool(self.applications) and all(application.healthy for application in self.applications)


def home_folder(home: Path | None = None) -> Path:
    """``home``, else as callytics/settings.py finds it; absolute."""
    return home.absolute() if home else settings.home()


def up(
    config: Path | None = None,
    *,
    home: Path | None = None,
    http_port: int | None = None,
    dashboard_port: int | None = None,
    progress: Progress | None = None,
    timeout_s: float = 300.0,
    pull_weights: bool = True,
    num_gpus: int | None = None,
    observe: bool = False,
) -> Run:
    """Start a head and deploy the graph, or deploy again to the one that runs. Returns when all is healthy.

    Args:
        config: a Serve config file; default the serve_config.cpu.yaml that comes with Callytics.
        home: state directory; default as ``settings.own_home`` says: never that of a graph that runs elsewhere.
        http_port: of the gateway; default ``$CALLYTICS_HTTP_PORT``, else what the config says.
        dashboard_port: default ``$CALLYTICS_DASHBOARD_PORT``, else 8265.
        timeout_s: for the applications to become healthy, once the head runs.
        num_gpus: what Ray is told to have; default the machine's own, and none where no stage asks for one.
        observe: start Prometheus, Alertmanager and Grafana beside it, those that are installed (observers.py).

    Raises:
        ConfigError: the configuration or an environment is wrong, or a folder is another account's
            (``folder_not_ours``); nothing was started.
        LocalGraphError: a port is taken, by a graph of another home (``graph_runs_elsewhere``) or by a stranger
            (``port_taken``), the head did not start (``head_failed``), an application cannot start
            (``deploy_failed``) or takes too long (``deploy_timeout``). The head stays up: `status` tells more.
    """
    report = progress or (lambda what, state, detail: None)
    home = home.absolute() if home else settings.own_home()
    config = (config or resources.project_file("serve_config.cpu.yaml")).absolute()
    pins = resources.pins_folder(config)
    document = serve_file.read_config(config)
    http_port = http_port or _port("CALLYTICS_HTTP_PORT", document["http_options"]["port"])
    dashboard_port = dashboard_port or _port("CALLYTICS_DASHBOARD_PORT", 8265)
    _refuse_ports_of_others(home, {http_port, dashboard_port})  # before anything is made
    if observe:
        observers.check_receivers(resources.observability_folder(config))
    private_files.make_folder(home)
    private_files.close_to_others(home, leave=PUBLIC_FOLDERS)
    with locked(home, report):
        _prepare(document, pins, home, report, pull_weights)
        run = runs.running(home)
        if observe and run is not None:
            observers.end(run.run_id)  # they start again, with the files as they are now
        if run is None:
            down(home=home)  # the rest of a start that was interrupted
        watched = observers.addresses(run.observers if run else {}) if observe else {}
        if run is None:
            if num_gpus is None and not serve_file.asks_for_gpus(document):
                num_gpus = 0
            run = _start(home, config, http_port, dashboard_port, report, num_gpus, watched)
        elif not run.token_path:
            raise LocalGraphError(
                "run_outdated",
                "What runs was started by a version whose Ray listens on every interface and asks nobody for a token. "
                "End it first: callytics down",
            )
        document["http_options"]["port"] = run.http_port
        document["http_options"].setdefault("host", "127.0.0.1")  # Ray's own default is every interface
        api = ServeApi(run.dashboard_url, run.token_path)
        api.deploy(prepared(document, pins, sources(run)))
        await_healthy(api, [app["name"] for app in document["applications"]], report, timeout_s)
        _ensure_api_key(home, run.url)
        if observe:
            run = replace(run, observers=observers.installed(watched))
            runs.save(home, run)
            files = resources.observability_folder(config)
            beside = observers.Observation(run.run_id, home, files, Path(run.temp_dir), run.url, watched)
            observers.start(beside, report)
    return run


def _port(variable: str, default: int) -> int:
    return int(os.environ.get(variable) or default)


def _refuse_ports_of_others(home: Path, ports: set[int]) -> None:
    graphs = {graph.home: graph for graph in local_graphs.running()}
    if home.resolve() in graphs:
        return  # its own, which it keeps
    for graph in graphs.values():
        if taken := ports & {graph.http_port, graph.dashboard_port}:
            raise LocalGraphError(
                "graph_runs_elsewhere",
                f"A graph of yours already runs from {graph}, on port {', '.join(map(str, sorted(taken)))}. Use or end "
                f"it with CALLYTICS_HOME={graph.home}, or start another on other ports: CALLYTICS_HTTP_PORT, "
                "CALLYTICS_DASHBOARD_PORT.",
            )


def _prepare(
    document: Mapping[str, Any], pins: Path, home: Path, report: Progress, pull_weights: bool
) -> None:
    names = environment_names(document)
    os.environ.setdefault("CALLYTICS_HOME", str(home))
    wanted = prefetch.missing(needed_weights(document)) if pull_weights else []
    if wanted:  # before gigabytes of packages: a machine without the hub says so at once
        report("weights", "checking", ", ".join(need.name for need in wanted))
        fetches = prefetch.plan(wanted)
    report("environments", "checking", f"{len(names)} pinned environments")
    build_environments(names, pins, home)
    report("environments", "ready", "")
    if wanted:
        prefetch.fetch_all(wanted, fetches, partial(_report_weights, report))
    if pull_weights:
        report("weights", "ready", "")


def _report_weights(report: Progress, name: str, what: str, done: int, total: int) -> None:
    share = f", {done / total:.0%} of {total / 1e6:,.0f} MB" if total else ""
    report("weights", what.partition(" ")[0], f"{name}{share}")


def _ensure_api_key(home: Path, url: str) -> None:
    """A key for the user of this machine, in a file that only they can read; the command line takes it from there."""
    path = home / API_KEY_FILE
    if path.is_file() and _is_accepted(path.read_text(encoding="utf-8").strip(), url):
        return
    from callytics.store import SCOPES, CallStore, hash_secret  # two seconds that only the first start needs

    store = CallStore(os.environ.get("DATABASE_URL") or f"sqlite:///{home / 'callytics.db'}")
    try:
        if path.is_file() and store.authenticate(hash_secret(path.read_text(encoding="utf-8").strip())):
            return
        issued = store.create_api_key("this machine", sorted(SCOPES), "callytics up")
    finally:
        store.close()
    private_files.write_text(path, issued.secret + "\n")


def _is_accepted(key: str, url: str) -> bool:
    """Whether the gateway at ``url`` takes the key; False also where it does not answer."""
    request = urllib.request.Request(f"{url}/v1/calls?limit=1", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return True
    except OSError:  # URLError and HTTPError are; so is a time-out
        return False


def _start(
    home: Path,
    config: Path,
    http_port: int,
    dashboard_port: int,
    report: Progress,
    num_gpus: int | None,
    watched: Mapping[str, str],
) -> Run:
    for port, use in ((http_port, "the gateway"), (dashboard_port, "the Ray dashboard")):
        if not head.is_free(port):
            raise LocalGraphError(
                "port_taken",
                f"Port {port} for {use} is taken by another program. "
                "Choose others with CALLYTICS_HTTP_PORT and CALLYTICS_DASHBOARD_PORT.",
            )
    report("ray", "starting", "")
    python = home / "envs" / BASE_ENVIRONMENT / "bin" / "python"
    temp_dir = head.temp_dir(home)
    private_files.claim_folder(temp_dir.parent)
    python_path = os.environ.get("PYTHONPATH", "")
    run = Run(
        run_id=uuid.uuid4().hex,
        config=str(config),
        http_port=http_port,
        dashboard_port=dashboard_port,
        temp_dir=str(temp_dir),
        started_at=time.time(),
        python_path=python_path,
        token_path=str(ray_token.make(home)),
        observers=observers.installed(watched) if watched else {},
    )
    runs.save(home, run)  # before the first process: an interrupted start can be found and ended
    try:
        local_graphs.record(home)
    except OSError as error:
        report("ray", "starting", f"commands in other folders will not find this graph: {error}")
    try:
        variables = {settings.RAY_DASHBOARD_URL: run.dashboard_url}
        if grafana := run.observers.get(observers.GRAFANA.name):
            variables[settings.GRAFANA_URL] = grafana
        if watched:
            variables |= observers.ray_environment(watched)
        head.start(run.run_id, python, home, temp_dir, dashboard_port, code_folder(), num_gpus, variables)
    except LocalGraphError:
        down(home=home)
        raise
    report("ray", "ready", run.dashboard_url)
    return run


def status(*, home: Path | None = None) -> Status:
    """Every application, healthy or not, and why not."""
    home = home_folder(home)
    run = runs.running(home)
    if run is None:
        return Status(None)
    expected = [app["name"] for app in serve_file.read_config(Path(run.config))["applications"]]
    api = ServeApi(run.dashboard_url, run.token_path)
    found = {state.name: state for state in api.applications()}
    missing = [
        ApplicationState(name, "NOT_DEPLOYED", "not deployed") for name in expected if name not in found
    ]
    return Status(run, (*found.values(), *missing), observers.states(run.observers))


def down(*, home: Path | None = None) -> int:
    """End every process of this home's run, and keep its logs; returns how many processes there were.

    Of a run that died, too: `up` calls it first. Does nothing when there is no run.

    Raises:
        LocalGraphError: ``logs_not_kept``; the processes have ended.
    """
    home = home_folder(home)
    run = runs.load(home)
    if run is None:
        return 0
    ended = observers.end(run.run_id) + head.end_processes(run.run_id)
    try:
        kept_logs.keep(Path(run.temp_dir), kept_logs_folder(home), home / "ray-start.log")
    except OSError as error:
        raise LocalGraphError(
            "logs_not_kept", f"All processes have ended, but their logs stay in {run.temp_dir}: {error}"
        ) from error
    head.remove_temp(Path(run.temp_dir))
    (home / ray_token.TOKEN_FILE).unlink(missing_ok=True)
    (home / "run.json").unlink(missing_ok=True)
    local_graphs.forget(home)
    return ended


def kept_logs_folder(home: Path) -> Path:
    """A folder for each of the last runs that have ended."""
    return home / "logs"


def code_folder() -> Path | None:
    """What Ray's processes need on their path to import the deployments; None where the package is installed: the
    environments see its site-packages anyway, and before their own packages it must not come."""
    return None if resources.IS_INSTALLED else PROJECT


def sources(run: Run) -> SourceTree:
    """The code that the replicas of this run import."""
    return SourceTree([PROJECT, *(Path(entry) for entry in run.python_path.split(os.pathsep) if entry)])


def processes(*, home: Path | None = None) -> list[int]:
    """The pids of every process of this home's run, for those who measure them."""
    run = runs.load(home_folder(home))
    return [] if run is None else head.processes(run.run_id)


def locked(home: Path, progress: Progress | None = None) -> AbstractContextManager[None]:
    """One `up` or `deploy` at a time."""
    report = progress or (lambda what, state, detail: None)
    waiting = f"another `up` or `deploy` works in {home}"
    return locks.alone(home / "up.lock", lambda: report("lock", "waiting", waiting))
