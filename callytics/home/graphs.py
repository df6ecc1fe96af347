"""The running graphs of this user on this machine. `callytics up` records them for commands in other folders.

``$XDG_STATE_HOME/callytics/graphs`` (default ``~/.local/state``) holds one small file per home folder, with its path;
run.json in that folder has the ports. A run whose processes have ended does not count, even if a crash left either
file behind.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from callytics.home import private_files

RUN_MARK = "CALLYTICS_RUN_ID"
"""In the environment of every process of a run (deployments/operations/head.py)."""


@dataclass(frozen=True)
class LocalGraph:
    """A running graph."""

    home: Path
    run_id: str
    http_port: int
    dashboard_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def __str__(self) -> str:
        return f"{self.home} ({self.url})"


def record(home: Path) -> None:
    """Record that a graph is started from this home.

    Raises:
        OSError: the state folder is not writable.
    """
    home = home.resolve()
    entry = _entry(home)
    private_files.make_folder(entry.parent)
    private_files.write_text(entry, json.dumps({"home": str(home)}))


def forget(home: Path) -> None:
    _entry(home.resolve()).unlink(missing_ok=True)


def running() -> tuple[LocalGraph, ...]:
    """Every running graph of this user, ordered by home."""
    found = [graph for entry in _folder().glob("*.json") if (graph := _of_entry(entry))]
    return tuple(sorted(found, key=lambda graph: graph.home))


def running_from(home: Path) -> LocalGraph | None:
    """The graph that runs from this home, even if it is not recorded because an earlier version started it."""
    try:
        run = json.loads((home / "run.json").read_text(encoding="utf-8"))
        graph = LocalGraph(home, run["run_id"], run["http_port"], run["dashboard_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return graph if _is_alive(graph.run_id) else None


def where_one_runs(but: Path | None = None) -> str:
    """A sentence for a user whose command found no graph at ``but``: where one runs, and what to do."""
    others = [graph for graph in running() if but is None or graph.home != but.resolve()]
    if not others:
        return "No graph of yours runs on this machine; `callytics up` starts one."
    if len(others) == 1:
        return f"A graph of yours runs from {others[0]}: set CALLYTICS_HOME to that folder to use it."
    return (
        f"Graphs of yours run from {', '.join(map(str, others))}: set CALLYTICS_HOME to one of these folders."
    )


def why_no_answer(url: str) -> str:
    """A sentence for a user whose command got no answer from ``url``."""
    for graph in running():
        if graph.url == url.rstrip("/"):
            return f"The graph of {graph.home} is starting or unhealthy: see `callytics status`."
    return where_one_runs()


def _folder() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # the XDG specification: ignore relative paths
        state = Path("~/.local/state").expanduser()
    return state / "callytics" / "graphs"


def _entry(home: Path) -> Path:
    return _folder() / f"{hashlib.sha256(str(home).encode()).hexdigest()[:16]}.json"


def _of_entry(entry: Path) -> LocalGraph | None:
    try:
        home = Path(json.loads(entry.read_text(encoding="utf-8"))["home"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running_from(home)


def _is_alive(run_id: str) -> bool:
    """Whether any process carries the mark of this run. Checking the port is not enough: after a crash, another graph
    may have taken it."""
    mark = f"{RUN_MARK}={run_id}".encode()
    own = str(os.getpid())
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.name != own and mark in (folder / "environ").read_bytes().split(b"\0"):
                return True
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # a process of another user, or one that just ended
    return False
