"""A Serve that is played: it keeps what was deployed."""

from __future__ import annotations

import copy
from typing import Any

from deployments.operations import runs
from deployments.operations.serve_api import ApplicationState

RUN = runs.Run("run", "before.yaml", 8123, 8265, "nowhere", 0.0)


class PlayedServe:
    """Stands for ServeApi. An application that is in ``failing`` with this engine does not start."""

    def __init__(self, applications: list[dict[str, Any]]) -> None:
        self.running: dict[str, Any] = {
            "proxy_location": "HeadOnly",
            "http_options": {"host": "127.0.0.1", "port": 8123},
            "applications": applications,
        }
        self.deployed: list[list[str]] = []
        self.failing: dict[str, str] = {}

    def __call__(self, dashboard_url: str, token_path: str = "") -> PlayedServe:
        return self

    def document(self) -> dict[str, Any]:
        return copy.deepcopy(self.running)

    def deploy(self, document: dict[str, Any]) -> None:
        self.running = copy.deepcopy(dict(document))
        self.deployed.append([app["name"] for app in document["applications"]])

    def applications(self) -> list[ApplicationState]:
        return [self._state(application) for application in self.running["applications"]]

    def _state(self, application: dict[str, Any]) -> ApplicationState:
        name, engine = application["name"], application["args"].get("engine")
        failed = name in self.failing and self.failing[name] in (engine, "")
        return ApplicationState(name, "DEPLOY_FAILED" if failed else "RUNNING", "told to" if failed else "")

    def application(self, name: str) -> dict[str, Any]:
        return next(app for app in self.running["applications"] if app["name"] == name)


def named(document: dict[str, Any], name: str) -> dict[str, Any]:
    application: dict[str, Any] = next(app for app in document["applications"] if app["name"] == name)
    return application
