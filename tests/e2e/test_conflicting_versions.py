"""Two stages on versions of one package that exclude each other, side by side in one live graph.

deepmultilingualpunctuation runs on transformers 4 only, sentence-transformers 6 on 5 only: punctuation-restorer and
sentiment-analyzer run in their own environments here, with torch, on small checkpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.operations.environments import build_environment, read_pins
from tests.e2e.conftest import PROJECT, SAMPLE, Graph, share_environments, started
from tests.environments.built import run_python
from tests.support.checkpoints import minilm

pytestmark = pytest.mark.slow

ENGINES = {
    "punctuation-restorer": "callytics.engines.punctuation.routed:RoutedPunctuationRestorer",
    "sentiment-analyzer": "callytics.engines.sentiment.prototype:PrototypeSentimentAnalyzer",
}
PINS = PROJECT / "runtime_envs"
MAKE_CHECKPOINT = """
import pathlib, sys
from tests.support.checkpoints import PUNCTUATION_LABELS, tiny_classifier
tiny_classifier(pathlib.Path(sys.argv[1]), PUNCTUATION_LABELS, of_tokens=True)
"""
SCRIPT = """
found = {}
for stage, packages in json.loads(sys.argv[1]).items():
    installed = serve.get_app_handle(stage).installed.remote(packages).result(timeout_s=120)
    found[stage] = {name: [package.version, package.location] for name, package in installed.items()}
print(json.dumps(found))
"""


def write_config(path: Path, checkpoints: dict[str, Path]) -> Path:
    """serve_config.cpu.yaml with other engines, options and environments for the two stages."""
    document = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
    for application in document["applications"]:
        name = application["name"]
        if name in ENGINES:
            application["args"] = {"engine": ENGINES[name], "options": {"model": str(checkpoints[name])}}
            options = application["deployments"][0]["ray_actor_options"]
            options["runtime_env"] = {
                "py_executable": f"callytics-python {name}",
                # Threads of OpenMP spin while they wait for each other: on a busy machine two are slower than one.
                "env_vars": {"OMP_NUM_THREADS": "1"},
            }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    home = tmp_path_factory.mktemp("home")
    share_environments(home)
    overlays = {name: build_environment(name, PINS, home) for name in ENGINES}
    tiny = home / "tiny-punctuation"
    run_python(overlays["punctuation-restorer"], "-c", MAKE_CHECKPOINT, str(tiny))
    checkpoints = {"punctuation-restorer": tiny, "sentiment-analyzer": minilm()}
    config = write_config(home / "serve_config.yaml", checkpoints)
    with started(config, home, {"HF_HUB_OFFLINE": "1"}, timeout_s=550) as graph:
        yield graph


@pytest.fixture(scope="module")
def installed(graph: Graph) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = graph.ask(
        SCRIPT, json.dumps({stage: ["transformers", "torch"] for stage in ENGINES})
    )
    return found


def test_each_stage_sees_its_own_version(graph: Graph, installed: dict[str, dict[str, list[str]]]) -> None:
    versions = {stage: packages["transformers"][0] for stage, packages in installed.items()}
    assert versions == {stage: read_pins(PINS / f"{stage}.txt")["transformers"] for stage in ENGINES}
    majors = {stage: version.split(".")[0] for stage, version in versions.items()}
    assert majors == {"punctuation-restorer": "4", "sentiment-analyzer": "5"}
    for stage, packages in installed.items():
        overlay = (graph.home / "envs" / stage).resolve()
        assert all(Path(location).is_relative_to(overlay) for _, location in packages.values())


def test_call_goes_through_both(graph: Graph) -> None:
    call_id = graph.submit(SAMPLE)
    assert graph.wait(call_id, timeout_s=400)["job_status"] == "COMPLETED"
    result = graph.result(call_id)
    stages: dict[str, dict[str, Any]] = {stage["name"]: stage for stage in result["job_details"]["stages"]}
    for stage, engine in ENGINES.items():
        assert stages[stage]["status"] == "COMPLETED"
        assert stages[stage]["engine"] == engine
    assert "all-MiniLM-L6-v2" in stages["sentiment-analyzer"]["model"]
    # What they say is not judged: the weights of punctuation are random, and cut sentences anywhere.
    for turn in result["transcript"]:
        assert sum(turn["sentiment_scores"].values()) == pytest.approx(1.0, abs=0.01)
    assert any(turn["sentiment"] != "NEUTRAL" for turn in result["transcript"])
