"""A real Alertmanager with the configuration that is rendered: what it sends is stored, listed and sent on."""

from __future__ import annotations

import ipaddress
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from standardwebhooks import Webhook

from callytics.api import ApiSettings, Services, create_app
from callytics.store import AsyncStore, BlobStore, CallStore
from deployments.operations.alertmanager import PREFIX, render_alertmanager
from tests.api.conftest import TwoStages, WavOnlyAudio
from tests.store.samples import fresh_database
from tests.support.played_graph import served
from tests.support.webhook_receiver import Receiver, receiving

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = pytest.mark.skipif(
    ALERTMANAGER is None, reason="Alertmanager is not installed (Debian: prometheus-alertmanager)"
)
WITHIN_S = 30.0
LOOPBACK = ipaddress.ip_network("127.0.0.1/32")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def eventually(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def hurried(config: str) -> str:
    """The same configuration without its waits."""

    def hurry(route: dict[str, Any]) -> None:
        route |= {"group_wait": "0s", "group_interval": "1s"}
        for child in route.get("routes", ()):
            hurry(child)

    document = yaml.safe_load(config)
    hurry(document["route"])
    return yaml.safe_dump(document)


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[httpx.Client]:
    file, port = folder / "alertmanager.yml", free_port()
    file.write_text(config)
    command = [str(ALERTMANAGER), f"--config.file={file}", f"--storage.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with open(folder / "alertmanager.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as client:
            eventually(lambda: process.poll() is None and _is_ready(client))
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def post(
    client: httpx.Client, name: str, ends_in_s: float, started: datetime, severity: str = "page"
) -> None:
    alert = {
        "labels": {"alertname": name, "severity": severity, "stage": "llm-analyzer"},
        "annotations": {
            "summary": f"{name} summary",
            "runbook_url": f"docs/operations.md#alert-{name.lower()}",
        },
        "startsAt": started.isoformat(),
        "endsAt": (datetime.now(UTC) + timedelta(seconds=ends_in_s)).isoformat(),
    }
    client.post("/api/v2/alerts", json=[alert]).raise_for_status()


class House:
    """A gateway with an operator who listens, and a receiver beside it."""

    def __init__(self, store: CallStore, url: str, key_file: Path, hook: Receiver, pager: Receiver) -> None:
        self.store, self.hook, self.pager = store, hook, pager
        self.secret = store.create_webhook("default", hook.url, ["alert.fired", "alert.resolved"]).secret
        environment = {f"{PREFIX}WEBHOOK_URL": pager.url}
        self.config = hurried(render_alertmanager(environment, url, key_file))
        reader = store.create_api_key("reader", ["calls:read"]).secret
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {reader}"}, timeout=30.0)

    def alerts(self, status: str) -> dict[str, dict[str, Any]]:
        document = self.http.get("/v1/alerts", params={"status": status}).json()
        return {alert["name"]: alert for alert in document["alerts"]}

    def messages(self) -> list[tuple[str, str]]:
        """What the operator's webhook got, its signatures verified."""
        verifier = Webhook(self.secret)
        bodies = [verifier.verify(body, headers) for headers, body in self.hook.got]
        return [(message["type"], message["data"]["name"]) for message in bodies]

    def paged(self) -> list[tuple[str, str]]:
        return [
            (alert["status"], alert["labels"]["alertname"])
            for _, body in self.pager.got
            for alert in json.loads(body)["alerts"]
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = CallStore(fresh_database(tmp_path))
    key_file = tmp_path / "alertmanager-key"
    key_file.write_text(store.create_api_key("alertmanager", ["alerts:write"]).secret)
    settings = ApiSettings(webhook_poll_s=0.1, trusted_networks=(LOOPBACK,))
    blobs = BlobStore(str(tmp_path / "blobs"))
    app = create_app(Services(AsyncStore.local(store), blobs, WavOnlyAudio(), TwoStages(), settings))
    with receiving() as hook, receiving() as pager, served(app) as port:
        house = House(store, f"http://127.0.0.1:{port}", key_file, hook, pager)
        with house.http:
            yield house
    store.close()


def test_alert_reaches_the_list_the_webhooks_and_the_receivers_and_is_resolved(
    house: House, tmp_path: Path
) -> None:
    name, started = "CallyticsStageDown", datetime.now(UTC)
    with alertmanager(tmp_path, house.config) as client:
        post(client, name, 300, started)
        alert = eventually(lambda: house.alerts("firing").get(name))
        assert alert["summary"] == f"{name} summary"
        assert alert["labels"]["stage"] == "llm-analyzer"
        assert abs(datetime.fromisoformat(alert["started_at"]) - started) < timedelta(milliseconds=2)
        eventually(lambda: house.messages() == [("alert.fired", name)])
        eventually(lambda: ("firing", name) in house.paged())
        post(client, name, 0, started)
        resolved = eventually(lambda: house.alerts("resolved").get(name))
        assert resolved["id"] == alert["id"]
        assert resolved["ended_at"] is not None
        eventually(lambda: ("alert.resolved", name) in house.messages())
        eventually(lambda: ("resolved", name) in house.paged())
    assert house.messages().count(("alert.fired", name)) == 1


def test_alert_that_follows_from_a_stage_that_is_down_is_inhibited(house: House, tmp_path: Path) -> None:
    started = datetime.now(UTC)
    with alertmanager(tmp_path, house.config) as client:
        post(client, "CallyticsStageDown", 300, started)
        eventually(lambda: house.alerts("firing"))
        post(client, "CallyticsCallErrorRatioHigh", 300, started)
        post(client, "CallyticsDiskLow", 300, started)  # after it, and not inhibited
        eventually(lambda: "CallyticsDiskLow" in house.alerts("firing"))
        found = client.get(
            "/api/v2/alerts", params={"filter": 'alertname="CallyticsCallErrorRatioHigh"'}
        ).json()
        assert found[0]["status"]["inhibitedBy"]
        assert set(house.alerts("firing")) == {"CallyticsStageDown", "CallyticsDiskLow"}


def test_gateway_that_was_away_is_told_when_it_is_back(house: House, tmp_path: Path) -> None:
    """Alertmanager repeats what the gateway refused: here its key comes late."""
    key_file = tmp_path / "alertmanager-key"
    key = key_file.read_text()
    key_file.write_text("cly_wrong")
    with alertmanager(tmp_path, house.config) as client:
        post(client, "CallyticsDiskLow", 300, datetime.now(UTC))
        log = tmp_path / "alertmanager.log"
        eventually(lambda: "unexpected status code 401" in log.read_text())
        assert house.alerts("firing") == {}
        key_file.write_text(key)
        eventually(lambda: house.alerts("firing"))
