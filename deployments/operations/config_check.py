"""Is a configuration one that Ray can deploy? Asked before Ray sees it: what Ray finds wrong, it finds after it has
already taken the configuration for the one that should run."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from callytics.api.patterns import message
from callytics.errors import ConfigError
from deployments.operations.code_revision import SourceTree
from deployments.operations.placement_config import check_placement
from deployments.operations.preparation import class_paths
from deployments.pipeline.routing import check_routes


def check_document(document: Mapping[str, Any], sources: SourceTree) -> None:
    """By Ray Serve's own schema, and by what the code defines.

    Raises:
        ConfigError: ``config_invalid``; ``engine_unknown``: a class that our code does not have;
            ``routes_invalid``, ``placement_invalid``: calls would go where nothing is.
    """
    from ray.serve.schema import ServeDeploySchema  # three seconds that a refused path does not need

    try:
        ServeDeploySchema.model_validate(document)
    except ValidationError as error:
        raise ConfigError("config_invalid", f"Not a Serve configuration: {_first(error)}") from error
    for application in document["applications"]:
        module, _, function = application["import_path"].partition(":")
        deployments = [deployment["name"] for deployment in application.get("deployments", [])]
        for name in filter(None, (function, *deployments)):
            _check_defined(application["name"], "config_invalid", module, name, sources)
        for module, name in class_paths(application.get("args")):
            _check_defined(application["name"], "engine_unknown", module, name, sources)
    check_placement(document)
    check_routes(document)


def _check_defined(application: str, code: str, module: str, name: str, sources: SourceTree) -> None:
    if sources.owns(module) and not sources.defines(module, name):
        raise ConfigError(code, f"{application}: there is no {name} in the module {module}.")


def check_arguments(applications: Iterable[Mapping[str, Any]], sources: SourceTree) -> None:
    """The ``args`` of applications of ours, against the model that their builder declares.

    Raises:
        ConfigError: ``config_invalid``: a name is unknown, or a value of the wrong kind.
    """
    for application in applications:
        module, _, function = application["import_path"].partition(":")
        if not sources.owns(module):
            continue
        builder = getattr(importlib.import_module(module), function)
        parameters = list(inspect.signature(builder, eval_str=True).parameters.values())
        model = parameters[0].annotation if parameters else None
        if not (inspect.isclass(model) and issubclass(model, BaseModel)):
            continue
        try:
            model.model_validate(application.get("args") or {})
        except ValidationError as error:
            raise ConfigError(
                "config_invalid", f"{application['name']}: args are wrong: {_first(error)}"
            ) from error


def _first(error: ValidationError) -> str:
    """One line of pydantic's many: where, and what is wrong."""
    first, *others = error.errors(include_url=False, include_input=False)
    place = ".".join(map(str, first["loc"]))
    more = f" (and {len(others)} more)" if others else ""
    return f"{place}: {message(first)}{more}" if place else f"{message(first)}{more}"
