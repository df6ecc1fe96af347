"""Each live stage sees the versions that its file pins, and they lie in its own environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.config import ENGINE_STAGES
from deployments.operations.environments import read_pins
from tests.e2e.conftest import PROJECT, Graph

SCRIPT = """
pins = json.loads(sys.argv[1])
found = {}
for stage, packages in pins.items():
    installed = serve.get_app_handle(stage).installed.remote(packages).result(timeout_s=60)
    found[stage] = {name: [package.version, package.location] for name, package in installed.items()}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def pins() -> dict[str, dict[str, str]]:
    return {stage: read_pins(PROJECT / "runtime_envs" / "cpu" / f"{stage}.txt") for stage in ENGINE_STAGES}


@pytest.fixture(scope="module")
def installed(graph: Graph, pins: dict[str, dict[str, str]]) -> dict[str, dict[str, list[str]]]:
    import json

    found: dict[str, dict[str, list[str]]] = graph.ask(
        SCRIPT, json.dumps({s: list(p) for s, p in pins.items()})
    )
    return found


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_stage_runs_on_its_pins(
    stage: str, graph: Graph, pins: dict[str, dict[str, str]], installed: dict[str, dict[str, list[str]]]
) -> None:
    assert {name: version for name, (version, _) in installed[stage].items()} == pins[stage]
    overlay = (graph.home / "envs" / "cpu" / stage).resolve()
    outside = {
        name: place
        for name, (_, place) in installed[stage].items()
        if not Path(place).is_relative_to(overlay)
    }
    assert outside == {}
