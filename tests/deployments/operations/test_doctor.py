"""`callytics doctor` on planted machines: a false nvidia-smi, a full disk, a taken port, no hub, no key."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from collections import namedtuple
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import yaml
from typer.testing import CliRunner

from callytics.cli.app import app
from callytics.home import resources
from callytics.weights import hub_cache
from callytics.weights.needed import needed_weights
from deployments.operations.doctor import cards, examine, machine, reach
from deployments.operations.doctor.cards import Share, place
from deployments.operations.doctor.findings import Finding

PROJECT = Path(__file__).resolve().parents[3]
GPU_FILE = PROJECT / "serve_config.yaml"
CPU_FILE = PROJECT / "serve_config.cpu.yaml"
A10G = "NVIDIA A10G, 23028, 4, 580.95.05, Default, [N/A]"


class Machine:
    """A machine that is as a test says, as far as the checks look."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.home = folder / "home"
        self._patch = patch
        self._usage = shutil.disk_usage
        programs = folder / "bin"
        programs.mkdir()
        patch.setenv("PATH", f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin")
        patch.setenv("HF_HUB_CACHE", str(folder / "hub"))
        patch.setenv("CALLYTICS_MODELS", str(folder / "models"))
        patch.setenv("CALLYTICS_HOME", str(self.home))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
        patch.setenv("CALLYTICS_HTTP_PORT", str(free_port()))
        patch.setenv("CALLYTICS_DASHBOARD_PORT", str(free_port()))
        for variable in ("HF_TOKEN", "OPENAI_API_KEY", "DATABASE_URL", "HF_HUB_OFFLINE"):
            patch.delenv(variable, raising=False)

    def nvidia_smi(self, *rows: str, exit_code: int = 0) -> None:
        program = self.folder / "bin" / "nvidia-smi"
        lines = "\n".join(f"echo '{row}'" for row in rows)
        program.write_text(f"#!/bin/sh\n{lines}\nexit {exit_code}\n")
        program.chmod(0o755)

    def weights_are_here(self, config: Path) -> None:
        for need in needed_weights(yaml.safe_load(config.read_text(encoding="utf-8"))):
            folder = hub_cache.repository_folder(need.name) / "snapshots" / str(need.revision)
            for name in ("config.yaml", "config.json", "model.bin", "model.safetensors"):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).touch()

    def disk_has(self, free_gb: float) -> None:
        usage = namedtuple("usage", "total used free")

        def disk_usage(path: Any) -> Any:
            real = self._usage(path)
            return real if Path(path) == machine.SHARED_MEMORY else usage(real.total, 0, int(free_gb * 1e9))

        self._patch.setattr(shutil, "disk_usage", disk_usage)

    def memory_is(self, total_gb: float, available_gb: float) -> None:
        memory = namedtuple("memory", "total available")
        found = memory(int(total_gb * 1e9), int(available_gb * 1e9))
        self._patch.setattr(psutil, "virtual_memory", lambda: found)

    def examined(self, config: Path = GPU_FILE) -> dict[str, Finding]:
        return {finding.check: finding for finding in examine.examine(config, self.home)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A language model that takes one key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers.get("Authorization") == "Bearer right" else 401)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def gpu_file_with_endpoint(folder: Path, url: str) -> Path:
    config = folder / "serve_config.yaml"
    text = GPU_FILE.read_text(encoding="utf-8")
    assert "https://api.openai.com/v1" in text
    config.write_text(text.replace("https://api.openai.com/v1", url), encoding="utf-8")
    return config


def test_machine_without_a_card_is_told_so_in_words(box: Machine) -> None:
    found = box.examined()
    assert found["driver"].verdict == "fail"
    assert "no NVIDIA driver" in found["driver"].what
    assert "speech-recognizer" in found["driver"].what
    assert "serve_config.cpu.yaml" in found["driver"].remedy
    assert "cards" not in found


def test_good_machine_has_no_failure(
    box: Machine, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box.nvidia_smi(A10G)
    box.weights_are_here(GPU_FILE)
    box.disk_has(free_gb=200)
    box.memory_is(64, 60)
    monkeypatch.setenv("OPENAI_API_KEY", "right")
    found = box.examined(gpu_file_with_endpoint(tmp_path, endpoint))
    assert {check: one for check, one in found.items() if one.verdict == "fail"} == {}
    assert found["cards"].verdict == "ok"
    assert "NVIDIA A10G" in found["cards"].what
    assert found["HF_TOKEN"].what.startswith("not needed any more")
    assert found["language model"].what.endswith("answers and takes the key")
    assert all(one.remedy for one in found.values() if one.verdict != "ok")


def test_cards_are_not_looked_for_where_no_stage_asks_for_one(box: Machine) -> None:
    found = box.examined(CPU_FILE)
    assert found["cards"].verdict == "ok"
    assert found["HF_TOKEN"].what.startswith("not needed")
    assert found["database"].verdict == "ok"


@pytest.mark.parametrize(
    ("rows", "exit_code", "check", "verdict", "told"),
    [
        (["NVIDIA-SMI has failed because it could not communicate"], 9, "driver", "fail", "could not communicate"),
        (["No devices were found"], 6, "driver", "fail", "sees no card"),
        (["what is this"], 0, "driver", "fail", "what is this"),
        (["NVIDIA A10G, 23028, 4, 470.82.01, Default, [N/A]"], 0, "driver", "fail", "too old"),
        (["NVIDIA A10G, 23028, 4, 550.54.15, Default, [N/A]"], 0, "driver", "warn", "CUDA 13"),
        (["Tesla T4, 15360, 4, 580.95.05, Default, [N/A]"], 0, "card memory", "fail", "15 GB"),
        (["NVIDIA A10G, 23028, 19000, 580.95.05, Default, [N/A]"], 0, "card memory", "fail", "other programs"),
        (["NVIDIA A10G, 23028, 4, 580.95.05, Exclusive_Process, [N/A]"], 0, "card mode", "fail", "cannot share"),
        (["NVIDIA H200, 143771, 4, 580.95.05, Default, Enabled"], 0, "card mode", "warn", "MIG"),
    ],
)  # fmt: skip
def test_trouble_with_cards_is_named(
    rows: list[str], exit_code: int, check: str, verdict: str, told: str, box: Machine
) -> None:
    box.nvidia_smi(*rows, exit_code=exit_code)
    found = box.examined()
    assert (found[check].verdict, told in found[check].what) == (verdict, True), found[check]
    assert found[check].remedy


def test_shares_that_do_not_fit_are_refused(box: Machine, tmp_path: Path) -> None:
    document = yaml.safe_load(GPU_FILE.read_text(encoding="utf-8"))
    for application in document["applications"]:
        options = application["deployments"][0]["ray_actor_options"]
        if options.get("num_gpus"):
            options["num_gpus"] = 0.6
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    box.nvidia_smi(A10G, A10G, A10G)
    found = box.examined(config)
    assert found["cards"].verdict == "fail"
    assert "do not fit" in found["cards"].what
    box.nvidia_smi(A10G, A10G, A10G, A10G)
    assert box.examined(config)["cards"].verdict == "warn"  # and no room for a surge


def test_replicas_are_placed_on_whole_and_shared_cards() -> None:
    assert place([Share("a", 0.6), Share("b", 0.6)], 1) is None
    assert place([Share("a", 0.6), Share("b", 0.6)], 2) == pytest.approx([0.4, 0.4])
    assert place([Share("a", 0.5), Share("b", 2)], 3) == pytest.approx([0.0, 0.0, 0.5])
    assert place([Share("b", 2)], 1) is None


def test_shares_count_every_replica_that_starts_at_once() -> None:
    options = {"num_gpus": 0.25}
    document = {
        "applications": [
            {"name": "a", "deployments": [{"num_replicas": 2, "ray_actor_options": options}]},
            {"name": "b", "deployments": [{"autoscaling_config": {"min_replicas": 3}, "ray_actor_options": options}]},
            {"name": "c", "deployments": [{"ray_actor_options": {"num_cpus": 1}}]},
        ]
    }  # fmt: skip
    assert [share.application for share in cards.shares(document)] == ["a", "a", "b", "b", "b"]


def test_head_of_the_gpu_file_names_the_card_of_its_shares() -> None:
    found = cards.SHARES_OF_GB.search(GPU_FILE.read_text(encoding="utf-8"))
    assert found is not None
    assert found[1] == "24"


def test_full_disk_is_told_with_what_is_still_to_come(box: Machine) -> None:
    box.weights_are_here(GPU_FILE)
    box.disk_has(free_gb=3)
    found = box.examined()
    assert found["disk"].verdict == "fail"
    assert "3 GB free" in found["disk"].what
    box.disk_has(free_gb=29)
    assert box.examined()["disk"].verdict == "warn"
    box.disk_has(free_gb=300)
    assert box.examined()["disk"].verdict == "ok"


def test_little_memory_is_told(box: Machine) -> None:
    box.memory_is(total_gb=8, available_gb=7)
    assert box.examined()["memory"].verdict == "fail"
    box.memory_is(total_gb=64, available_gb=2)
    assert box.examined()["memory"].verdict == "warn"


def test_taken_port_is_told(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("CALLYTICS_DASHBOARD_PORT", str(taken.getsockname()[1]))
        found = box.examined(CPU_FILE)
    assert found["ports"].verdict == "fail"
    assert "Ray dashboard" in found["ports"].what
    assert box.examined(CPU_FILE)["ports"].verdict == "ok"


@pytest.mark.parametrize("is_own", [True, False])
def test_port_of_a_graph_is_told_apart_from_one_of_a_stranger(
    is_own: bool, box: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box.home.mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("CALLYTICS_HTTP_PORT", str(port))
        home = box.home.resolve() if is_own else tmp_path / "other"
        graph = SimpleNamespace(home=home, http_port=port, dashboard_port=1)
        monkeypatch.setattr(machine.local_graphs, "running", lambda: [graph])
        found = box.examined(CPU_FILE)["ports"]
    assert found.verdict == ("ok" if is_own else "fail")
    assert ("held by your own graph" if is_own else f"your graph of {home}") in found.what


def test_missing_weights_and_token_are_told_by_name(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = box.examined()
    assert found["weights"].verdict == "fail"
    assert "mobiuslabsgmbh/faster-whisper-large-v3-turbo (speech-recognizer)" in found["weights"].what
    assert "cannot be reached" in found["weights"].what
    assert found["HF_TOKEN"].verdict == "fail"
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    assert box.examined()["HF_TOKEN"].verdict == "ok"
    box.weights_are_here(GPU_FILE)
    assert box.examined()["weights"].verdict == "ok"


def test_loose_revision_is_a_warning(box: Machine, tmp_path: Path) -> None:
    config = tmp_path / "serve_config.yaml"
    text = GPU_FILE.read_text(encoding="utf-8")
    config.write_text("".join(line for line in text.splitlines(True) if "345e80adc" not in line))
    assert "revisions" not in box.examined()
    loose = box.examined(config)["revisions"]
    assert loose.verdict == "warn"
    assert "fullstop-punctuation-multilang-large (punctuation-restorer)" in loose.what


def test_key_and_endpoint_of_the_language_model(
    box: Machine, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = gpu_file_with_endpoint(tmp_path, endpoint)
    found = box.examined(config)["language model"]
    assert (found.verdict, "OPENAI_API_KEY is not set" in found.what) == ("warn", True)
    assert "extractive" in found.what
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    found = box.examined(config)["language model"]
    assert (found.verdict, "does not accept the key (401)" in found.what) == ("fail", True)
    assert "wrong" not in found.what
    gone = gpu_file_with_endpoint(tmp_path, f"http://127.0.0.1:{free_port()}/v1")
    found = box.examined(gone)["language model"]
    assert (found.verdict, "cannot be reached" in found.what) == ("fail", True)


def test_analyzer_that_does_not_start_without_its_key_is_a_failure() -> None:
    options = {"base_url": "https://llm.invalid/v1", "api_key_variable": "NO_SUCH_VARIABLE"}
    document = {"applications": [{"name": "llm-analyzer", "args": {"options": options}}]}
    (found,) = reach.language_model(document)
    assert found.verdict == "fail"


def test_database_that_does_not_answer_is_told(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:secret@127.0.0.1:{free_port()}/callytics")
    found = box.examined(CPU_FILE)["database"]
    assert found.verdict == "fail"
    assert "secret" not in found.what


def test_command_prints_lines_or_json_and_fails_where_a_check_does(box: Machine) -> None:
    done = CliRunner().invoke(app, ["doctor", "--profile", "gpu"])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == f"for {resources.config_file(Path('serve_config.yaml')).absolute()}"
    assert any(line.startswith("fail") and "no NVIDIA driver" in line for line in lines)
    done = CliRunner().invoke(app, ["doctor", "--profile", "gpu", "--json"])
    assert done.exit_code == 1
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["driver"]["verdict"] == "fail"
    assert set(findings["driver"]) == {"check", "verdict", "what", "remedy"}


def test_command_warns_with_exit_code_0(box: Machine, tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text(
        "applications: [{name: a, deployments: [{ray_actor_options: "
        "{runtime_env: {py_executable: callytics-python cpu/monitoring}}}]}]"
    )
    box.memory_is(64, 60)
    box.disk_has(free_gb=300)
    done = CliRunner().invoke(app, ["doctor", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert "0 fail" in done.stdout
    assert "not built yet: the environments cpu/base, cpu/monitoring" in done.stdout


def test_file_that_is_none_is_one_line(box: Machine) -> None:
    done = CliRunner().invoke(app, ["doctor", "--config", "no-such.yaml"])
    assert done.exit_code == 1
    assert "[config_missing]" in done.stderr
