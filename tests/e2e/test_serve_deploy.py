"""Ray's own `serve deploy`, as users run it: after `callytics up`, under traffic; and on a head of `ray start`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.home.graphs import RUN_MARK
from callytics.weights import manifest as models
from deployments.operations import head, ray_token, runs
from deployments.operations.preparation import RELEASE
from deployments.replica.environment import VERSION
from tests.deployments.tiny_graph import application, service, state_folder
from tests.e2e.conftest import PROJECT, Graph, free_port
from tests.support.documents import run, run_shell
from tests.support.traffic import ENGINE, STAGE, Traffic, silent_recording

ENVIRONMENT = "cpu/test-of-serve-deploy"
PROGRAMS = Path(sys.executable).parent


def write_folder(folder: Path, document: dict[str, Any]) -> Path:
    """A Serve file, its pins and the code of its stage, as a user has them in a folder of their own."""
    pins = folder / "runtime_envs" / "cpu"
    pins.mkdir(parents=True)
    (pins / "base.txt").write_bytes((PROJECT / "runtime_envs" / "cpu" / "base.txt").read_bytes())
    (folder / "runtime_envs" / f"{ENVIRONMENT}.txt").write_text("tqdm==4.67.1\n")
    (folder / "python").mkdir()
    (folder / "python" / "telling_stage.py").write_text(ENGINE)
    path = folder / "serve_config.yaml"
    path.write_text("# Written by a test.\n" + yaml.safe_dump(document))
    return path


def telling_stage() -> dict[str, Any]:
    block = application(STAGE, STAGE)
    block["args"] = {"engine": "telling_stage:TellingAnalyzer", "options": {"word": "one"}}
    (deployment,) = block["deployments"]
    deployment["max_surge_percent"] = 100
    deployment["ray_actor_options"]["runtime_env"] = {"py_executable": f"callytics-python {ENVIRONMENT}"}
    return block


class ServeApplications:
    """What Serve's REST API says, which `serve status` and the dashboard show."""

    def __init__(self, dashboard_url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = dashboard_url
        self._headers = dict(headers or {})

    def read(self, **headers: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/api/serve/applications/", headers=self._headers | headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)["applications"]
        return found

    def replicas(self) -> dict[str, list[tuple[str, str, int]]]:
        """Replicas of each application: names, actors and processes."""
        return {
            name: sorted(
                (replica["replica_id"], replica["actor_id"], replica["pid"])
                for deployment in of["deployments"].values()
                for replica in deployment["replicas"]
                if replica["state"] == "RUNNING"
            )
            for name, of in self.read().items()
        }

    def wait_for(self, *names: str, status: str = "RUNNING", timeout_s: float = 180.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.read()
            if all(name in found and found[name]["status"] == status for name in names):
                return found
            assert time.monotonic() < deadline, {
                name: (of["status"], of["message"]) for name, of in found.items()
            }
            time.sleep(0.2)


# ---------------------------------------------------------------- after `callytics up`, under traffic


class Operator:
    """Runs the commands in the folder with the configuration, in a shell where `callytics env` was evaluated."""

    def __init__(self, folder: Path) -> None:
        document = {
            "proxy_location": "HeadOnly",
            "http_options": {"host": "127.0.0.1", "port": 8000},
            "logging_config": {"encoding": "JSON", "log_level": "INFO", "enable_access_log": False},
            "applications": [
                *(application(stage, stage) for stage in ENGINE_STAGES if stage != STAGE),
                telling_stage(),
                service("database-service", {}),
                service("call-pipeline", {}),
                service("api-gateway", {}) | {"route_prefix": "/"},
            ],
        }
        self.folder = folder
        self.path = write_folder(folder, document)
        self.home = folder / ".callytics"
        ports = {"CALLYTICS_HTTP_PORT": str(free_port()), "CALLYTICS_DASHBOARD_PORT": str(free_port())}
        self.said = run(["callytics", "up", "--config", self.path.name], folder, ports)
        started = runs.running(self.home)
        assert started is not None
        self.run = started
        self.environment = started.client_environment()
        self.applications = ServeApplications(started.dashboard_url, ray_token.headers(started.token_path))
        key = (self.home / "api-key").read_text().strip()
        self.http = httpx.Client(base_url=started.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self.graph = Graph(started, self.home, self.path, self.http)
        self.names = [block["name"] for block in document["applications"]]

    def __call__(self, *command: str) -> str:
        return run(list(command), self.folder, self.environment)

    def serve_deploy(self) -> None:
        """Returns when Serve has taken the file and all is healthy."""
        sent_at = time.time()
        self("serve", "deploy", self.path.name)
        found = self.applications.wait_for(*self.names)
        assert all(of["last_deployed_time_s"] >= sent_at for of in found.values())

    def edit(self, before: str, after: str, name: str = "serve_config.yaml") -> None:
        path = self.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("serve-deploy")
    home = folder / ".callytics"
    home.mkdir()
    variables = {
        "CALLYTICS_MODELS": str(models.models_folder().absolute()),
        "PYTHONPATH": os.pathsep.join([str(folder / "python"), str(PROJECT)]),
    }
    with state_folder(home, **variables):
        operator = Operator(folder)
        with operator.http:
            yield operator


@pytest.fixture(scope="module")
def traffic(operator: Operator) -> Iterator[Traffic]:
    traffic = Traffic(operator.graph)
    traffic.wait_for("first 4.67.1 one")
    yield traffic
    traffic.end()


def test_serve_deploy_after_up_changes_nothing(operator: Operator, traffic: Traffic) -> None:
    """`up` has locked the file and deployed it as it stands; only the port is another, which Serve keeps."""
    assert f"Locked {operator.path.name}: " in operator.said
    assert operator.path.read_text().startswith("# Written by a test.\n")
    before = operator.applications.replicas()
    assert all(len(replicas) == 1 for replicas in before.values())
    operator.serve_deploy()
    traffic.wait_for("first 4.67.1 one")
    assert operator.applications.replicas() == before
    assert traffic.losses == []
    assert operator("callytics", "deploy", operator.path.name).endswith(
        "Nothing to change: that is what runs.\n"
    )


def edit_option(operator: Operator) -> str:
    operator.edit("word: one", "word: two")
    return "first 4.67.1 two"


def edit_code(operator: Operator) -> str:
    operator.edit("first", "second", "python/telling_stage.py")
    assert operator("callytics", "lock") == f"Locked {operator.path.name}: {STAGE}\n"
    return "second 4.67.1 two"


def edit_pins(operator: Operator) -> str:
    operator.edit("4.67.1", "4.67.0", f"runtime_envs/{ENVIRONMENT}.txt")
    assert operator("callytics", "lock") == f"Locked {operator.path.name}: {STAGE}\n"
    return "second 4.67.0 two"


@pytest.mark.parametrize("edit", [edit_option, edit_code, edit_pins])
def test_serve_deploy_restarts_the_edited_stage_alone_and_loses_no_call(
    edit: Callable[[Operator], str], operator: Operator, traffic: Traffic
) -> None:
    before = operator.applications.replicas()
    version = edit(operator)
    operator.serve_deploy()
    traffic.wait_for(version)
    after = operator.applications.replicas()
    assert {name for name in before if before[name] != after[name]} == {STAGE}
    assert traffic.losses == []
    assert operator("callytics", "deploy", operator.path.name).endswith(
        "Nothing to change: that is what runs.\n"
    )


def test_versions_are_shown_where_ray_can_show_them(operator: Operator) -> None:
    """`serve config` and the dashboard, which hides the values of variables from browsers, show what is locked.
    `serve status` has no field for it: when Ray gives it one, this test says so."""
    (block,) = (b for b in yaml.safe_load(operator.path.read_text())["applications"] if b["name"] == STAGE)
    version = block["runtime_env"]["env_vars"][VERSION]
    assert version.startswith(f"{ENVIRONMENT}@{RELEASE}+")
    shown = operator("serve", "config", "--name", STAGE)
    assert f"{VERSION}: {version}" in shown
    browser = json.dumps(operator.applications.read(**{"User-Agent": "Mozilla/5.0"})[STAGE])
    assert f'"{VERSION}": "<redacted>"' in browser
    assert f"callytics-python {version}" in browser
    assert version not in operator("serve", "status")
    assert version.partition("@")[2] in operator("callytics", "status")


def test_backfill_by_ray_job_submit_runs_as_documented(operator: Operator) -> None:
    """From a checkout, which goes with the job, without what .gitignore names; with engines that need no models."""
    text = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    (command,) = (line for line in text.splitlines() if line.startswith("ray job submit --working-dir"))
    checkout, calls = operator.folder / "checkout", operator.folder / "calls"
    for package in ("callytics", "deployments"):
        shutil.copytree(PROJECT / package, checkout / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / ".gitignore", checkout)
    (checkout / ".venv").mkdir()
    with (checkout / ".venv" / "large").open("wb") as file:
        file.truncate(600_000_000)  # more than Ray takes
    blocks = [application(stage, stage) for stage in ENGINE_STAGES]
    (checkout / "serve_config.cpu.yaml").write_text(yaml.safe_dump({"applications": blocks}))
    shutil.copytree(operator.folder / "runtime_envs", checkout / "runtime_envs")
    calls.mkdir()
    for number in range(2):
        (calls / f"{number}.wav").write_bytes(silent_recording(1_000_000 + number))
    before = operator.applications.replicas()
    script = command.replace("/recordings/2025", str(calls))
    assert script != command
    output = run_shell(script, checkout, operator.environment)
    assert "2 of 2 calls" in output
    assert "2 completed" in output
    assert "succeeded" in output
    assert operator.applications.replicas() == before


# ---------------------------------------------------------------- on a head of Ray's own `ray start`


@contextmanager
def plain_head(folder: Path, path: str) -> Iterator[tuple[ServeApplications, dict[str, str]]]:
    """`ray start --head` in this folder, with this PATH; ends its processes by their mark."""
    mark = uuid.uuid4().hex
    dashboard_port = free_port()
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("CALLYTICS", "RAY"))
    }
    environment = inherited | {
        "PATH": path,
        "PYTHONPATH": os.pathsep.join([str(folder / "python"), str(PROJECT)]),
        RUN_MARK: mark,
        "RAY_AUTH_MODE": "token",  # Ray's default as soon as the user's home has a token
        "RAY_AUTH_TOKEN_PATH": str(ray_token.make(folder)),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DASHBOARD_ADDRESS": f"http://127.0.0.1:{dashboard_port}",
        "XDG_STATE_HOME": str(folder / "state"),
    }
    with tempfile.TemporaryDirectory(prefix="callytics-", dir="/tmp") as temp:
        ports = ("port", "ray-client-server-port", "dashboard-agent-listen-port", "metrics-export-port")
        command = [str(PROGRAMS / "ray"), "start", "--head", "--node-ip-address=127.0.0.1", "--num-cpus=4"]
        command += [f"--temp-dir={temp}", f"--dashboard-port={dashboard_port}"]
        command += [f"--{name}={free_port()}" for name in ports]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, start_new_session=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            headers = ray_token.headers(environment["RAY_AUTH_TOKEN_PATH"])
            yield ServeApplications(f"http://127.0.0.1:{dashboard_port}", headers), environment
        finally:
            head.end_processes(mark)


def small_graph(folder: Path) -> Path:
    document = {
        "http_options": {"host": "127.0.0.1", "port": free_port()},
        "applications": [telling_stage(), application("audio-processor", "audio-processor")],
    }
    path = write_folder(folder, document)
    (folder / ".callytics").mkdir()
    lock(folder)
    return path


def lock(folder: Path) -> None:
    environment = {"PYTHONPATH": str(folder / "python"), "CALLYTICS_HOME": str(folder / ".callytics")}
    run(["callytics", "lock"], folder, environment)


def serve_deploy(folder: Path, environment: Mapping[str, str], config: str) -> str:
    command = [str(PROGRAMS / "serve"), "deploy", config]
    done = subprocess.run(
        command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_serve_deploy_works_on_a_head_of_ray_start_in_the_activated_environment(tmp_path: Path) -> None:
    """Environments are built on the way; what cannot be built is said, and what runs goes on. A path that does not
    exist ends everything: Ray takes it for an import path. The file, deployed again, brings it back."""
    path = small_graph(tmp_path)
    with plain_head(tmp_path, f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}") as (applications, environment):
        serve_deploy(tmp_path, environment, path.name)
        applications.wait_for(STAGE, "audio-processor")
        assert (tmp_path / ".callytics" / "envs" / "cpu" / "test-of-serve-deploy").is_dir()
        before = applications.replicas()

        pins = tmp_path / "runtime_envs" / f"{ENVIRONMENT}.txt"
        pins.write_text("tqdm==0.0.0.0.1\n")
        lock(tmp_path)
        serve_deploy(tmp_path, environment, path.name)
        failed = applications.wait_for(STAGE, status="DEPLOY_FAILED")
        assert "tqdm==0.0.0.0.1" in failed[STAGE]["message"]
        # Serve lists no replica of an application whose build failed, but the old ones continue.
        assert applications.replicas()["audio-processor"] == before["audio-processor"]
        ((_, _, pid),) = before[STAGE]
        assert Path(f"/proc/{pid}/cmdline").read_bytes().startswith(f"ray::ServeReplica:{STAGE}:".encode())

        said = serve_deploy(tmp_path, environment, "missing.yaml")
        assert "Deploying from import path: 'missing.yaml'" in said
        deadline = time.monotonic() + 180
        while set(applications.read()) != {"default"}:
            assert time.monotonic() < deadline, applications.read()
            time.sleep(0.2)
        pins.write_text("tqdm==4.67.1\n")
        lock(tmp_path)
        serve_deploy(tmp_path, environment, path.name)
        applications.wait_for(STAGE, "audio-processor")


@pytest.mark.alone
def test_serve_deploy_says_within_30_s_that_the_environment_was_not_activated(tmp_path: Path) -> None:
    path = small_graph(tmp_path)
    with plain_head(tmp_path, "/usr/local/bin:/usr/bin:/bin") as (applications, environment):
        serve_deploy(tmp_path, environment, path.name)
        start = time.monotonic()  # Serve has started, and has taken the file
        found = applications.wait_for(STAGE, status="DEPLOY_FAILED", timeout_s=60)
        assert time.monotonic() - start < 30
        assert "callytics-python is not on the PATH of Ray's processes" in found[STAGE]["message"]
        assert f"{PROGRAMS / 'activate'}" in found[STAGE]["message"]
