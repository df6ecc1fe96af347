"""What the tests of Prometheus and Alertmanager share: where the programs are, and what a compose file means."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deployments.operations.observers import ALERTMANAGER, PROMETHEUS, program

needs_servers = pytest.mark.skipif(
    program(PROMETHEUS) is None or program(ALERTMANAGER) is None or shutil.which("promtool") is None,
    reason="needs prometheus and prometheus-alertmanager, which are Debian packages",
)


def expressions(dashboards: Path) -> list[str]:
    """Every query of the Grafana dashboards in a folder, with values for what Grafana fills in."""
    found = []
    for path in sorted(dashboards.glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            found += [filled_in(target["expr"]) for target in panel["targets"]]
    return found


def filled_in(expression: str, seconds: int = 60) -> str:
    """As Grafana sends it for a range of ``seconds``."""
    return expression.replace("$__rate_interval", f"{seconds}s").replace("$__range", f"{seconds}s")
