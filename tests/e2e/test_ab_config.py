"""serve_config.ab.yaml as a whole, on the CPU with small checkpoints: every engine of the file in its own environment,
two calls through all of it, both second versions in the shadow, and `callytics compare` for both pairs.

What the small random models say is not judged. That all nine stages and the two shadows run side by side is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.store import CallStore
from callytics.weights import manifest as models
from deployments.operations.environments import build_environment
from tests.e2e.conftest import PROJECT, SAMPLE, Graph, share_environments, started
from tests.environments.built import run_python
from tests.support.checkpoints import minilm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

CONFIG = PROJECT / "serve_config.ab.yaml"
PAIRS = {"speaker-diarizer": "speaker-diarizer-nemo", "speech-recognizer": "speech-recognizer-v2"}
MAKE = {
    "speaker-diarizer": "from tests.engines.diarization.pyannote_folder import tiny_pipeline as make",
    "speaker-diarizer-nemo": "from tests.engines.diarization.nemo_checkpoints import save_sortformer as make",
    "punctuation-restorer": (
        "from tests.support.checkpoints import PUNCTUATION_LABELS, tiny_classifier\n"
        "def make(path): tiny_classifier(path, PUNCTUATION_LABELS, of_tokens=True)"
    ),
    "speech-recognizer-transformers": (
        "from callytics.weights import manifest\n"
        "from tests.support.whisper_checkpoint import write_checkpoint\n"
        "def make(path): write_checkpoint(manifest.locate('whisper-base'), path)"
    ),
}
"""Environment -> code that defines ``make(path)``, which writes a small checkpoint there."""

ON_A_CPU = {"speech-recognizer": "cpu/speech-recognizer"}
"""Environments that are the same but for CUDA's libraries."""


def small(folder: Path, home: Path) -> dict[str, Path]:
    """Checkpoints by environment, made where their libraries are."""
    made = {}
    for environment, code in MAKE.items():
        path = folder / (f"{environment}.nemo" if "nemo" in environment else environment)
        overlay = build_environment(environment, PROJECT / "runtime_envs", home)
        run_python(overlay, "-c", f"import pathlib, sys\n{code}\nmake(pathlib.Path(sys.argv[1]))", str(path))
        made[environment] = path
    return made


def on_a_cpu(document: dict[str, Any], checkpoints: dict[str, Path]) -> dict[str, Any]:
    """The file with small models on the CPU, every call in the shadow, and services that start once."""
    options: dict[str, dict[str, Any]] = {
        "speaker-diarizer": {"pipeline": str(checkpoints["speaker-diarizer"]), "num_threads": 1},
        "speaker-diarizer-nemo": {"model": str(checkpoints["speaker-diarizer-nemo"]), "num_threads": 1},
        "speech-recognizer": {"model": "whisper-base", "cpu_threads": 1, "beam_size": 1},
        "speech-recognizer-v2": {"model": str(checkpoints["speech-recognizer-transformers"]), "beam_size": 1},
        "punctuation-restorer": {"model": str(checkpoints["punctuation-restorer"])},
        "sentiment-analyzer": {"model": str(minilm())},
    }
    for application in document["applications"]:
        name = application["name"]
        if name in options:
            application["args"]["options"] = options[name]
        (deployment,) = application["deployments"]
        deployment.pop("autoscaling_config", None)
        deployment["num_replicas"] = 1
        resources = deployment["ray_actor_options"]
        resources.pop("num_gpus", None)
        environment = resources["runtime_env"]["py_executable"].split()[1].partition("@")[0]
        resources["runtime_env"] = {
            "py_executable": f"callytics-python {ON_A_CPU.get(environment, environment)}",
            "env_vars": {"OMP_NUM_THREADS": "1"},  # threads of OpenMP spin while they wait for each other
        }
        for route in deployment.get("user_config", {}).get("routes", {}).values():
            route["shadow"] = dict.fromkeys(route["shadow"], 1.0)
    return document


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    home = tmp_path_factory.mktemp("ab-home")
    share_environments(home)
    models.pull("whisper-base")
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config = home / "serve_config.yaml"
    config.write_text(yaml.safe_dump(on_a_cpu(document, small(home, home))), encoding="utf-8")
    with started(config, home, {"HF_HUB_OFFLINE": "1"}, timeout_s=1500) as graph:
        yield graph


@pytest.fixture(scope="module")
def calls(graph: Graph) -> list[str]:
    """Two calls through all of it, their shadows included."""
    ids = [graph.submit(SAMPLE, deduplicate="false") for _ in range(2)]
    for call_id in ids:
        assert graph.wait(call_id, timeout_s=900)["job_status"] == "COMPLETED", graph.result(call_id)
    store = CallStore(f"sqlite:///{graph.home / 'callytics.db'}")
    deadline = time.monotonic() + 900
    try:
        while len(runs := store.version_runs(list(PAIRS.values()))) < 4:
            assert time.monotonic() < deadline, runs
            time.sleep(0.5)
    finally:
        store.close()
    assert {run.run.status.value for run in runs} == {"COMPLETED"}, runs
    return ids


def test_every_version_is_told_by_the_results_and_the_store(graph: Graph, calls: list[str]) -> None:
    expected = {app["name"]: app["args"]["engine"] for app in yaml.safe_load(graph.config.read_text())["applications"]
                if "engine" in app["args"]}  # fmt: skip
    for call_id in calls:
        stages = {stage["name"]: stage for stage in graph.result(call_id)["job_details"]["stages"]}
        for name, stage in stages.items():
            if name in expected:
                assert (stage["application"], stage["engine"]) == (name, expected[name])
    store = CallStore(f"sqlite:///{graph.home / 'callytics.db'}")
    for stage, second in PAIRS.items():
        first_runs, second_runs = (
            [run for run in store.version_runs([name]) if run.call_id in calls] for name in (stage, second)
        )
        assert len(first_runs) == len(second_runs) == 2
        assert all(run.shadow for run in second_runs)
        assert not any(run.shadow for run in first_runs)
        assert all(store.version_output(call_id, second) is not None for call_id in calls)
    store.close()


def test_analyzer_without_a_key_says_so_in_result_and_status(graph: Graph, calls: list[str]) -> None:
    result = graph.result(calls[0])
    assert result["contact_summary"]["model"] == "extractive"
    (flag,) = (flag for flag in result["flags"] if flag["code"] == "analysis_fallback")
    assert "OPENAI_API_KEY" in flag["message"]
    shown = {stage["name"]: stage for stage in graph.http.get("/v1/stages").json()["stages"]}
    assert shown["llm-analyzer"]["healthy"]
    assert "OPENAI_API_KEY holds no API key" in shown["llm-analyzer"]["message"]
    assert "OPENAI_API_KEY" in command("status")


@pytest.mark.parametrize("stage", PAIRS)
def test_both_pairs_are_compared(graph: Graph, calls: list[str], stage: str) -> None:
    shown = command("compare", stage, PAIRS[stage])
    assert PAIRS[stage] in shown
    assert shown.rstrip().splitlines()[-1].startswith("Recommendation: not enough data")


def command(*arguments: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("callytics")), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "250"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
