"""The engine of each stage, read from a Serve config file, which is the only source.

Ray Serve deploys ``serve_config.cpu.yaml`` unchanged. The in-process interpreter and the backfill read the same file
and use ``args.engine`` and ``args.options`` of each application.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from callytics.errors import ConfigError

ENGINE_STAGES = (
    "audio-processor",
    "speaker-diarizer",
    "speech-recognizer",
    "punctuation-restorer",
    "sentiment-analyzer",
    "llm-analyzer",
)
"""The stages with an engine, in the order of the pipeline. Their names are those of the Serve applications."""

LLM_SERVER = "llm-server"
"""The application of a language model of one's own, where there is one; no stage."""

OPTIONAL_STAGES = frozenset({"sentiment-analyzer", "llm-analyzer"})
"""If an optional stage fails, the call is PARTIAL; any other failure fails the call."""


@dataclass(frozen=True)
class StageConfig:
    """One stage: ``engine`` is "package.module:Class", ``options`` its keyword arguments."""

    stage: str
    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of engine and options: the same configuration, the same hash."""
        text = json.dumps([self.stage, self.engine, dict(self.options)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_stages(path: str | Path) -> dict[str, StageConfig]:
    """The engine stages of a Serve config file.

    Raises:
        ConfigError: the file is missing, is not YAML, or lacks a stage.
    """
    path = Path(path)
    applications = {app["name"]: app for app in read_applications(path)["applications"]}
    missing = [stage for stage in ENGINE_STAGES if stage not in applications]
    if missing:
        raise ConfigError("config_invalid", f"{path} has no application named {', '.join(missing)}.")
    return {stage: stage_config(stage, applications[stage].get("args") or {}) for stage in ENGINE_STAGES}


def read_applications(path: Path) -> dict[str, Any]:
    """A Serve config file whose applications have names.

    Raises:
        ConfigError: the file is missing or is no such file.
    """
    if not path.is_file():
        raise ConfigError(
            "config_missing", f"No configuration at {path}. Give the path of a Serve config file."
        )
    try:
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        {app["name"]: app for app in document["applications"]}  # each has a name
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise ConfigError("config_invalid", f"{path} is not a Serve config file: {error}") from error
    return document


def stage_config(stage: str, args: Mapping[str, Any]) -> StageConfig:
    """From the ``args`` block of a stage's application."""
    if not isinstance(args.get("engine"), str):
        raise ConfigError(
            "config_invalid", f"{stage}: args.engine is missing; name it as 'package.module:Class'."
        )
    return StageConfig(stage, args["engine"], dict(args.get("options") or {}))
