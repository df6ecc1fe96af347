"""A Serve configuration with a language model of one's own: `callytics up --llm local`.

It adds the application llm-server and lets llm-analyzer ask it, in whatever configuration is chosen; the user's file
stays as it is (model_config.py writes the result).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from callytics.config import LLM_SERVER
from callytics.errors import ConfigError, InvalidRequestError
from callytics.weights.gguf_file import FORMAT, SERVER
from callytics.weights.manifest import get_model, list_models
from callytics.weights.model import Model
from deployments.operations.launcher import LAUNCHER

ANALYZER = "llm-analyzer"
ENGINE = "callytics.engines.analysis.choosing:ChoosingAnalyzer"


def language_model(name: str) -> Model:
    """A language model by name or alias; ``local`` is the one that the project knows.

    Raises:
        NotFoundError: ``model_unknown``.
        InvalidRequestError: ``model_not_gguf``: it is no language model.
    """
    model = get_model(name)
    if model.format != FORMAT:
        known = ", ".join(other.name for other in list_models() if other.format == FORMAT)
        raise InvalidRequestError("model_not_gguf", f"{name} is no language model. Those are: {known}.")
    return model


def with_language_model(document: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The configuration with the application llm-server, and with llm-analyzer asking it.

    Raises:
        ConfigError: ``application_unknown``: it has no llm-analyzer.
    """
    result = copy.deepcopy(dict(document))
    others = [app for app in result["applications"] if app["name"] != LLM_SERVER]
    place = next((number for number, app in enumerate(others) if app["name"] == ANALYZER), None)
    if place is None:
        raise ConfigError("application_unknown", f"The configuration has no application {ANALYZER}.")
    analyzer = others[place]
    analyzer["args"] = {
        "engine": ENGINE,
        "options": {"endpoint": LLM_SERVER, "model": model.name},
        "concurrency": 4,  # it waits for the model, not for this machine
    }
    for deployment in analyzer["deployments"]:
        environment = f"{LAUNCHER} cpu/{ANALYZER}"  # this engine needs neither openai nor langchain
        deployment["ray_actor_options"].setdefault("runtime_env", {})["py_executable"] = environment
    analyzer.get("runtime_env", {}).get("env_vars", {}).pop("CALLYTICS_VERSION", None)
    result["applications"] = [*others[:place], application(model), *others[place:]]
    return result


def application(model: Model) -> dict[str, Any]:
    """The application llm-server. For a share of a card: ``num_gpus`` here, ``gpu_layers`` in the options, and a build
    of xllamacpp for that card (docs/language-models.md)."""
    return {
        "name": LLM_SERVER,
        "route_prefix": None,  # reached by its Serve handle only
        "import_path": "deployments.llm_server:build",
        "args": {"engine": SERVER, "options": {"model": model.name, "threads": 0, "context_tokens": 8192}},
        "deployments": [
            {
                "name": "LlmServer",
                "num_replicas": 1,
                "max_ongoing_requests": 32,
                # 0: a second copy of the model beside the first would take its memory again. While it restarts,
                # llm-analyzer reports what the extractive engine finds.
                "max_surge_percent": 0,
                "graceful_shutdown_timeout_s": 120,
                "ray_actor_options": {
                    "num_cpus": 0.2,
                    "runtime_env": {"py_executable": f"{LAUNCHER} cpu/{LLM_SERVER}"},
                },
            }
        ],
    }
