"""tools/cluster_node.sh on a head and on a worker, with and without a Redis for the head's tables."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "cluster_node.sh"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.end()


class Node:
    """A node of the cluster whose programs write down their arguments and their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.home = folder / "callytics", folder / "home"
        (self.root / "tools").mkdir(parents=True)
        # The container allows as many files as cluster.yaml says; the machine of the tests may not.
        self.script = self.root / "tools" / SCRIPT.name
        self.script.write_text(SCRIPT.read_text(encoding="utf-8").replace("ulimit -n 65536", "ulimit -n"))
        for name in (self.home / "envs/cpu/base/bin/python", self.root / ".venv/bin/python"):
            name.parent.mkdir(parents=True)
            name.write_text(
                f'#!/bin/sh\nseen="{folder}/seen-$3-$4"\n'
                '{ echo "$@"; env; } > "$seen.tmp"\nmv "$seen.tmp" "$seen"\n'
            )
            name.chmod(0o755)

    def run(self, command: str, **secrets: str) -> None:
        (self.folder / "cluster.env").write_text(
            "".join(f"{name}={value}\n" for name, value in secrets.items())
        )
        subprocess.run(
            ["sh", str(self.script), command],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "CALLYTICS_HOME": str(self.home),
                "CALLYTICS_ENV": str(self.folder / "cluster.env"),
                "RAY_HEAD_IP": "10.0.0.1",
            },
            check=True,
            capture_output=True,
        )

    def seen(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment of a program that was started; it may have been put into the background."""
        deadline = time.monotonic() + 30
        while not self.started(name):
            assert time.monotonic() < deadline, f"{name} was not started"
            time.sleep(0.05)
        arguments, *lines = (self.folder / f"seen-{name}").read_text().splitlines()
        return arguments.split(), dict(line.split("=", 1) for line in lines if "=" in line)

    def started(self, name: str) -> bool:
        return (self.folder / f"seen-{name}").exists()

    def end(self) -> None:
        """What it put into the background holds the lock until it has ended."""
        subprocess.run(["flock", "--timeout", "30", str(self.home / "gcs-keeper.lock"), "true"], check=True)


SECRETS = {"RAY_REDIS_ADDRESS": "10.0.0.9:6379", "REDIS_PASSWORD": "hunter2", "HF_TOKEN": "hf"}


def test_head_keeps_its_tables_in_redis_and_its_gcs_is_kept(node: Node) -> None:
    """What Ray asks for: RAY_REDIS_ADDRESS and --redis-password of `ray start --head`
    (https://docs.ray.io/en/latest/ray-core/fault_tolerance/gcs.html)."""
    node.run("head", **SECRETS)
    arguments, environment = node.seen("start---head")
    assert "--redis-password=hunter2" in arguments
    assert environment["RAY_REDIS_ADDRESS"] == "10.0.0.9:6379"
    assert environment["RAY_external_storage_namespace"] == "callytics"
    assert environment["HF_TOKEN"] == "hf"
    assert "REDIS_PASSWORD" not in environment, "every replica on the head would have it"
    arguments, _ = node.seen("-")
    assert arguments == ["-m", "deployments.operations.gcs_keeper"]


def test_worker_waits_for_a_head_that_comes_back_and_does_not_know_its_redis(node: Node) -> None:
    node.run("worker", **SECRETS)
    arguments, environment = node.seen("start---address=10.0.0.1:6379")
    assert environment["RAY_gcs_rpc_server_reconnect_timeout_s"] == "600"
    assert not {"RAY_REDIS_ADDRESS", "REDIS_PASSWORD"} & environment.keys()
    assert not any(argument.startswith("--redis") for argument in arguments)
    assert not node.started("-"), "a worker has no GCS to keep"


def test_head_without_redis_starts_as_before(node: Node) -> None:
    node.run("head", HF_TOKEN="hf")
    arguments, environment = node.seen("start---head")
    assert not any(argument.startswith("--redis") for argument in arguments)
    assert not {"RAY_REDIS_ADDRESS", "RAY_external_storage_namespace"} & environment.keys()
    assert "RAY_gcs_rpc_server_reconnect_timeout_s" not in environment
    assert not node.started("-")
