"""Where things lie on this machine: read from the environment, once, by the command line."""

from __future__ import annotations

import os
from pathlib import Path

from callytics.errors import ConfigError, UnavailableError
from callytics.home import graphs as local_graphs

STATE_FOLDER = ".callytics"
DEFAULT_URL = "http://127.0.0.1:8000"


def home() -> Path:
    """State of a local graph: database, recordings, weights, environments, key. The same rule for every command but
    `up`: :func:`own_home` where there is one, else the home of the graph of this user that runs.

    Raises:
        ConfigError: ``several_graphs``: several run, and nothing says which is meant; ``home_not_yours``.
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
    """``$CALLYTICS_HOME``, else the .callytics of this folder or of the nearest one above it, else ./.callytics, which
    may not be there yet. What `up` starts a graph from: never one that runs elsewhere.

    Raises:
        ConfigError: ``home_not_yours``: ./.callytics belongs to another user.
    """
    if found := _own_home():
        return found
    new = Path.cwd() / STATE_FOLDER
    if new.is_dir():
        raise ConfigError(
            "home_not_yours",
            f"{new} belongs to another user, who decides what it makes this command do. "
            "If that is meant, set CALLYTICS_HOME to it.",
        )
    return new


def _own_home() -> Path | None:
    """Folders of other users are passed over: who owns one says where recordings and keys are sent."""
    if named := os.environ.get("CALLYTICS_HOME"):
        return Path(named).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        state = folder / STATE_FOLDER
        if state.is_dir() and state.stat().st_uid == os.geteuid():
            return state.resolve()
    return None


def api_key_path() -> Path:
    """The key that `callytics up` made for this user; readable by them alone."""
    return home() / "api-key"


def api_key() -> str:
    """``$CALLYTICS_API_KEY``, else the key of the local graph.

    Raises:
        ConfigError: there is neither.
    """
    key = os.environ.get("CALLYTICS_API_KEY")
    if key:
        return key
    path = api_key_path()
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    if graph := local_graphs.running_from(home()):
        what_to_do = f"`callytics up` makes it for {graph}."
    else:
        what_to_do = local_graphs.where_one_runs(home())
    raise ConfigError(
        "api_key_missing", f"No API key: CALLYTICS_API_KEY is not set, and there is no {path}. {what_to_do}"
    )


def graph_url(named: str | None) -> str:
    """``named``, as --url or $CALLYTICS_URL give it; else where the graph of this home answers.

    Raises:
        UnavailableError: ``not_running``: no graph runs from this home. Not where $CALLYTICS_API_KEY is set: then it
            is the usual port, where a graph may answer that another user or `serve deploy` started.
    """
    if named:
        return named
    if graph := local_graphs.running_from(home()):
        return graph.url
    if os.environ.get("CALLYTICS_API_KEY"):
        return DEFAULT_URL
    # The key in this home is for its own graph; whoever has the usual port now is not told it.
    raise UnavailableError(
        "not_running", f"No graph runs from {home()}. {local_graphs.where_one_runs(home())}"
    )


def database_url() -> str:
    """``$DATABASE_URL``, else SQLite under the home folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{home() / 'callytics.db'}"


def existing_database_url() -> str:
    """The same, for commands that work on what a graph keeps: they make no database that no graph knows.

    Raises:
        ConfigError: ``database_missing``: the SQLite file is not there.
    """
    url = database_url()
    path = _sqlite_path(url)
    if path is None or path.is_file():
        return url
    if graph := local_graphs.running_from(home()):
        what_to_do = (
            f"The graph of {graph} keeps its calls elsewhere: set DATABASE_URL as it was at `callytics up`."
        )
    else:
        what_to_do = local_graphs.where_one_runs(home())
    raise ConfigError("database_missing", f"There is no database at {path}. {what_to_do}")


def _sqlite_path(url: str) -> Path | None:
    """None where it is another database, or no URL at all, which the store says."""
    from sqlalchemy import make_url  # slow, and only the few commands that open the store need it
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


CPU_THREADS = "CALLYTICS_CPU_THREADS"


def cpu_threads() -> int:
    """Cores that recognition on the CPU uses at once, where its options name no number: all that this process may use;
    a batch, which works on many calls at once, sets ``$CALLYTICS_CPU_THREADS`` to 1.

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
