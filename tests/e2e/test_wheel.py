"""The graph brought up from the wheel, outside any checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port
from tests.support.wheels import build_wheel, install, run

pytestmark = [pytest.mark.e2e, pytest.mark.weights]


def test_installed_package_brings_the_graph_up(tmp_path: Path) -> None:
    programs = install(build_wheel(tmp_path / "source"), tmp_path / "installed")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    ports = {"CALLYTICS_HTTP_PORT": str(free_port()), "CALLYTICS_DASHBOARD_PORT": str(free_port())}
    try:
        assert "Callytics is up" in run(programs, folder, "up", environment=ports)
        run(programs, folder, "status")
        run(programs, folder, "analyze", "sample", "--out", "out")
    finally:
        ended = run(programs, folder, "down")
    assert "ended " in ended
    result = json.loads((folder / "out" / "call.json").read_text(encoding="utf-8"))
    assert result["job_status"] == "COMPLETED"
