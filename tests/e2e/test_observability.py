"""`up --observe` on a live graph with engines that need no models: what Prometheus sees, and what an alert does.

Prometheus and Alertmanager are Debian's. They run with the files of observability/ in a copy that scrapes every second
and waits two seconds before an alert fires (tests/support/observability.py), so that all of this takes a minute.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics.config import ENGINE_STAGES
from callytics.home import resources
from deployments.operations import local, observers, ray_token
from tests.deployments.tiny_graph import TinyGraph, application, service, state_folder
from tests.e2e.conftest import free_port
from tests.support.observability import Prometheus, expressions, needs_servers, shortened
from tests.support.webhook_receiver import Receiver, receiving

pytestmark = needs_servers

BROKEN = "sentiment-analyzer"
"""The stage that is broken and mended; a call is PARTIAL without it."""
SAYS = "I was charged twice and want a refund, my number is 010-1234-5678."
DASHBOARDS = resources.project_file("observability") / "grafana" / "dashboards"
QUERIES = expressions(DASHBOARDS)
WITHOUT_DATA = {
    r"gpu|gram|GPU": "this machine has no GPU",
    r"llm_tokens|llm_cost": "no language model runs here, and so no token is paid for",
}
"""Queries that find nothing on this graph, and why. That they are PromQL is tested in tests/test_dashboards.py."""


def configuration(home: Path) -> dict[str, Any]:
    options: dict[str, dict[str, Any]] = {
        "speech-recognizer": {"customer_says": SAYS},
        BROKEN: {"broken_file": str(home / "broken"), "fail_file": str(home / "fail")},
    }
    analyzer = application("llm-analyzer", "llm-analyzer")
    analyzer["args"] |= {"engine": "callytics.engines.analysis.extractive:ExtractiveAnalyzer"}
    stages = [
        application(name, name, **options.get(name, {})) for name in ENGINE_STAGES if name != "llm-analyzer"
    ]
    gateway = service("api-gateway", {"settings": {"trusted_networks": ["127.0.0.1/32"]}})
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": "127.0.0.1"},
        "applications": [
            *stages,
            analyzer,
            service("database-service", {}),
            service("monitoring", {}),
            service("call-pipeline", {"max_concurrent_calls": 4}),
            gateway | {"route_prefix": "/"},
        ],
    }


class ObservedGraph(TinyGraph):
    """A graph with its Prometheus, a receiver of alerts, and calls that stream in."""

    def __init__(self, home: Path, receiver: Receiver) -> None:
        super().__init__(home, configuration(home), observe=True)
        self.receiver = receiver
        self.prometheus = Prometheus(self.run.observers["Prometheus"])
        key = (home / "api-key").read_text().strip()
        self.http = httpx.Client(
            base_url=self.run.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
        self._ended = threading.Event()
        self._calls = threading.Thread(target=self._send_calls)
        self._calls.start()

    def _send_calls(self) -> None:
        while not self._ended.wait(0.5):
            with suppress(httpx.HTTPError):  # the test that reads them fails
                self.http.post(
                    "/v1/calls",
                    files={"file": ("call.wav", b"RIFF, as far as engines without models care")},
                    data={"deduplicate": "false", "redact_pii": "true"},
                )

    def close(self) -> None:
        self._ended.set()
        self._calls.join()
        self.http.close()

    def kill_replica(self, name: str) -> None:
        title = f"ray::ServeReplica:{name}:".encode()
        for pid in local.processes(home=self.home):
            with suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title):
                    os.kill(pid, signal.SIGKILL)

    def alerts_sent(self, name: str, status: str) -> list[dict[str, Any]]:
        """What the receiver got from Alertmanager about one alert of the stage that was broken."""
        bodies = [json.loads(body) for _, body in self.receiver.got]
        alerts = [alert for body in bodies for alert in body.get("alerts", [])]
        return [alert for alert in alerts if alert["status"] == status and is_about(alert["labels"], name)]

    def alerts_kept(self, name: str, status: str) -> list[dict[str, Any]]:
        """What GET /v1/alerts says of it."""
        answer = self.http.get("/v1/alerts", params={"status": status})
        assert answer.status_code == 200, answer.text
        return [alert for alert in answer.json()["alerts"] if is_about(alert["labels"], name)]


def is_about(labels: dict[str, str], name: str) -> bool:
    return labels["alertname"] == name and labels.get("stage") == BROKEN


def wait_for(what: str, condition: Callable[[], Any], timeout_s: float) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservedGraph]:
    home = tmp_path_factory.mktemp("observed")
    shortened(resources.project_file("observability"), home / "observability_files")
    ports = {server.port_variable: str(free_port()) for server in observers.SERVERS}
    with (
        receiving() as receiver,
        state_folder(
            home,
            CALLYTICS_ALERT_WEBHOOK_URL=receiver.url,
            RAY_metrics_report_interval_ms="1000",
            RAY_SERVE_METRICS_EXPORT_INTERVAL_MS="500",
            **ports,
        ),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(resources, "observability_folder", lambda config: home / "observability_files")
        graph = ObservedGraph(home, receiver)
        try:
            yield graph
        finally:
            graph.close()


def test_every_process_of_the_graph_is_scraped(observed: ObservedGraph) -> None:
    def up() -> bool:
        targets = observed.prometheus.targets()
        jobs = {target["labels"]["job"] for target in targets}
        return jobs >= {"ray", "prometheus", "alertmanager"} and all(t["health"] == "up" for t in targets)

    wait_for("every target is up", up, 30)


def test_ray_dashboard_finds_prometheus(observed: ObservedGraph) -> None:
    headers = ray_token.headers(observed.run.token_path)
    answer = httpx.get(f"{observed.run.dashboard_url}/api/prometheus_health", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    assert "prometheus running" in answer.text


def test_ray_dashboard_looks_for_grafana_where_up_said(observed: ObservedGraph) -> None:
    """There is none here: the dashboard says so, and does not fall back to another."""
    headers = ray_token.headers(observed.run.token_path)
    answer = httpx.get(f"{observed.run.dashboard_url}/api/grafana_health", headers=headers, timeout=30)
    assert answer.status_code == 500
    assert os.environ["CALLYTICS_GRAFANA_PORT"] in answer.text


def test_every_panel_shows_data(observed: ObservedGraph) -> None:
    (observed.home / "fail").touch()  # for the panels about errors, retries and partial results
    wait_for("a stage failed", lambda: observed.prometheus.values("ray_callytics_stage_errors_total"), 30)
    (observed.home / "fail").unlink()
    asked = [query for query in QUERIES if not excuse(query)]
    left = asked

    def all_found() -> bool:
        nonlocal left
        left = [query for query in left if not observed.prometheus.values(query)]
        return not left

    with suppress(AssertionError):
        wait_for("every query finds data", all_found, 40)
    assert left == []
    assert len(asked) >= 40


def excuse(query: str) -> str:
    return next((reason for pattern, reason in WITHOUT_DATA.items() if re.search(pattern, query)), "")


def test_broken_stage_fires_an_alert_that_arrives_and_resolves(observed: ObservedGraph) -> None:
    name = "CallyticsStageDown"
    before = len(observed.alerts_sent(name, "resolved"))
    (observed.home / "broken").touch()
    observed.kill_replica(BROKEN)
    (alert, *_) = wait_for("it fires", lambda: observed.alerts_sent(name, "firing"), 60)
    assert alert["labels"]["severity"] == "page"
    assert alert["annotations"]["summary"] == f"Stage {BROKEN} is down"
    wait_for("the gateway keeps it", lambda: observed.alerts_kept(name, "firing"), 10)
    (observed.home / "broken").unlink()
    wait_for("it resolves", lambda: observed.alerts_sent(name, "resolved")[before:], 90)
    wait_for("the gateway knows", lambda: not observed.alerts_kept(name, "firing"), 10)
    assert observed.alerts_kept(name, "resolved")


def test_down_ends_the_servers_with_the_graph(observed: ObservedGraph) -> None:
    assert len(observers.processes(observed.run.run_id)) == len(observed.run.observers)
    assert [state.ready for state in local.status(home=observed.home).observers] == [True, True]
    local.down(home=observed.home)
    assert observers.processes(observed.run.run_id) == []
    assert local.status(home=observed.home).run is None
