"""Redocly's and Spectral's own rules over the OpenAPI document, where there is npm (tools/openapi)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.applications import application

LINTERS = Path(__file__).parents[2] / "tools" / "openapi"
PINNED = LINTERS / "package-lock.json"
KNOWN_WARNINGS = {"operation-4xx-response": 3, "operation-2xx-response": 2}
"""/healthz, /readyz and GET /v1/sessions take nothing that could be wrong; the two pages of an issuer's sign-in only
send a browser on."""


@pytest.fixture(scope="module")
def linters() -> Path:
    """The folder of their programs, installed once for each lock file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    marker = LINTERS / "node_modules" / ".installed"
    pinned = hashlib.sha256(PINNED.read_bytes()).hexdigest()
    if not marker.is_file() or marker.read_text() != pinned:
        done = subprocess.run(
            [npm, "ci"], cwd=LINTERS, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"npm cannot install the linters here: {done.stderr.strip()[-300:]}")
        marker.write_text(pinned)
    return LINTERS / "node_modules" / ".bin"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("document")
    path = folder / "openapi.json"
    path.write_text(json.dumps(application(folder).openapi()), encoding="utf-8")
    return path


def lint(program: Path, *arguments: str) -> Any:
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        [str(program), "lint", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **quiet},
    )
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout)


def redocly(linters: Path, document: Path) -> dict[str, dict[str, int]]:
    """Severity -> rule -> how often."""
    found: dict[str, dict[str, int]] = {}
    for problem in lint(linters / "redocly", "--extends=recommended", "--format=json", str(document))[
        "problems"
    ]:
        of_severity = found.setdefault(problem["severity"], {})
        of_severity[problem["ruleId"]] = of_severity.get(problem["ruleId"], 0) + 1
    return found


def spectral(linters: Path, document: Path) -> list[tuple[int, str, str]]:
    arguments = ("--ruleset", str(LINTERS / "spectral.yaml"), "--format=json", "--quiet", str(document))
    problems = lint(linters / "spectral", *arguments)
    return [(each["severity"], each["code"], "/".join(map(str, each["path"]))) for each in problems]


def test_redocly_finds_no_error(linters: Path, document: Path) -> None:
    assert redocly(linters, document) == {"warn": KNOWN_WARNINGS}


def test_spectral_finds_neither_error_nor_warning(linters: Path, document: Path) -> None:
    assert spectral(linters, document) == []


def test_the_linters_would_find_a_fault(linters: Path, document: Path, tmp_path: Path) -> None:
    broken = json.loads(document.read_text(encoding="utf-8"))
    operation = broken["paths"]["/v1/calls"]["get"]
    operation["security"] = [{"nothing": []}]
    operation["operationId"] = "create_call"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken), encoding="utf-8")
    assert {"security-defined", "operation-operationId-unique"} <= set(redocly(linters, path)["error"])
    assert "operation-operationId-unique" in {code for _, code, _ in spectral(linters, path)}


def test_pins_name_no_host() -> None:
    """The user who installs chooses the package index, not the file."""
    assert "resolved" not in PINNED.read_text(encoding="utf-8")
    assert "integrity" in PINNED.read_text(encoding="utf-8")
