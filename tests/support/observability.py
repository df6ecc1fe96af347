"""What the tests of Prometheus and Alertmanager share: where the programs are, and what a compose file means."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

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


SHORT = {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"}


def shortened(source: Path, target: Path) -> None:
    """A copy of observability/ for tests: it scrapes every second, an alert fires after two, and Alertmanager hands it
    on a second later. What the alerts and the panels ask stays as it is."""
    shutil.copytree(source, target)
    prometheus = yaml.safe_load((source / "prometheus.yml").read_text(encoding="utf-8"))
    prometheus["global"] |= SHORT
    for job in prometheus["scrape_configs"]:
        for name in SHORT.keys() & job.keys():
            job[name] = SHORT[name]
    (target / "prometheus.yml").write_text(yaml.safe_dump(prometheus), encoding="utf-8")
    for name in prometheus["rule_files"]:
        rules = yaml.safe_load((source / name).read_text(encoding="utf-8"))
        for group in rules["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "2s"
                rule.pop("keep_firing_for", None)
        (target / name).write_text(yaml.safe_dump(rules), encoding="utf-8")
    alertmanager = yaml.safe_load((source / "alertmanager.yml").read_text(encoding="utf-8"))
    for route in (alertmanager["route"], *alertmanager["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
    (target / "alertmanager.yml").write_text(yaml.safe_dump(alertmanager), encoding="utf-8")


class Prometheus:
    """What its HTTP API says."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self._http.get("/query", params={"query": expression})
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def values(self, expression: str) -> list[float]:
        """Those that are numbers: a quantile of nothing is none."""
        found = [float(series["value"][1]) for series in self.query(expression)]
        return [value for value in found if not math.isnan(value)]

    def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/targets").json()["data"]["activeTargets"]
        return found

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/alerts").json()["data"]["alerts"]
        return found
