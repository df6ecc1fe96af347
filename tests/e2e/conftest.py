"""One real graph for all of these tests: its own Ray, ports and state folder; the project's configuration and models.

CALLYTICS_E2E_CONFIG names another Serve config to test.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics import settings
from callytics.weights import manifest as models
from deployments.operations import local, runs

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "sample" / "call.mp3"
FINISHED = {"COMPLETED", "PARTIAL", "FAILED", "CANCELLED"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Graph:
    run: runs.Run
    home: Path
    config: Path
    http: httpx.Client

    def submit(self, path: Path = SAMPLE, **fields: str) -> str:
        with path.open("rb") as file:
            answer = self.http.post("/v1/calls", files={"file": (path.name, file)}, data=fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["call_id"])

    def status(self, call_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/calls/{call_id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def stage(self, call_id: str, name: str) -> dict[str, Any]:
        return next(stage for stage in self.status(call_id)["stages"] if stage["name"] == name)

    def wait_for_stage(self, call_id: str, name: str, status: str, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while self.stage(call_id, name)["status"] != status:
            assert time.monotonic() < deadline, f"{name} is not {status}: {self.status(call_id)}"
            time.sleep(0.1)

    def wait(self, call_id: str, timeout_s: float = 180.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while (status := self.status(call_id))["job_status"] not in FINISHED:
            assert time.monotonic() < deadline, f"not finished: {status}"
            time.sleep(0.2)
        return status

    def result(self, call_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/calls/{call_id}/result")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def replica_pids(self, application: str) -> list[int]:
        title = f"ray::ServeReplica:{application}:".encode()
        found = []
        for pid in local.processes(home=self.home):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title):
                    found.append(pid)
        return found

    def kill(self, application: str) -> None:
        """SIGKILL to every replica of it."""
        pids = self.replica_pids(application)
        assert pids, f"no replica of {application}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def wait_until_healthy(self, timeout_s: float = 120.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not local.status(home=self.home).healthy:
            assert time.monotonic() < deadline, local.status(home=self.home)
            time.sleep(0.3)

    def ask(self, script: str, *arguments: str) -> Any:
        """What a Python script prints as JSON that runs as a driver of this Ray."""
        code = f"import json, ray, sys\nfrom ray import serve\nray.init(log_to_driver=False)\n{script}"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
            env=os.environ | self.run.client_environment(),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])


def share_environments(home: Path) -> None:
    """Overlays are named by their pins' hash: built once for `make run` and the tests."""
    shared = settings.home() / "envs"
    shared.mkdir(parents=True, exist_ok=True)
    (home / "envs").symlink_to(shared)


@contextlib.contextmanager
def started(
    config: Path, home: Path, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[Graph]:
    """A graph of its own in ``home``, from `up` to `down`.

    Args:
        environment: variables that its processes have besides those of the tests.
        options: of :func:`local.up`, such as ``num_gpus``.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLYTICS_MODELS", str(models.models_folder().absolute()))
        patch.setenv("CALLYTICS_HOME", str(home))
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        for name in ("DATABASE_URL", "RAY_ADDRESS", "OPENAI_API_KEY"):
            patch.delenv(name, raising=False)
        ports = {"http_port": free_port(), "dashboard_port": free_port()}
        try:
            run = local.up(config, home=home, **ports, **{"timeout_s": 400, **options})
            key = (home / "api-key").read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=run.url, headers=headers, timeout=120) as http:
                yield Graph(run, home, config, http)
        finally:
            local.down(home=home)


@pytest.fixture(scope="package")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    home = tmp_path_factory.mktemp("home")
    share_environments(home)
    config = Path(os.environ.get("CALLYTICS_E2E_CONFIG", PROJECT / "serve_config.cpu.yaml"))
    engines = {"PYTHONPATH": str(home / "python")}  # for engines that a test writes
    with started(config, home, engines) as graph:
        yield graph


@pytest.fixture(scope="package")
def sample_call(graph: Graph) -> str:
    """The sample, analysed once for every test that only reads."""
    call_id = graph.submit()
    assert graph.wait(call_id)["job_status"] == "COMPLETED"
    return call_id
