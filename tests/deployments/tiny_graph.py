"""Blocks of a Serve configuration with tiny engines: a live graph that starts fast and needs no weights."""

from __future__ import annotations

from typing import Any

from tests.deployments.conftest import TINY_ENGINES


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
