"""serve_config.yaml with engines that need no GPU."""

from __future__ import annotations

import copy
from typing import Any

from callytics.config import ENGINE_STAGES
from tests.deployments.conftest import TINY_ENGINES
from tests.e2e.conftest import PROJECT

CONFIG = PROJECT / "serve_config.yaml"


def on_any_machine(document: dict[str, Any]) -> dict[str, Any]:
    """The configuration with engines that need no GPU; what the engine stages ask Ray for stays as it is."""
    document = copy.deepcopy(document)
    for application in document["applications"]:
        if application["name"] in ENGINE_STAGES:
            engine = TINY_ENGINES[application["name"]]
            application["args"] |= {"engine": f"tests.deployments.tiny_engines:{engine}", "options": {}}
            (deployment,) = application["deployments"]
            deployment["ray_actor_options"]["runtime_env"] = {"py_executable": "callytics-python cpu/base"}
        elif application["name"] in ("database-service", "call-pipeline"):
            (deployment,) = application["deployments"]
            deployment.pop("autoscaling_config", None)
            deployment["num_replicas"] = 1
    return document
