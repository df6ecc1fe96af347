"""Which version of a stage takes a call, and which versions work in its shadow. Pure: no Ray, no store, no clock.

The versions of a stage are applications that live side by side (``speech-recognizer``, ``speech-recognizer-v2``).
The ``user_config`` of call-pipeline says how calls are divided between them; Serve hands a change of it to the
running replicas, so nothing restarts:

    user_config:
      routes:
        speech-recognizer:
          weights: {speech-recognizer: 90, speech-recognizer-v2: 10}   # who works for the caller
          sticky: true                                                 # the same call, the same version
          shadow: {speech-recognizer-v3: 0.5}                          # on half of the calls, result kept beside
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from callytics.config import ENGINE_STAGES, engine_blocks
from callytics.errors import ConfigError

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Route(BaseModel):
    """How the calls of one stage are divided.

    Attributes:
        weights: application -> its part of the calls, in any unit; 0 takes no new ones. Empty: the application
            that ``args.stages`` names, else the one of the stage's name.
        sticky: the version follows from the call's id, so that a call that is run again meets the same one, and
            raising a weight moves calls to that version only. False draws anew at every run of the stage.
        shadow: application -> share of the calls, 0 to 1, that it works on as well. Its results are stored for
            `callytics compare`; the caller never sees or waits for them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[str, Weight] = {}
    sticky: bool = True
    shadow: dict[str, Share] = {}

    @field_validator("weights")
    @classmethod
    def _somebody_works(cls, weights: dict[str, float]) -> dict[str, float]:
        if weights and not sum(weights.values()) > 0:
            raise ValueError("every weight is 0: nobody would work for the caller")
        return weights


class Routing(BaseModel):
    """The ``user_config`` of call-pipeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[str, Route] = {}

    @field_validator("routes")
    @classmethod
    def _stages_exist(cls, routes: dict[str, Route]) -> dict[str, Route]:
        unknown = sorted(set(routes) - set(ENGINE_STAGES))
        if unknown:
            raise ValueError(f"no stage is named {', '.join(unknown)}; they are {', '.join(ENGINE_STAGES)}")
        return routes


@dataclass(frozen=True)
class Assignment:
    """Who works on one stage of one call: for the caller, and in the shadow."""

    application: str
    shadows: tuple[str, ...] = ()


def read_routing(user_config: object) -> Routing:
    """
    Args:
        user_config: as it stands in the Serve config; None for none.

    Raises:
        ConfigError: ``routes_invalid``.
    """
    try:
        return Routing.model_validate(user_config or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "user_config"
        raise ConfigError("routes_invalid", f"call-pipeline, user_config: {where}: {first['msg']}") from error


def check_routes(document: Mapping[str, Any]) -> None:
    """The routes of a Serve config, before it is deployed: that they can be read and lead to applications of it.

    Raises:
        ConfigError: ``routes_invalid``.
    """
    names = {application["name"] for application in document["applications"]}
    names |= {block.address for each in document["applications"] for block in engine_blocks(each)}
    for application in document["applications"]:
        if application.get("import_path") != "deployments.call_pipeline:build":
            continue
        for deployment in application.get("deployments", []):
            for stage, route in read_routing(deployment.get("user_config")).routes.items():
                unknown = sorted({*route.weights, *route.shadow} - names)
                if unknown:
                    raise ConfigError(
                        "routes_invalid",
                        f"call-pipeline, user_config: routes.{stage} leads to {', '.join(unknown)}, "
                        "which is no application of this configuration.",
                    )


def assign(
    routing: Routing,
    defaults: Mapping[str, str],
    call_id: str,
    finished: Mapping[str, str],
    draws: random.Random,
) -> dict[str, Assignment]:
    """The versions that work on a call, for all its stages.

    Args:
        defaults: stage -> application where no route has weights.
        finished: stage -> application whose result the call already has. It keeps the stage as long as it has a
            weight: a correction of roles does not recognise the call a second time with another version.
        draws: what is not sticky is drawn from this.
    """
    assignments = {}
    for stage in ENGINE_STAGES:
        route = routing.routes.get(stage, Route())
        application = _worker(route, stage, defaults[stage], call_id, finished.get(stage, ""), draws)
        shadows = tuple(
            shadow
            for shadow, share in route.shadow.items()
            if shadow != application and _hash_to_unit("shadow", stage, shadow, call_id) < share
        )
        assignments[stage] = Assignment(application, shadows)
    return assignments


def _worker(route: Route, stage: str, default: str, call_id: str, finished: str, draws: random.Random) -> str:
    candidates = {name: weight for name, weight in route.weights.items() if weight > 0}
    if not candidates:
        return default
    if finished in candidates:
        return finished
    if not route.sticky:
        return draws.choices(list(candidates), list(candidates.values()))[0]
    # Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005): shares
    # follow the weights, and a version whose weight grows takes calls from others without moving any between them.
    return max(
        candidates,
        key=lambda name: -candidates[name] / math.log(_hash_to_unit("route", stage, name, call_id)),
    )


def _hash_to_unit(*parts: str) -> float:
    """Evenly spread over (0, 1), the same for the same parts on every machine."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
