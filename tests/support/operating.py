"""A user who follows docs/operations.md, and the graph that this user operates: engines that need no models."""

from __future__ import annotations

import os
import pty
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

from callytics.config import ENGINE_STAGES
from tests.deployments.tiny_graph import TinyGraph, application, service
from tests.e2e.conftest import FINISHED
from tests.support.documents import Block, run_shell

RECORDING = b"RIFF, as far as engines without models care"


class Operator:
    """A user who follows the document: in a folder with the configuration, beside a graph that runs."""

    def __init__(self, folder: Path, hang: Path) -> None:
        self.folder = folder
        self.home = folder / ".callytics"
        self.hang = hang
        self.config = configuration(hang)
        self.graph = TinyGraph(self.home, self.config)
        self.write_config()
        key = (self.home / "api-key").read_text().strip()
        self.environment = {
            "COLUMNS": "200",
            "CALLYTICS_API_KEY": key,
            "CALLYTICS_HTTP_PORT": str(self.graph.run.http_port),
            "CALLYTICS_DASHBOARD_PORT": str(self.graph.run.dashboard_port),
        }
        self.http = httpx.Client(
            base_url=self.graph.run.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )

    def write_config(self) -> None:
        (self.folder / "serve_config.cpu.yaml").write_text(yaml.safe_dump(self.config))

    def follow(self, it: Block, **placeholders: str) -> str:
        """With a terminal, where every question is answered with yes."""
        script = it.text.replace("http://127.0.0.1:8000", self.graph.run.url)
        for name, value in placeholders.items():
            assert name in script
            script = script.replace(name, value)
        terminal, stdin = pty.openpty()
        try:
            os.write(terminal, b"y\ny\n")
            return run_shell(script, self.folder, self.environment, stdin)
        finally:
            os.close(terminal)
            os.close(stdin)

    def submit(self) -> str:
        files = {"file": ("call.wav", RECORDING)}
        answer = self.http.post("/v1/calls", files=files, data={"deduplicate": "false"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["call_id"])

    def wait(self, call_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (call := self.http.get(f"/v1/calls/{call_id}").json())["job_status"] not in FINISHED:
            assert time.monotonic() < deadline, call
            time.sleep(0.1)
        found: dict[str, Any] = call
        return found

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.home / "callytics.db", timeout=30)


def configuration(hang: Path) -> dict[str, Any]:
    """Two versions of the recogniser, one in the shadow of the other; the punctuation hangs while a file is there."""
    options = {"punctuation-restorer": {"hang_file": str(hang)}}
    routes = {"speech-recognizer": {"shadow": {"speech-recognizer-v2": 1}}}
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": "127.0.0.1"},
        "applications": [
            *(application(stage, stage, **options.get(stage, {})) for stage in ENGINE_STAGES),
            application("speech-recognizer-v2", "speech-recognizer"),
            service("database-service", {}),
            service("monitoring", {}),
            service("call-pipeline", {}, user_config={"routes": routes}),
            service("api-gateway", {"settings": {"trusted_networks": ["127.0.0.1/32"]}})
            | {"route_prefix": "/"},
        ],
    }
