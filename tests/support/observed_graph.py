"""A live graph with Prometheus and Alertmanager beside it, a receiver of alerts, and calls that stream in.

Its engines need no models. The servers run with the files of observability/ in a copy that scrapes every second and
waits two seconds before an alert fires (tests/support/observability.py).
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics.config import ENGINE_STAGES
from callytics.home import resources
from deployments.operations import local, observers
from tests.deployments.tiny_graph import TinyGraph, application, service, state_folder
from tests.e2e.conftest import free_port
from tests.support.observability import Prometheus, shortened
from tests.support.webhook_receiver import Receiver, receiving

BROKEN = "sentiment-analyzer"
"""The stage that is broken and mended; a call is PARTIAL without it."""
SAYS = "I was charged twice and want a refund, my number is 010-1234-5678."


def configuration(home: Path) -> dict[str, Any]:
    options: dict[str, dict[str, Any]] = {
        "speech-recognizer": {"customer_says": SAYS, "delay_s": 0.2},
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

    def break_stage(self) -> None:
        """Its replica dies, and no other can start until the stage is mended."""
        (self.home / "broken").touch()
        title = f"ray::ServeReplica:{BROKEN}:".encode()
        for pid in local.processes(home=self.home):
            with suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title):
                    os.kill(pid, signal.SIGKILL)

    def mend_stage(self) -> None:
        (self.home / "broken").unlink()

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


@contextmanager
def observed_graph(home: Path) -> Iterator[ObservedGraph]:
    files = home / "observability_files"
    shortened(resources.project_file("observability"), files)
    ports = {server.port_variable: str(free_port()) for server in observers.SERVERS}
    # Ray's agent forgets a gauge after two reports; those of monitoring are set every 5 s.
    quick = {"RAY_metrics_report_interval_ms": "4000", "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "500"}
    with (
        receiving() as receiver,
        state_folder(home, CALLYTICS_ALERT_WEBHOOK_URL=receiver.url, **quick, **ports),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(resources, "observability_folder", lambda config: files)
        graph = ObservedGraph(home, receiver)
        try:
            yield graph
        finally:
            graph.close()
