"""Ray Serve's REST API: deploy a configuration, ask how the applications are.

Not the `serve` command: that takes seconds to import, and takes a file that does not exist for an import path and
replaces everything that runs by it.
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from callytics.config import engine_blocks, split_address
from callytics.errors import ConfigError
from deployments.operations import ray_token
from deployments.operations.head import LocalGraphError
from deployments.replica.environment import VERSION

DEPLOY_TIMEOUT_S = 180.0
"""The first configuration starts Serve itself, its controller and its proxy: seconds, a minute on a busy machine."""

_PATH = "/api/serve/applications/"

_REFUSED = (401, 403)

_GLOBAL_OPTIONS = ("proxy_location", "http_options", "grpc_options", "target_capacity")

Progress = Callable[[str, str, str], None]
"""Called with (what, state, detail); ``what`` is "lock", "environments", "weights", "ray" or an application's name."""


@dataclass(frozen=True)
class ApplicationState:
    """``status`` is Serve's: NOT_STARTED, DEPLOYING, RUNNING, UNHEALTHY, DEPLOY_FAILED, DELETING."""

    name: str
    status: str
    message: str
    replicas: int = 0
    healthy_replicas: int = 0
    version: str = ""
    """Release, code and pins, as `callytics lock` writes them; empty where the file was not locked."""
    placed: tuple[str, ...] = ()
    """Addresses of the stages in it, where it holds several."""

    @property
    def healthy(self) -> bool:
        return self.status == "RUNNING"

    @property
    def failed(self) -> bool:
        return self.status == "DEPLOY_FAILED"


class ServeApi:
    """
    Args:
        dashboard_url: e.g. http://127.0.0.1:8265
        token_path: of the run's token; default: the user's own, where Ray looks for it.
    """

    def __init__(self, dashboard_url: str, token_path: str = "") -> None:
        self._url = dashboard_url + _PATH
        self._token_path = token_path

    def deploy(self, config: Mapping[str, Any]) -> None:
        """Make the applications those of ``config``; returns before they run.

        Raises:
            ConfigError: Serve does not accept it.
            LocalGraphError: ``ray_unreachable``, ``ray_token_refused``.
        """
        request = urllib.request.Request(
            self._url,
            data=json.dumps(config).encode(),
            headers={"Content-Type": "application/json", **ray_token.headers(self._token_path)},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=DEPLOY_TIMEOUT_S):
                return
        except urllib.error.HTTPError as error:
            if error.code in _REFUSED:
                raise self._unreachable(error) from error
            reason = last_line(error.read().decode(errors="replace"))
            raise ConfigError("config_rejected", f"Ray Serve rejects the configuration: {reason}") from error
        except OSError as error:
            raise self._unreachable(error) from error

    def applications(self) -> list[ApplicationState]:
        return [_state(name, of) for name, of in self._details()["applications"].items()]

    def document(self) -> dict[str, Any]:
        """The configuration that runs, in the form in which it can be deployed again."""
        details = self._details()
        kept = {key: details[key] for key in _GLOBAL_OPTIONS if details.get(key) is not None}
        configs = (application.get("deployed_app_config") for application in details["applications"].values())
        return {**kept, "applications": [config for config in configs if config is not None]}

    def _details(self) -> dict[str, Any]:
        request = urllib.request.Request(self._url, headers=ray_token.headers(self._token_path))
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                details: dict[str, Any] = json.load(response)
        except (OSError, ValueError) as error:
            raise self._unreachable(error) from error
        return details

    def _unreachable(self, error: Exception) -> LocalGraphError:
        if isinstance(error, urllib.error.HTTPError) and error.code in _REFUSED:
            return LocalGraphError(
                "ray_token_refused",
                f"Ray at {self._url} asks for another token. Of the graph of `callytics up`: "
                'eval "$(callytics env)"; of a cluster: its token in ~/.ray/auth_token or RAY_AUTH_TOKEN_PATH.',
            )
        return LocalGraphError("ray_unreachable", f"Ray does not answer at {self._url}: {error}")

    def answers(self) -> bool:
        try:
            self.applications()
        except LocalGraphError:
            return False
        return True


def await_healthy(api: ServeApi, names: list[str], report: Progress, timeout_s: float) -> None:
    """Wait until every one of these applications runs.

    Raises:
        LocalGraphError: one of them cannot start (``deploy_failed``), or takes too long (``deploy_timeout``).
    """
    deadline = time.monotonic() + timeout_s
    shown: dict[str, str] = {}
    states: dict[str, ApplicationState] = {}
    while True:
        try:
            states = {state.name: state for state in api.applications()}
        except LocalGraphError:  # a busy dashboard may be late with an answer
            if time.monotonic() > deadline:
                raise
        for name, state in states.items():
            if shown.get(name) != state.status:
                shown[name] = state.status
                report(name, state.status.lower(), "" if state.healthy else state.message)
        waiting = [name for name in names if name not in states or not states[name].healthy]
        if not waiting:
            return
        failed = [states[name] for name in waiting if name in states and states[name].failed]
        if failed:
            lines = "; ".join(f"{state.name}: {state.message}" for state in failed)
            raise LocalGraphError("deploy_failed", f"Not every stage could start. {lines}")
        if time.monotonic() > deadline:
            lines = "; ".join(f"{name}: {_why(states.get(name))}" for name in waiting)
            raise LocalGraphError("deploy_timeout", f"After {timeout_s:.0f} s still waiting. {lines}")
        time.sleep(0.25)


def await_answer(dashboard_url: str, timeout_s: float = 120.0) -> None:
    """Wait until a dashboard that was just started answers.

    Raises:
        LocalGraphError: ``ray_unreachable``, ``ray_token_refused``.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            ServeApi(dashboard_url).applications()
            return
        except LocalGraphError as error:
            if error.code == "ray_token_refused" or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _why(state: ApplicationState | None) -> str:
    return "not deployed" if state is None else state.message or state.status.lower()


def _state(name: str, details: Mapping[str, Any]) -> ApplicationState:
    deployments = details.get("deployments", {}).values()
    replicas = [replica for deployment in deployments for replica in deployment.get("replicas", [])]
    messages = [details.get("message", ""), *(d.get("message", "") for d in deployments)]
    return ApplicationState(
        name=name,
        status=details["status"],
        message=last_line(next((m for m in reversed(messages) if m), "")),
        replicas=len(replicas),
        healthy_replicas=sum(replica["state"] == "RUNNING" for replica in replicas),
        version=_version(details.get("deployed_app_config") or {}),
        placed=_placed(name, details.get("deployed_app_config") or {}),
    )


def _placed(name: str, application: Mapping[str, Any]) -> tuple[str, ...]:
    addresses = (block.address for block in engine_blocks({**application, "name": name}))
    return tuple(address for address in addresses if split_address(address)[1])


def _version(application: Mapping[str, Any]) -> str:
    """Without the name of the environment."""
    variables = (application.get("runtime_env") or {}).get("env_vars") or {}
    return str(variables.get(VERSION, "")).rpartition("@")[2]


def last_line(text: str) -> str:
    """What a traceback or a long message comes down to: for people, not for debugging."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in text.strip().splitlines()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b.*:", line)]
    return (errors or lines or [""])[-1]


if __name__ == "__main__":  # tools/cluster_node.sh
    try:
        await_answer(sys.argv[1])
    except LocalGraphError as failure:
        sys.exit(f"error: {failure.message} [{failure.code}]")
