"""Deploys under steady traffic: one stage changes, no other is touched, no call is lost; what cannot run does not.

The stage that changes says in every result which of its versions worked: its code, its pins, its options.
"""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from callytics.errors import ConfigError
from deployments.operations import deploy as deploys
from deployments.operations import local
from deployments.operations.config_changes import Effect
from tests.e2e.conftest import PROJECT, Graph

STAGE = "llm-analyzer"
ENVIRONMENT = "cpu/test-of-deploys"
ENGINE = '''"""Written by tests/e2e/test_deploys.py."""

import importlib.metadata

from callytics.domain import ContactSummary, Conversation

REVISION = "first"


class TellingAnalyzer:
    model = "telling"

    def __init__(self, word: str = "", fail: bool = False) -> None:
        if fail:
            raise RuntimeError("told not to start")
        self.model_revision = f"{REVISION} {importlib.metadata.version('tqdm')} {word}"

    def __call__(self, conversation: Conversation) -> ContactSummary:
        return ContactSummary(None, None, None, None, None)
'''


def silent_recording(number: int) -> bytes:
    """A second of faint noise, another one for every number: a call that takes the graph next to no time."""
    noise = np.random.default_rng(number).integers(-8, 8, 8_000, dtype=np.int16)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(noise.tobytes())
    return buffer.getvalue()


class Traffic:
    """Call after call through the API, and how each ended. Every failed request and every retry is a loss."""

    def __init__(self, graph: Graph) -> None:
        self.versions: list[str] = []
        self.losses: list[str] = []
        self._graph = graph
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._end.is_set():
            try:
                self.versions.append(self._call(number))
            except Exception as error:  # whatever went wrong, a caller saw it
                self.losses.append(f"call {number}: {error!r}")
            number += 1

    def _call(self, number: int) -> str:
        files = {"file": (f"{number}.wav", silent_recording(number))}
        answer = self._graph.http.post("/v1/calls", files=files, data={"deduplicate": "false"})
        assert answer.status_code == 202, answer.text
        call_id = answer.json()["call_id"]
        status = self._graph.wait(call_id, timeout_s=60)
        assert status["job_status"] == "COMPLETED", status
        assert {stage["attempts"] for stage in status["stages"]} == {1}, status
        stages = self._graph.result(call_id)["job_details"]["stages"]
        return str(next(stage for stage in stages if stage["name"] == STAGE)["model_revision"])

    def wait_for(self, version: str, timeout_s: float = 60.0) -> None:
        """Until a call that begins after this was made by that version."""
        deadline, done = time.monotonic() + timeout_s, len(self.versions) + 1
        while version not in self.versions[done:]:
            assert time.monotonic() < deadline, f"{version} is not among {self.versions}; {self.losses}"
            time.sleep(0.1)

    def end(self) -> None:
        self._end.set()
        self._thread.join()


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
def test_a_change_of_one_stage_restarts_it_alone_and_loses_no_call(
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


def test_a_pin_that_cannot_be_installed_leaves_the_old_version(operator: Operator, traffic: Traffic) -> None:
    before, installed = operator.replicas(), operator.pinned
    operator.pin("0.0.0.1")
    with pytest.raises(ConfigError, match=r"tqdm==0\.0\.0\.1"):
        operator.deploy()
    operator.pin(installed)
    traffic.wait_for(operator.version)
    assert operator.replicas() == before
    assert traffic.losses == []


def test_an_engine_that_does_not_start_is_rolled_back(operator: Operator, traffic: Traffic) -> None:
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
