"""The engine of each stage, read from a Serve config file, which is the only source.

Ray Serve deploys ``serve_config.cpu.yaml`` unchanged. The in-process interpreter and the backfill read the same file
and use ``args.engine`` and ``args.options`` of each application.

A stage has an application of its own, or is placed in one that holds several (docs/adr/0036-small-stages-in-one-
replica.md). A placed stage is named by its address, ``<application>.<stage>``, wherever an application is named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
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
        ConfigError: the file is missing, is not YAML, lacks a stage or has it twice.
    """
    path = Path(path)
    document = read_applications(path)
    found = {stage: stage_block(document, stage) for stage in ENGINE_STAGES}
    missing = [stage for stage, block in found.items() if block is None]
    if missing:
        raise ConfigError("config_invalid", f"{path} has no application named {', '.join(missing)}.")
    return {stage: stage_config(stage, block.args) for stage, block in found.items() if block}


@dataclass(frozen=True)
class EngineBlock:
    """An engine in a Serve configuration.

    Attributes:
        address: the application's name, or that of a placed stage.
        args: ``engine``, ``options`` and ``concurrency``.
        application: the whole block, with the resources and the environment.
    """

    address: str
    args: Mapping[str, Any]
    application: Mapping[str, Any]


def engine_blocks(application: Mapping[str, Any]) -> Iterator[EngineBlock]:
    """The engines of an application: its own, or those of the stages that are placed in it."""
    args = application.get("args") or {}
    placed = args.get("placement")
    if isinstance(placed, Mapping):
        for stage, block in placed.items():
            yield EngineBlock(placed_address(application["name"], stage), block or {}, application)
    elif "engine" in args:
        yield EngineBlock(application["name"], args, application)


def placed_address(application: str, stage: str) -> str:
    """What names a stage that is placed in an application: ``small-stages.sentiment-analyzer``."""
    return f"{application}.{stage}"


def split_address(address: str) -> tuple[str, str]:
    """The application, and the stage that is placed in it; "" where the address is an application's name."""
    application, _, stage = address.rpartition(".")
    return (application, stage) if application and stage in ENGINE_STAGES else (address, "")


def stage_block(document: Mapping[str, Any], stage: str) -> EngineBlock | None:
    """The application of a stage, or its place in another; None where the configuration has neither.

    Raises:
        ConfigError: ``placement_invalid``: it has both, so nothing says which one is meant.
    """
    named = [app for app in document["applications"] if app["name"] == stage]
    blocks = [EngineBlock(stage, app.get("args") or {}, app) for app in named]
    for application in document["applications"]:
        blocks += [block for block in engine_blocks(application) if split_address(block.address)[1] == stage]
    if len(blocks) > 1:
        raise ConfigError(
            "placement_invalid",
            f"{stage} is there {len(blocks)} times: {', '.join(block.address for block in blocks)}. A second version "
            f"is an application of another name, such as {stage}-v2.",
        )
    return blocks[0] if blocks else None


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
