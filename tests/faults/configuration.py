"""The configuration of the cluster with engines that need neither weights nor a card."""

from __future__ import annotations

from typing import Any

from callytics.config import ENGINE_STAGES
from tests.deployments.conftest import TINY_ENGINES


def configuration(document: dict[str, Any], http_port: int, blobs: str) -> dict[str, Any]:
    """The graph of the cluster with engines that need no weights and no card: applications, replicas, resources and
    `proxy_location` are its own. It does not scale by itself: these two cores would scale it for ever."""
    document["http_options"] = {"host": "127.0.0.1", "port": http_port}
    for application in document["applications"]:
        name, (deployment,) = application["name"], application["deployments"]
        application["runtime_env"] = {}
        deployment["ray_actor_options"].pop("runtime_env", None)
        deployment["graceful_shutdown_timeout_s"] = 5
        if scaling := deployment.pop("autoscaling_config", None):
            deployment["num_replicas"] = scaling["min_replicas"]
        if name in ENGINE_STAGES:
            application["args"]["engine"] = f"tests.deployments.tiny_engines:{TINY_ENGINES[name]}"
            # Longer than the pause between two uploads: whenever something is killed, a call is at work.
            application["args"]["options"] = {"delay_s": 1.5} if name == "speech-recognizer" else {}
            application["args"]["concurrency"] = 16
        if name == "api-gateway":
            application["args"]["blobs_url"] = blobs
    return document
