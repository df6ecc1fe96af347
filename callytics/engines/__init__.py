"""The engines: one class per file, found by name from the configuration.

An engine is a plain class. ``__init__(**options)`` imports its libraries and loads its weights; a call takes and
returns domain types. There is no base class: this is the contract of each stage, and tests/contract/ checks it.

    stage                  call
    audio-processor        (Recording, CallOptions) -> Audio;  also probe(Recording, CallOptions) -> Media
                           convert(uri, format) -> bytes and enhanced(uri, format) -> bytes
    speaker-diarizer       (Audio, CallOptions) -> Diarization
    speech-recognizer      (Audio, CallOptions) -> Transcript
    punctuation-restorer   (Conversation) -> Conversation
    sentiment-analyzer     (Conversation) -> SentimentAnalysis
    llm-analyzer           (Conversation) -> ContactSummary

Every engine has two string attributes, ``model`` and ``model_revision``, which are reported in ``job_details``. A class
whose packages differ from ``runtime_envs/cpu/<stage>.txt`` names its own file in a third attribute, ``environment``.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from callytics.config import StageConfig
from callytics.errors import ConfigError, EngineUnavailableError


def load_engine(config: StageConfig) -> Any:
    """Import and construct the engine of a stage.

    Raises:
        ConfigError: the name is not "package.module:Class", or an option is unknown.
        EngineUnavailableError: a package of its environment is not installed.
    """
    module_name, _, class_name = config.engine.partition(":")
    try:
        engine_class = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name not in (None, module_name):
            raise _not_installed(config, error) from error
        raise ConfigError(
            "engine_unknown",
            f"{config.stage}: no engine {config.engine!r}; name it as 'package.module:Class'.",
        ) from error
    try:
        inspect.signature(engine_class).bind(**config.options)
    except TypeError as error:  # only the options: a TypeError inside the engine is a bug and stays one
        raise ConfigError("engine_options_invalid", f"{config.stage}: {config.engine}: {error}") from error
    try:
        return engine_class(**config.options)
    except ModuleNotFoundError as error:
        raise _not_installed(config, error, getattr(engine_class, "environment", None)) from error


def _not_installed(
    config: StageConfig, error: ModuleNotFoundError, environment: str | None = None
) -> EngineUnavailableError:
    environment = environment or f"cpu/{config.stage}"
    return EngineUnavailableError(
        "engine_not_installed",
        f"{config.stage}: {config.engine} needs the package {error.name!r}, which is not installed here. Its "
        f"environment is runtime_envs/{environment}.txt: 'py_executable: callytics-python {environment}' in the Serve "
        f"configuration, built by 'callytics up'; or pip install -r runtime_envs/{environment}.txt",
    )
