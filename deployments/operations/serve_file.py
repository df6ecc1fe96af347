"""A Serve config file as it is read: its text, its document, and what it asks of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from callytics.errors import ConfigError


def read_config(config: Path) -> dict[str, Any]:
    return parse_config(read_text(config), config)


def read_text(config: Path) -> str:
    """With its own ends of lines."""
    if not config.is_file():
        raise ConfigError(
            "config_missing", f"No configuration at {config}. Give the path of a Serve config file."
        )
    try:
        return config.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigError("config_invalid", f"{config} is no YAML: {error}") from error


def parse_config(text: str, config: Path) -> dict[str, Any]:
    """
    Args:
        config: where the text stands, for messages.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError("config_invalid", f"{config} is no YAML: {reason}") from error
    if not isinstance(document, dict) or "applications" not in document:
        raise ConfigError("config_invalid", f"{config} is not a Serve config file: it lists no applications.")
    document.setdefault("http_options", {}).setdefault("port", 8000)
    return document


def asks_for_gpus(document: Mapping[str, Any]) -> bool:
    deployments = [d for app in document["applications"] for d in app.get("deployments", [])]
    return any((d.get("ray_actor_options") or {}).get("num_gpus") for d in deployments)
