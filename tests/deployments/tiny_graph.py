"""Live graphs that start fast and need no weights: blocks of a Serve configuration with tiny engines, and their Ray."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.operations import local, runs
from tests.deployments.conftest import TINY_ENGINES
from tests.e2e.conftest import free_port, share_environments


def application(name: str, stage: str, **options: Any) -> dict[str, Any]:
    """An engine stage; ``options`` are those of its tiny engine."""
    args = {
        "engine": f"tests.deployments.tiny_engines:{TINY_ENGINES[stage]}",
        "options": options,
        "concurrency": 16,
    }
    return _block(name, stage, args, max_ongoing_requests=64)


def service(name: str, args: dict[str, Any], **deployment: Any) -> dict[str, Any]:
    return _block(name, name, args, **deployment)


def _block(name: str, module: str, args: dict[str, Any], **deployment: Any) -> dict[str, Any]:
    options = {
        "name": "".join(part.title() for part in module.split("-")),
        "graceful_shutdown_timeout_s": 5,
        "ray_actor_options": {"num_cpus": 0.1},
        **deployment,
    }
    return {
        "name": name,
        "route_prefix": None,
        "import_path": f"deployments.{module.replace('-', '_')}:build",
        "args": args,
        "deployments": [options],
    }


@contextmanager
def state_folder(home: Path, **environment: str) -> Iterator[None]:
    """What ``up`` finds meanwhile: this folder and these variables. Whatever runs in the folder ends with it."""
    share_environments(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("RAY_ADDRESS", raising=False)
        for name, value in {"CALLYTICS_HOME": str(home), **environment}.items():
            patch.setenv(name, value)
        try:
            yield
        finally:
            local.down(home=home)


class TinyGraph:
    """Started with a configuration, within a `state_folder`; deploys others to the same Ray."""

    def __init__(self, home: Path, config: dict[str, Any], observe: bool = False) -> None:
        self.home = home
        self.observe = observe
        self.ports = {"http_port": free_port(), "dashboard_port": free_port()}
        self.run = self.up(config)

    def up(self, config: dict[str, Any]) -> runs.Run:
        path = self.home / "serve_config.yaml"
        path.write_text(yaml.safe_dump(config))
        return local.up(
            path,
            home=self.home,
            http_port=self.ports["http_port"],
            dashboard_port=self.ports["dashboard_port"],
            timeout_s=400,
            pull_weights=False,
            observe=self.observe,
        )
