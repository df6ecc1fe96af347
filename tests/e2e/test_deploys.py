"""Deploys under steady traffic: one stage changes, no other is touched, no call is lost; what cannot run does not.

The stage that changes says in every result which of its versions worked: its code, its pins, its options.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from callytics.errors import ConfigError
from deployments.operations import deploy as deploys
from deployments.operations import local
from deployments.operations.config_changes import Effect
from tests.e2e.conftest import PROJECT, Graph
from tests.support.traffic import ENGINE, STAGE, Traffic

ENVIRONMENT = "cpu/test-of-deploys"


class Operator:
    """Edits the configuration, the pins and the code of one stage, and deploys."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.graph = graph
        self.folder = folder
        self.config = copy.deepcopy(yaml.safe_load(graph.config.read_text()))
        (self.application,) = (app for app in self.config["applications"] if app["name"] == STAGE)
        self.application["args"] = {"engine": "telling_stage:TellingAnalyzer", "options": {"word": "one"}}
        environment = {"py_executable": f"callytics-python {ENVIRONMENT}"}
        self.application["deployments"][0]["ray_actor_options"]["runtime_env"] = environment
        (folder / "runtime_envs").mkdir()
        (folder / "runtime_envs" / "cpu").mkdir()
        for pins in (PROJECT / "runtime_envs" / "cpu").glob("*.txt"):
            (folder / "runtime_envs" / "cpu" / pins.name).write_bytes(pins.read_bytes())
        self.pin("4.67.1")
        self.code("first")

    def code(self, revision: str) -> None:
        self.revision = revision
        path = self.graph.home / "python" / "telling_stage.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(ENGINE.replace("first", revision))

    def pin(self, version: str) -> None:
        self.pinned = version
        (self.folder / "runtime_envs" / f"{ENVIRONMENT}.txt").write_text(f"tqdm=={version}\n")

    @property
    def version(self) -> str:
        """What the engine will say of itself."""
        return f"{self.revision} {self.pinned} {self.application['args']['options']['word']}"

    def path(self) -> Path:
        path = self.folder / "serve_config.yaml"
        path.write_text(yaml.safe_dump(self.config))
        return path

    def plan(self) -> deploys.Plan:
        return deploys.make_plan(self.path(), home=self.graph.home, pins_folder=self.folder / "runtime_envs")

    def deploy(self) -> deploys.Plan:
        plan = self.plan()
        deploys.apply_plan(plan, home=self.graph.home, progress=print, timeout_s=120)
        return plan

    def replicas(self) -> dict[str, list[int]]:
        return {app["name"]: self.graph.replica_pids(app["name"]) for app in self.config["applications"]}


@pytest.fixture(scope="module")
def operator(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    graph.wait_until_healthy()
    operator = Operator(graph, tmp_path_factory.mktemp("deploys"))
    try:
        operator.deploy()
        yield operator
    finally:
        local.up(graph.config, home=graph.home, pull_weights=False)
        for left in (graph.home / "envs" / "cpu").glob("*test-of-deploys*"):  # the folder is shared
            left.unlink() if left.is_symlink() else subprocess.run(["rm", "-r", str(left)], check=True)


@pytest.fixture(scope="module")
def traffic(operator: Operator) -> Iterator[Traffic]:
    traffic = Traffic(operator.graph)
    yield traffic
    traffic.end()


def edit_option(operator: Operator) -> None:
    operator.application["args"]["options"]["word"] = "two"


def edit_pins(operator: Operator) -> None:
    operator.pin("4.67.0")


def edit_code(operator: Operator) -> None:
    operator.code("second")


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (edit_option, {"options.word"}),
        (edit_pins, {f"pins of {ENVIRONMENT}", "tqdm"}),
        (edit_code, {"code"}),
    ],
)
def test_change_of_one_stage_restarts_it_alone_and_loses_no_call(
    edit: Callable[[Operator], None], what: set[str], operator: Operator, traffic: Traffic
) -> None:
    before = operator.replicas()
    edit(operator)
    plan = operator.deploy()
    (change,) = plan.changes
    assert (change.application, change.effect) == (STAGE, Effect.RESTARTS)
    assert {difference.what for difference in change.differences} == what
    traffic.wait_for(operator.version)
    after = operator.replicas()
    assert {name for name in before if before[name] != after[name]} == {STAGE}
    assert traffic.losses == []
    assert operator.plan().changes == ()


def test_pin_that_cannot_be_installed_leaves_the_old_version(operator: Operator, traffic: Traffic) -> None:
    before, installed = operator.replicas(), operator.pinned
    operator.pin("0.0.0.1")
    with pytest.raises(ConfigError, match=r"tqdm==0\.0\.0\.1"):
        operator.deploy()
    operator.pin(installed)
    traffic.wait_for(operator.version)
    assert operator.replicas() == before
    assert traffic.losses == []


def test_engine_that_does_not_start_is_rolled_back(operator: Operator, traffic: Traffic) -> None:
    """By the command, as an operator runs it: one line that says why, and an exit code of its own."""
    before = operator.replicas()
    options = operator.application["args"]["options"]
    options["fail"] = True
    operator.application["deployments"][0]["ray_actor_options"]["runtime_env"] = {
        "py_executable": "callytics-python cpu/llm-analyzer"
    }
    callytics = Path(sys.executable).with_name("callytics")
    command = [str(callytics), "deploy", str(operator.path()), "--only", STAGE, "--yes"]
    environment = os.environ | {"CALLYTICS_HOME": str(operator.graph.home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=PROJECT)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "RuntimeError: told not to start" in done.stderr
    assert done.stderr.strip().endswith("What ran before runs again. [rolled_back]")
    traffic.wait_for(operator.version)
    assert operator.replicas() == before
    assert traffic.losses == []
    assert local.status(home=operator.graph.home).healthy
