"""Locations of state, graph, key and database for the command line: environment variables and their defaults."""

from __future__ import annotations

import os
from pathlib import Path

from callytics.errors import ConfigError, UnavailableError
from callytics.home import graphs as local_graphs

STATE_FOLDER = ".callytics"
DEFAULT_URL = "http://127.0.0.1:8000"
RAY_DASHBOARD_URL = "CALLYTICS_RAY_DASHBOARD_URL"
GRAFANA_URL = "CALLYTICS_GRAFANA_URL"
"""With these `up` tells the gateway what runs beside it; its own settings come first."""


def home() -> Path:
    """The folder with the state of a local graph: database, recordings, weights, environments, key. Every command
    except `up` uses this rule: the existing folder of :func:`own_home`, else the home of this user's running graph.

    Raises:
        ConfigError: ``several_graphs``: several graphs run and none is selected; ``home_not_yours``.
    """
    if found := _own_home():
        return found
    graphs = local_graphs.running()
    if len(graphs) > 1:
        raise ConfigError(
            "several_graphs",
            f"Several graphs run, from {', '.join(map(str, graphs))}: set CALLYTICS_HOME to one of these folders.",
        )
    return graphs[0].home if graphs else own_home()


def own_home() -> Path:
    """``$CALLYTICS_HOME``, else .callytics in this folder or the nearest one above, else ./.callytics, which may not
    exist yet. `up` starts a graph from here, never from the home of a graph that runs elsewhere.

    Raises:
        ConfigError: ``home_not_yours``: ./.callytics belongs to another user.
    """
    if found := _own_home():
        return found
    new = Path.cwd() / STATE_FOLDER
    if new.is_dir():
        raise ConfigError(
            "home_not_yours",
            f"{new} belongs to another user, who controls what this command would do with it. "
            "To use it all the same, set CALLYTICS_HOME to it.",
        )
    return new


def _own_home() -> Path | None:
    """Folders of other users are skipped: the owner decides where recordings and keys are sent."""
    if named := os.environ.get("CALLYTICS_HOME"):
        return Path(named).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        state = folder / STATE_FOLDER
        if state.is_dir() and state.stat().st_uid == os.geteuid():
            return state.resolve()
    return None


def api_key_path() -> Path:
    """The file with the key that `callytics up` created; only this user can read it."""
    return home() / "api-key"


def api_key() -> str:
    """``$CALLYTICS_API_KEY``, else the key of the local graph.

    Raises:
        ConfigError: ``api_key_missing``: neither exists.
    """
    key = os.environ.get("CALLYTICS_API_KEY")
    if key:
        return key
    path = api_key_path()
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    if graph := local_graphs.running_from(home()):
        what_to_do = f"`callytics up` creates it for {graph}."
    else:
        what_to_do = local_graphs.where_one_runs(home())
    raise ConfigError(
        "api_key_missing", f"No API key: CALLYTICS_API_KEY is not set, and there is no {path}. {what_to_do}"
    )


def graph_url(named: str | None) -> str:
    """``named`` (--url or $CALLYTICS_URL) if given, else the URL of the graph of this home.

    Raises:
        UnavailableError: ``not_running``: no graph runs from this home. If $CALLYTICS_API_KEY is set, the default
            port is returned instead: a graph of another user or of `serve deploy` may answer there.
    """
    if named:
        return named
    if graph := local_graphs.running_from(home()):
        return graph.url
    if os.environ.get("CALLYTICS_API_KEY"):
        return DEFAULT_URL
    # The key of this home belongs to its own graph: never send it to another process on the default port.
    raise UnavailableError(
        "not_running", f"No graph runs from {home()}. {local_graphs.where_one_runs(home())}"
    )


def database_url() -> str:
    """``$DATABASE_URL``, else SQLite under the home folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{home() / 'callytics.db'}"


def existing_database_url() -> str:
    """The same for commands that read a graph's data: they must not create a new, empty database.

    Raises:
        ConfigError: ``database_missing``: the SQLite file does not exist.
    """
    url = database_url()
    path = _sqlite_path(url)
    if path is None or path.is_file():
        return url
    if graph := local_graphs.running_from(home()):
        what_to_do = (
            f"The graph of {graph} uses another database: set DATABASE_URL to its value at `callytics up`."
        )
    else:
        what_to_do = local_graphs.where_one_runs(home())
    raise ConfigError("database_missing", f"There is no database at {path}. {what_to_do}")


def _sqlite_path(url: str) -> Path | None:
    """None if the URL names another kind of database or is invalid, which the store reports."""
    from sqlalchemy import make_url  # slow to import; only commands that open the store need it
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


CPU_THREADS = "CALLYTICS_CPU_THREADS"


def cpu_threads() -> int:
    """Cores per recognition on the CPU, unless the engine's options set a number: all cores available to this process.
    A batch, which runs many calls in parallel, sets ``$CALLYTICS_CPU_THREADS`` to 1.

    Raises:
        ConfigError: ``cpu_threads_invalid``.
    """
    named = os.environ.get(CPU_THREADS)
    if named:
        if not named.isdecimal() or int(named) == 0:
            raise ConfigError(
                "cpu_threads_invalid", f"{CPU_THREADS} is {named!r}; give a whole number of cores, 1 or more."
            )
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
