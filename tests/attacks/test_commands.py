"""A command acts on the graph that runs, wherever it is started, or on nothing: it makes no second database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.attacks.conftest import Held
from tests.faults.graph import FaultGraph

CALLYTICS = str(Path(sys.executable).with_name("callytics"))


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "CALLYTICS_HOME"}
    return subprocess.run(
        [CALLYTICS, *arguments],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_key_made_in_any_folder_opens_the_graph_that_runs(
    graph: FaultGraph, held: Held, tmp_path: Path
) -> None:
    done = command(tmp_path, "keys", "create", "made elsewhere")
    assert done.returncode == 0, done.stderr
    answer = httpx.get(f"{graph.run.url}/v1/calls", headers={"X-API-Key": done.stdout.strip()})
    assert answer.status_code == 200
    assert list(tmp_path.iterdir()) == []
    held("keys create in another folder", "its key opens the graph that runs, no database was made there")


def test_without_a_known_graph_no_database_is_made(graph: FaultGraph, held: Held, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    done = command(folder, "keys", "create", "nobody's", XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "[database_missing]" in done.stderr
    assert list(folder.iterdir()) == []
    held("keys create without a graph", "one line says so, nothing was made")
