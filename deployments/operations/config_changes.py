"""What a deploy would change: the configuration as it runs against the configuration as it would run.

Both as :mod:`deployments.operations.preparation` makes them: pins and code are part of them. Nothing here talks to Ray.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from callytics.config import engine_blocks
from deployments.operations.environments import environment_of, read_pins
from deployments.operations.launcher import overlay
from deployments.replica.environment import VERSION

_VERSION = re.compile(
    r"(?:(?P<environment>[^@\s]+)@)?(?:(?P<code>[^@\s]+\+[0-9a-f]{12})\.?)?(?P<pins>[0-9a-f]{12})?"
)
"""``cpu/speech-recognizer@0.2.0+c1b7090605df.3f0c1d2e4b5a``, as preparation.py makes it."""
_MISSING = object()

_RESTARTING = ("import_path", "runtime_env", "args", "autoscaling_policy")
"""Fields of an application: Serve builds it again when one of them changes (get_app_code_version in Ray 2.60)."""

_RESTARTING_OF_DEPLOYMENT = (
    "ray_actor_options", "placement_group_bundles", "placement_group_strategy", "max_replicas_per_node",
    "gang_scheduling_config", "request_router_config", "deployment_actors",
)  # fmt: skip
"""Fields of a deployment: Serve replaces its replicas. All others (replicas, user_config, limits) change in place."""

_FIXED = ("proxy_location", "http_options", "grpc_options")


class Effect(Enum):
    STARTS = "starts"
    RESTARTS = "restarts"
    IN_PLACE = "changes in place"
    REMOVED = "is removed"


@dataclass(frozen=True)
class Difference:
    """``before`` and ``after`` are empty where the option is not set."""

    what: str
    before: str
    after: str


ComparePins = Callable[[str, str], list[Difference]]


@dataclass(frozen=True)
class Change:
    application: str
    effect: Effect
    differences: tuple[Difference, ...] = ()


def changes(
    running: Mapping[str, Any], target: Mapping[str, Any], home: Path, pins_folder: Path
) -> tuple[Change, ...]:
    """From the applications that run to those that would, both by name.

    Args:
        home: has the environments that run, to tell which packages change.
        pins_folder: ``runtime_envs``, with the pins that would run.
    """
    compare_pins = partial(_environment_difference, home=home, pins_folder=pins_folder)
    found = [_change(name, running.get(name), target[name], compare_pins) for name in target]
    removed = [Change(name, Effect.REMOVED) for name in running if name not in target]
    return (*(change for change in found if change is not None), *removed)


def _change(name: str, before: Any, after: Any, compare_pins: ComparePins) -> Change | None:
    if before is None:
        engines = [block.args.get("engine", "") for block in engine_blocks({"name": name, **after})]
        return Change(
            name, Effect.STARTS, tuple(Difference("engine", "", engine) for engine in engines if engine)
        )
    old, new = dict(_flat(before)), dict(_flat(after))
    paths = [path for path in {**old, **new} if old.get(path, _MISSING) != new.get(path, _MISSING)]
    if not paths:
        return None
    effect = Effect.RESTARTS if any(map(_restarts, paths)) else Effect.IN_PLACE
    differences: list[Difference] = []
    for path in paths:
        values = _text(old.get(path, _MISSING)), _text(new.get(path, _MISSING))
        if path[-1] == "py_executable":
            differences += compare_pins(*values)
        elif path[-1] == VERSION:
            differences += _code_difference(*values)
        else:
            differences.append(_difference(path, *values))
    return Change(name, effect, tuple(differences))


def fixed_options(running: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What the file says of Serve's own processes that Serve, once it runs, does not change any more."""
    kept = {key: running.get(key) for key in _FIXED}
    asked = dict(_flat({key: document[key] for key in _FIXED if key in document}))
    old = dict(_flat({key: value for key, value in kept.items() if value is not None}))
    return tuple(
        Difference(".".join(path), _text(old[path]), _text(value))
        for path, value in asked.items()
        if path in old and old[path] != value
    )


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The leaves of nested mappings; a list is a leaf, but that of an application's deployments goes by name."""
    if path == ("deployments",):
        value = {deployment["name"]: deployment for deployment in value}
    if isinstance(value, Mapping) and (value or not path):
        for key, item in value.items():
            yield from _flat(item, (*path, str(key)))
    elif not (isinstance(value, Mapping) and not value):  # {} says no more than nothing at all
        yield path, value


def _restarts(path: tuple[str, ...]) -> bool:
    if path[0] in _RESTARTING:
        return True
    if path[0] != "deployments":
        return False
    return path[2] in _RESTARTING_OF_DEPLOYMENT or path[2:4] == ("autoscaling_config", "policy")


def _difference(path: tuple[str, ...], before: str, after: str) -> Difference:
    shown = path[1:] if path[0] == "args" else path[2:] if path[0] == "deployments" else path
    return Difference(".".join(part for part in shown if part != "ray_actor_options"), before, after)


def _code_difference(before: str, after: str) -> list[Difference]:
    """Nothing where only the pins are others, which `py_executable` says."""
    old, new = (_code(text) for text in (before, after))
    return [Difference("code", old, new)] if old != new else []


def _code(text: str) -> str:
    """The same for every environment of an application."""
    match = _VERSION.fullmatch(text.partition(" ")[0])
    return (match["code"] if match else "") or text


def _environment_difference(before: str, after: str, *, home: Path, pins_folder: Path) -> list[Difference]:
    """Another environment; or other pins of the same, package by package."""
    running = environment_of(before)
    old, new = (_VERSION.fullmatch(environment_of(text)) for text in (before, after))
    if not (old and new and old["pins"] and new["pins"]) or old["environment"] != new["environment"]:
        return [Difference("environment", before, after)]
    if old["pins"] == new["pins"]:
        return []  # other code, which the version of the application says
    name = new["environment"]
    was = _installed(overlay(home / "envs", running))
    would = _normalized(read_pins(pins_folder / f"{name}.txt"))
    changed = [package for package in sorted({*was, *would}) if was.get(package) != would.get(package)]
    pins = [Difference(package, was.get(package, ""), would.get(package, "")) for package in changed if was]
    return [Difference(f"pins of {name}", old["pins"], new["pins"]), *pins]


def _installed(overlay: Path) -> dict[str, str]:
    """Package -> version; empty where the overlay is not on this machine."""
    site = [str(path) for path in overlay.glob("lib/python*/site-packages")]
    found = importlib.metadata.distributions(path=site) if site else ()
    return _normalized({distribution.name: distribution.version for distribution in found})


def _normalized(pins: Mapping[str, str]) -> dict[str, str]:
    return {canonicalize_name(package): version for package, version in pins.items()}


def _text(value: Any) -> str:
    if value is _MISSING:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
