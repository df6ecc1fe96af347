"""A live graph to attack, and one line per attack that it held.

Gateway, store, pipeline, Serve, Ray and the audio processor are the real ones, the other engines are without models.
Everything goes to loopback, is bounded in count and time, and ends by itself. CALLYTICS_ATTACKS=all
(`make test-attacks`) is the long form; without it every attack runs in a short one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.deployments.tiny_graph import state_folder
from tests.faults.graph import FaultGraph, configuration

LLM_KEY = "sk-planted-" + "k" * 32
"""In the environment of every process of the graph; to be found in no log."""

LONG = os.environ.get("CALLYTICS_ATTACKS") == "all"

_LINES = pytest.StashKey[list[str]]()
Held = Callable[[str, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/attacks/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)


@pytest.fixture
def held(request: pytest.FixtureRequest) -> Held:
    """Notes that an attack was held: held("idle sockets", "205 of them: /healthz in 12 ms"). Call it after the
    assertions, as the last line of a test."""
    lines = request.config.stash.setdefault(_LINES, [])

    def note(attack: str, figure: str) -> None:
        lines.append(f"held: {attack}: {figure}")

    return note


@pytest.fixture(scope="package")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultGraph]:
    home = tmp_path_factory.mktemp("attacked")
    config = configuration(home)
    gateway = next(block for block in config["applications"] if block["name"] == "api-gateway")
    gateway["args"]["settings"] |= {"body_timeout_s": 8.0}  # so that tests need not wait for 30 s
    audio = next(block for block in config["applications"] if block["name"] == "audio-processor")
    audio["args"] = {"engine": "callytics.engines.audio.standard:StandardAudioProcessor", "options": {}}
    with state_folder(home, OPENAI_API_KEY=LLM_KEY):
        graph = FaultGraph(home, config)
        try:
            yield graph
        finally:
            graph.close()
