"""Small stages in one replica: is a Serve configuration's placement right, and the configuration that has one.

`callytics up --few-processes` makes it from whatever configuration is chosen, as `--llm` does: a second shipped file
would have to follow every edit of the first.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callytics.config import ENGINE_STAGES, engine_blocks, placed_address, stage_block
from callytics.errors import ConfigError
from deployments.operations.environments import environment_of, read_pins, runtime_envs
from deployments.operations.launcher import LAUNCHER

APPLICATION = "small-stages"
SMALL_STAGES = ("audio-processor", "punctuation-restorer", "sentiment-analyzer", "llm-analyzer")
"""The others are nearly all of the work of a call, and want a process of their own."""

ENVIRONMENT = "cpu/all-stages"
"""The pins of every stage of the CPU graph together, each at the stage's own version."""

PIPELINE = "deployments.call_pipeline:build"
GATEWAY = "deployments.api_gateway:build"
AUDIO_PROCESSOR = "audio-processor"


def check_placement(document: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: ``placement_invalid``: a stage is there twice, or calls would not reach one that is placed.
    """
    for stage in ENGINE_STAGES:
        stage_block(document, stage)
    blocks = [block for app in document["applications"] for block in engine_blocks(app)]
    known = {app["name"] for app in document["applications"]} | {block.address for block in blocks}
    for stage, user, key, address in _asked(document):
        if address in known:
            continue
        place = stage_block(document, stage)
        if place is None:
            continue  # no stage of this configuration: the routes may lead elsewhere
        raise ConfigError(
            "placement_invalid",
            f"{user} asks {address} for {stage}, which is at {place.address}: set args.{key} of {user} to that.",
        )


def _asked(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Stage, the application that needs it, the name of its argument, and the address that it asks."""
    for application in document["applications"]:
        args = application.get("args") or {}
        if application.get("import_path") == PIPELINE:
            stages = args.get("stages") or {}
            for stage in ENGINE_STAGES:
                yield stage, application["name"], f"stages.{stage}", stages.get(stage, stage)
        if application.get("import_path") == GATEWAY:
            address = args.get("audio_processor", AUDIO_PROCESSOR)
            yield AUDIO_PROCESSOR, application["name"], "audio_processor", address


def with_small_stages_together(
    document: Mapping[str, Any], pins_folder: Path, stages: Sequence[str] = SMALL_STAGES
) -> dict[str, Any]:
    """The configuration with these stages in one replica.

    Raises:
        ConfigError: ``placement_invalid``: one of them cannot share a process: it has an environment of its own,
            several replicas, versions beside it, or a share of a card.
    """
    result = copy.deepcopy(dict(document))
    moved = [app for app in result["applications"] if app["name"] in stages]
    missing = sorted(set(stages) - {app["name"] for app in moved})
    if missing:
        raise ConfigError("placement_invalid", f"There is no application named {', '.join(missing)}.")
    for application in moved:
        _check_alone(application, pins_folder, result)
    place = result["applications"].index(moved[0])
    others = [app for app in result["applications"] if app not in moved]
    result["applications"] = [*others[:place], _together(moved), *others[place:]]
    for application in others:
        args = application.get("args") or {}
        if application["import_path"] == PIPELINE:
            asked = dict(args.get("stages") or {})
            asked |= {s: placed_address(APPLICATION, s) for s in stages if asked.get(s, s) == s}
            application["args"] = {**args, "stages": asked}
        elif application["import_path"] == GATEWAY and AUDIO_PROCESSOR in stages:
            application["args"] = {**args, "audio_processor": placed_address(APPLICATION, AUDIO_PROCESSOR)}
    return result


def _check_alone(application: Mapping[str, Any], pins_folder: Path, document: Mapping[str, Any]) -> None:
    name = application["name"]
    reason = ""
    (deployment, *more) = application["deployments"]
    options = deployment.get("ray_actor_options") or {}
    environment = environment_of(str((options.get("runtime_env") or {}).get("py_executable", "")))
    if more or deployment.get("num_replicas", 1) != 1 or deployment.get("autoscaling_config"):
        reason = "it has more replicas than one"
    elif options.get("num_gpus"):
        reason = "it has a share of a card"
    elif (options.get("runtime_env") or {}).get("env_vars"):
        reason = "its process has environment variables of its own"
    elif routes := _routes(document, name):
        reason = f"it has several versions ({', '.join(routes)})"
    elif not covers(environment, pins_folder):
        reason = f"its environment {environment or 'of its own'} has other versions than {ENVIRONMENT}"
    if reason:
        raise ConfigError("placement_invalid", f"{name} cannot share a process with other stages: {reason}.")


def _routes(document: Mapping[str, Any], stage: str) -> list[str]:
    """The versions that call-pipeline's routes name for a stage."""
    for application in document["applications"]:
        for deployment in application.get("deployments", []):
            route = ((deployment.get("user_config") or {}).get("routes") or {}).get(stage)
            if route:
                return [*(route.get("weights") or {}), *(route.get("shadow") or {})]
    return []


def covers(environment: str, pins_folder: Path) -> bool:
    """Whether the environment of all stages has each package of this one at the same version."""
    name, together = environment.partition("@")[0], pins_folder / f"{ENVIRONMENT}.txt"
    if not name or not together.is_file():
        return False
    every = read_pins(together)
    return all(
        every.get(package) == version for package, version in read_pins(pins_folder / f"{name}.txt").items()
    )


def _together(moved: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One application for several. Resources: the sum; limits: the most of any."""
    deployments = {app["name"]: app["deployments"][0] for app in moved}
    used = {
        environment_of(str(env.get("py_executable", ""))).partition("@")[0]
        for app in moved
        for env in runtime_envs(app)
    }
    environment = used.pop() if len(used) == 1 else ENVIRONMENT
    user_config = {name: each["user_config"] for name, each in deployments.items() if each.get("user_config")}
    cpus = sum(float((d.get("ray_actor_options") or {}).get("num_cpus", 1)) for d in deployments.values())
    return {
        "name": APPLICATION,
        "route_prefix": None,
        "import_path": "deployments.replica.placement:build",
        "args": {"placement": {app["name"]: app.get("args") or {} for app in moved}},
        "deployments": [
            {
                "name": "PlacedStages",
                "num_replicas": 1,
                **({"user_config": user_config} if user_config else {}),
                "max_ongoing_requests": sum(
                    int(d.get("max_ongoing_requests", 16)) for d in deployments.values()
                ),
                "max_surge_percent": 100,
                "graceful_shutdown_timeout_s": max(
                    d.get("graceful_shutdown_timeout_s", 20) for d in deployments.values()
                ),
                "ray_actor_options": {
                    "num_cpus": round(cpus, 3),
                    "runtime_env": {"py_executable": f"{LAUNCHER} {environment}"},
                },
            }
        ],
    }
