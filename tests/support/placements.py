"""The shipped configuration, as it is and with its small stages in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from deployments.operations.placement_config import with_small_stages_together

PROJECT = Path(__file__).resolve().parents[2]
CONFIG = PROJECT / "serve_config.cpu.yaml"
PINS = PROJECT / "runtime_envs"


def shipped() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return document


def together() -> dict[str, Any]:
    return with_small_stages_together(shipped(), PINS)


def block(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(app for app in document["applications"] if app["name"] == name)
    return found
