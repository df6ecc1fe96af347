"""cluster.yaml: Ray's own schema accepts it, the graph fits on its nodes, and nothing is open to the outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from deployments.operations import environments, launcher

PROJECT = Path(__file__).resolve().parents[2]
CLUSTER: dict[str, Any] = yaml.safe_load((PROJECT / "cluster.yaml").read_text(encoding="utf-8"))
GRAPH: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.yaml").read_text(encoding="utf-8"))
NODES: dict[str, dict[str, Any]] = CLUSTER["available_node_types"]
SCRIPT = PROJECT / "tools" / "cluster_node.sh"


def test_ray_accepts_it() -> None:
    """As `ray up` does before it asks the cloud for anything: ray/autoscaler/ray-schema.json, then Ray's defaults."""
    validate_config(CLUSTER)
    validate_config(prepare_config(yaml.safe_load((PROJECT / "cluster.yaml").read_text(encoding="utf-8"))))


def test_the_schema_rejects_what_it_does_not_know() -> None:
    with pytest.raises(Exception, match="workers_max"):
        validate_config({**CLUSTER, "workers_max": 3})


def test_the_smallest_cluster_holds_the_graph() -> None:
    """One replica of each stage, on the nodes that are always there; the GPU stages on one card."""
    needs = [
        (float(options.get("num_cpus", 1)), float(options.get("num_gpus", 0)), _min_replicas(deployment))
        for app in GRAPH["applications"]
        for deployment in app["deployments"]
        for options in [deployment["ray_actor_options"]]
    ]
    there = [
        (1, NODES["head"]),
        *((n.get("min_workers", 0), n) for n in NODES.values() if "min_workers" in n),
    ]
    cpus = sum(count * node["resources"]["CPU"] for count, node in there)
    assert sum(replicas * cpu for cpu, _, replicas in needs) <= cpus
    gpu_node = NODES["gpu_worker"]
    assert gpu_node["min_workers"] >= 1
    assert gpu_node["resources"]["GPU"] == 1
    on_gpu = [(cpu, gpu, replicas) for cpu, gpu, replicas in needs if gpu]
    assert sum(gpu * replicas for _, gpu, replicas in on_gpu) <= 1
    assert sum(cpu * replicas for cpu, _, replicas in on_gpu) <= gpu_node["resources"]["CPU"]


def _min_replicas(deployment: dict[str, Any]) -> int:
    scaling = deployment.get("autoscaling_config")
    return int(scaling["min_replicas"] if scaling else deployment["num_replicas"])


def test_it_grows_by_nodes_of_both_kinds_and_shrinks_after_its_replicas() -> None:
    workers = [node for name, node in NODES.items() if name != CLUSTER["head_node_type"]]
    assert all(node["max_workers"] > node["min_workers"] for node in workers)
    assert sum(node["max_workers"] for node in workers) <= CLUSTER["max_workers"]
    downscale_delay_s = 600  # Serve's default
    assert CLUSTER["idle_timeout_minutes"] * 60 >= downscale_delay_s


def test_nothing_is_open_to_the_outside() -> None:
    assert CLUSTER["provider"]["use_internal_ips"] is True
    for node in NODES.values():
        # Where none is named, Ray makes a security group that allows SSH from 0.0.0.0/0.
        assert node["node_config"]["SecurityGroupIds"]
        assert node["node_config"]["SubnetIds"]
    script = SCRIPT.read_text(encoding="utf-8")
    assert "RAY_AUTH_MODE=token" in script
    assert "--dashboard-host=127.0.0.1" in script
    assert "/home/ray/.ray/auth_token" in CLUSTER["file_mounts"]
    assert GRAPH["http_options"]["host"] == "127.0.0.1"


def test_ray_has_the_version_of_the_lock() -> None:
    (version,) = re.findall(
        r"^ray==([\d.]+)", (PROJECT / "requirements.lock").read_text("utf-8"), re.MULTILINE
    )
    images = re.findall(
        r"rayproject/ray:([\d.]+)-py311", (PROJECT / "cluster.yaml").read_text(encoding="utf-8")
    )
    assert set(images) == {version}


def test_every_node_is_started_by_the_script() -> None:
    called = [
        command.split()[1]
        for part in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands")
        for command in CLUSTER[part]
    ]
    assert called == ["setup", "head", "deploy", "worker"]
    assert os.access(SCRIPT, os.X_OK)
    subprocess.run(["sh", "-n", str(SCRIPT)], check=True)
    done = subprocess.run([str(SCRIPT), "unknown"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "tools/cluster_node.sh setup" in done.stderr


@dataclass
class Node:
    """A checkout on a node, with programs that note how they are called in the place of those that do something."""

    folder: Path
    calls: Path

    def run(self, part: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "CALLS": str(self.calls),
            **variables,
        }
        command = ["sh", str(self.folder / "tools" / "cluster_node.sh"), part]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def called(self) -> list[str]:
        return self.calls.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    note = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n[ "$1" != "${FAILS:-none}" ]\n'
    for program in (
        "tools/setup.sh",
        ".venv/bin/python",
        ".venv/bin/callytics",
        ".callytics/envs/cpu/base/bin/python",
    ):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(note)
        path.chmod(0o755)
    shutil.copy(SCRIPT, tmp_path / "tools" / "cluster_node.sh")
    return Node(tmp_path, tmp_path / "calls")


def test_starting_the_head_ends_with_the_graph_deployed(node: Node) -> None:
    """What `ray up` runs on the head, in its order; the nodes that take GPU stages may come an hour later."""
    for command in (*CLUSTER["setup_commands"], *CLUSTER["head_start_ray_commands"]):
        done = node.run(command.split()[1])
        assert done.returncode == 0, done.stderr
    assert node.called() == [
        "setup.sh ",
        "python -m deployments.operations.environments_command serve_config.yaml --for node",
        "python -m ray.scripts.scripts stop",
        "python -m ray.scripts.scripts start --head --port=6379 --dashboard-host=127.0.0.1 --dashboard-port=8265 "
        f"--disable-usage-stats --autoscaling-config={node.folder}/ray_bootstrap_config.yaml",
        "callytics models pull --for serve_config.yaml",
        "python -m deployments.operations.serve_api http://127.0.0.1:8265",
        "callytics deploy serve_config.yaml --dashboard http://127.0.0.1:8265 --yes --timeout 3600",
    ]


def test_weights_that_cannot_be_fetched_end_the_start(node: Node) -> None:
    done = node.run("deploy", FAILS="models")
    assert done.returncode != 0
    assert [line.split()[1] for line in node.called()] == ["models"]


def test_worker_joins_the_head(node: Node) -> None:
    assert node.run("worker", RAY_HEAD_IP="10.0.0.1").returncode == 0
    assert (
        node.called()[-1]
        == "python -m ray.scripts.scripts start --address=10.0.0.1:6379 --disable-usage-stats"
    )


def test_image_has_the_environments_of_every_node(node: Node) -> None:
    """It is built where no card is, and runs where one is."""
    assert "CALLYTICS_ENVIRONMENTS=all tools/cluster_node.sh setup" in (
        PROJECT / "kubernetes" / "Dockerfile"
    ).read_text(encoding="utf-8")
    assert node.run("setup", CALLYTICS_ENVIRONMENTS="all").returncode == 0
    assert node.called()[-1].endswith("--for all")


def test_node_without_a_card_builds_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "node_has_cards", lambda: False)
    names = environments.names_for_this_node(GRAPH, tmp_path)
    pins = {name: environments.read_pins(PROJECT / "runtime_envs" / f"{name}.txt") for name in names}
    assert not [name for name in names if "torch" in pins[name]]
    assert "llm-analyzer" in names
    left = set(environments.environment_names(GRAPH)) - set(names)
    assert left == {"speaker-diarizer", "speech-recognizer", "punctuation-restorer", "sentiment-analyzer"}
    assert set((tmp_path / "envs" / launcher.ELSEWHERE).read_text().split()) == left
    monkeypatch.setattr(environments, "node_has_cards", lambda: True)
    assert environments.names_for_this_node(GRAPH, tmp_path) == environments.environment_names(GRAPH)
    assert (tmp_path / "envs" / launcher.ELSEWHERE).read_text() == ""


def test_environment_of_other_nodes_is_not_made_by_and_by(tmp_path: Path) -> None:
    """Serve builds an application wherever it likes, and asks for its environment there."""
    (tmp_path / launcher.ELSEWHERE).write_text("speaker-diarizer\n")
    command = [sys.executable, "-P", str(launcher.__file__)]
    variables = {"PATH": "/usr/bin:/bin", launcher.ENVS_VARIABLE: str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], env=variables, capture_output=True, text=True, check=False
        )

    assert run("--prepare", "speaker-diarizer@0.2.0+a.b").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [launcher.ELSEWHERE]
    done = run("speaker-diarizer@0.2.0+a.b", "-c", "")
    assert done.returncode == launcher.MISSING
    assert "nodes with a card" in done.stderr


def test_card_of_a_node_is_found_by_its_device(tmp_path: Path) -> None:
    for name in ("nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert not environments.node_has_cards(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert environments.node_has_cards(tmp_path)


def test_logs_rotate_alike_on_every_kind_of_node() -> None:
    """Lines of deleted calls go with their file: a local head, a node of a cluster, a pod."""
    local = (PROJECT / "deployments" / "operations" / "head.py").read_text(encoding="utf-8")
    node = SCRIPT.read_text(encoding="utf-8")
    image = (PROJECT / "kubernetes" / "Dockerfile").read_text(encoding="utf-8")
    for name, value in (("RAY_ROTATION_MAX_BYTES", "20000000"), ("RAY_ROTATION_BACKUP_COUNT", "2")):
        assert f'"{name}": "{value}"' in local
        assert f"{name}={value}" in node
        assert f"{name}={value}" in image
