"""up, down, status and updates, as an operator uses them."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from callytics.errors import ConfigError
from callytics.home import graphs as local_graphs
from deployments.operations import local
from deployments.operations.head import LocalGraphError, processes
from tests.e2e.conftest import PROJECT, Graph, free_port
from tests.support.documents import run


def write(config: dict[str, Any], folder: Path) -> Path:
    path = folder / "serve_config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def application(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(app for app in config["applications"] if app["name"] == name)


def replicas(graph: Graph, config: dict[str, Any]) -> dict[str, list[int]]:
    return {app["name"]: graph.replica_pids(app["name"]) for app in config["applications"]}


def test_up_again_restarts_nothing(graph: Graph) -> None:
    graph.wait_until_healthy()
    config = yaml.safe_load(graph.config.read_text())
    before = replicas(graph, config)
    assert local.up(graph.config, home=graph.home, pull_weights=False).run_id == graph.run.run_id
    assert replicas(graph, config) == before


def test_second_version_of_a_stage_starts_beside_the_first(graph: Graph, tmp_path: Path) -> None:
    """An edit of one block: v2 gets the calls, nothing but the pipeline restarts, and back again."""
    graph.wait_until_healthy()
    config = yaml.safe_load(graph.config.read_text())
    before = replicas(graph, config)
    v2 = copy.deepcopy(application(config, "punctuation-restorer")) | {"name": "punctuation-restorer-v2"}
    edited = copy.deepcopy(config)
    edited["applications"].append(v2)
    application(edited, "call-pipeline")["args"]["stages"] = {
        "punctuation-restorer": "punctuation-restorer-v2"
    }
    try:
        local.up(write(edited, tmp_path), home=graph.home, pull_weights=False)
        after = replicas(graph, config)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"call-pipeline"}
        call_id = graph.submit(deduplicate="false")
        assert graph.wait(call_id)["job_status"] == "COMPLETED"
        stages = {s["name"]: s["application"] for s in graph.result(call_id)["job_details"]["stages"]}
        assert stages["punctuation-restorer"] == "punctuation-restorer-v2"
    finally:
        local.up(graph.config, home=graph.home, pull_weights=False)
    assert "punctuation-restorer-v2" not in {a.name for a in local.status(home=graph.home).applications}


def test_commands_in_another_folder_find_the_graph(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`up` has noted it; here it is the only one, for other tests may run graphs beside it."""
    assert graph.home in [found.home for found in local_graphs.running()]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    local_graphs.record(graph.home)
    for variable in ("CALLYTICS_HOME", "CALLYTICS_URL", "CALLYTICS_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    key = run(["callytics", "keys", "create", "x"], folder, {}).strip()
    answer = httpx.get(f"{graph.run.url}/v1/calls", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert "calls" in json.loads(run(["callytics", "calls", "list", "--json"], folder, {}))
    assert str(graph.home) in run(["callytics", "status"], folder, {})
    with pytest.raises(LocalGraphError, match="other ports"):
        local.up(
            graph.config,
            home=folder / ".callytics",
            http_port=graph.run.http_port,
            dashboard_port=free_port(),
        )
    assert list(folder.iterdir()) == []


def test_missing_or_wrong_config_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No configuration"):
        local.up(tmp_path / "missing.yaml", home=graph.home)
    broken = yaml.safe_load(graph.config.read_text())
    application(broken, "monitoring")["deployments"][0]["num_replicas"] = -1
    with pytest.raises(ConfigError, match="rejects"):
        local.up(write(broken, tmp_path), home=graph.home, pull_weights=False)
    assert local.status(home=graph.home).healthy


def test_interrupted_up_leaves_nothing_after_down(tmp_path: Path) -> None:
    environment = os.environ | {
        "CALLYTICS_HOME": str(tmp_path),
        "CALLYTICS_HTTP_PORT": str(free_port()),
        "CALLYTICS_DASHBOARD_PORT": str(free_port()),
    }
    up = subprocess.Popen(
        [sys.executable, "-m", "deployments.operations.local_command", "up"],
        env=environment,
        cwd=PROJECT,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # ignored where the tests run in the background
    )
    deadline = time.monotonic() + 60
    try:
        while not (tmp_path / "run.json").is_file() or len(local.processes(home=tmp_path)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        run_id = yaml.safe_load((tmp_path / "run.json").read_text())["run_id"]
        up.send_signal(signal.SIGINT)
        assert up.wait(30) != 0
    finally:
        up.kill()
        ended = local.down(home=tmp_path)
    assert ended > 0
    assert processes(run_id) == []
    assert local.status(home=tmp_path).run is None
    assert local.down(home=tmp_path) == 0
    assert tmp_path not in [found.home for found in local_graphs.running()]
