"""A Serve configuration with another model in speech recognition: in the place of the one it has, or beside it.

Made from the configuration of the user, which stays as it is, and written to ``$CALLYTICS_HOME/configs/<model>/``:
`callytics deploy` of that configuration is the way back.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from callytics.config import engine_blocks
from callytics.errors import ConfigError, InvalidRequestError
from callytics.home import resources
from callytics.weights.manifest import get_model, list_models
from callytics.weights.model import Model
from callytics.weights.whisper_files import ENGINES
from deployments.operations.environments import environment_of, runtime_envs
from deployments.operations.launcher import LAUNCHER

STAGE = "speech-recognizer"
PIPELINE = "call-pipeline"
MADE = "# Made by `callytics {command}` from {config}. `callytics deploy {config}` is the way back.\n"
_MADE = re.compile(r"# Made by `[^`]*` from (?P<config>.+)\. `callytics deploy ")


def recogniser(name: str) -> Model:
    """A model of speech recognition by name or alias.

    Raises:
        NotFoundError: ``model_unknown``.
        InvalidRequestError: ``model_not_whisper``: it is one of another stage.
    """
    model = get_model(name)
    if model.format not in ENGINES:
        known = ", ".join(other.name for other in list_models() if other.format in ENGINES)
        raise InvalidRequestError(
            "model_not_whisper", f"{name} is no model of speech recognition. Those are: {known}."
        )
    return model


def instead(document: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The configuration with ``model`` in the place of the one that it has.

    Raises:
        ConfigError: ``application_unknown``: it has no application of that stage.
    """
    result = copy.deepcopy(dict(document))
    _use(_application(result, STAGE), model)
    return result


def beside(document: Mapping[str, Any], model: Model, shadow: float, weight: float) -> dict[str, Any]:
    """The configuration with a second version of the stage that has ``model``.

    Args:
        shadow: share of the calls, 0 to 1, that it works on as well, unseen by the caller.
        weight: share of the calls, 0 to 1, whose result is its own.

    Raises:
        ConfigError: ``application_unknown``.
        InvalidRequestError: ``not_comparable``: it is the model that the stage has.
    """
    result = copy.deepcopy(dict(document))
    if (_application(result, STAGE)["args"].get("options") or {}).get("model", "whisper-base") == model.name:
        raise InvalidRequestError("not_comparable", f"{STAGE} has {model.name} already.")
    name = version_name(model)
    second = copy.deepcopy(_application(result, STAGE)) | {"name": name}
    _use(second, model)
    others = [app for app in result["applications"] if app["name"] != name]
    place = next(number for number, app in enumerate(others) if app["name"] == STAGE) + 1
    result["applications"] = [*others[:place], second, *others[place:]]
    (deployment,) = _application(result, PIPELINE)["deployments"]
    routes = deployment.setdefault("user_config", {}).setdefault("routes", {})
    route = {"shadow": {name: shadow}} if shadow else {}
    if weight:
        route["weights"] = {STAGE: 1 - weight, name: weight}
    routes[STAGE] = route
    return result


def version_name(model: Model) -> str:
    """The application of a second version of the stage with this model."""
    return f"{STAGE}-{model.name}"


def _application(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next(
        (app for app in document["applications"] if app["name"] == name), None
    )
    if found is None:
        raise ConfigError("application_unknown", f"The configuration has no application {name}.")
    return found


def _use(application: dict[str, Any], model: Model) -> None:
    """Engine, options and environment for a model; options that its engine does not have are dropped."""
    args = application["args"]
    options = {key: value for key, value in (args.get("options") or {}).items() if key != "revision"}
    if args.get("engine") != ENGINES[model.format]:
        engine = _engine(model)
        known = inspect.signature(engine).parameters
        options = {key: value for key, value in options.items() if key in known}
        on_gpu = str(options.get("device", "cpu")) != "cpu"
        environment = getattr(engine, "environment", None) or (STAGE if on_gpu else f"cpu/{STAGE}")
        for runtime_env in runtime_envs(application):
            if environment_of(str(runtime_env.get("py_executable", ""))):
                runtime_env["py_executable"] = f"{LAUNCHER} {environment}"
        application.get("runtime_env", {}).get("env_vars", {}).pop("CALLYTICS_VERSION", None)
    args["engine"] = ENGINES[model.format]
    args["options"] = {"model": model.name, **{k: v for k, v in options.items() if k != "model"}}


def _engine(model: Model) -> Any:
    module, _, name = ENGINES[model.format].partition(":")
    return getattr(importlib.import_module(module), name)


def named_models(document: Mapping[str, Any]) -> list[str]:
    """The models of `callytics models list` that the options of a configuration name, for `up` to fetch."""
    known = {name: model.name for model in list_models() for name in (model.name, *model.aliases)}
    blocks = [block for app in document["applications"] for block in engine_blocks(app)]
    options = [block.args.get("options") or {} for block in blocks]
    return sorted({known[value["model"]] for value in options if value.get("model") in known})


def write(document: Mapping[str, Any], config: Path, home: Path, model: Model, command: str) -> Path:
    """As :func:`write_as`, under the name of the model."""
    return write_as(document, config, home, model.name, command)


def write_as(document: Mapping[str, Any], config: Path, home: Path, name: str, command: str) -> Path:
    """The file to deploy, with the pins and the files of observability that belong to ``config`` beside it.

    Args:
        name: of the folder: what was added to the configuration.
    """
    folder = home / "configs" / name
    folder.mkdir(parents=True, exist_ok=True)
    beside_it = {
        resources.PINS: resources.pins_folder(config),
        resources.OBSERVABILITY: resources.observability_folder(config),
    }
    for name, target in beside_it.items():
        link = folder / name
        if link.resolve() != target.resolve():
            link.unlink(missing_ok=True)
            link.symlink_to(target.resolve())
    path = folder / config.name
    text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=1000)
    path.write_text(MADE.format(command=command, config=way_back(config)) + text, encoding="utf-8")
    return path


def way_back(config: Path) -> Path:
    """The user's own file behind one that :func:`write` made."""
    first = config.read_text(encoding="utf-8").partition("\n")[0]
    made = _MADE.match(first)
    return Path(made["config"]) if made else config
