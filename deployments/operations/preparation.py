"""The configuration as it is deployed: what the file says, and which pins and code that means today.

Ray Serve restarts a stage when its configuration changes. An edit of its code, or of its pin file, changes no
configuration: Serve would see nothing. So `callytics up` and `callytics deploy` hand it the file with the exact
environment and the code revision of every application in it, and it restarts a stage when one of them is another,
and no other stage.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deployments.operations.code_revision import SourceTree
from deployments.operations.environments import LAUNCHER, exact_name

CODE_REVISION = "CALLYTICS_CODE_REVISION"
"""An environment variable of the replicas of an application."""

_CLASS_PATH = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


def prepared(document: Mapping[str, Any], pins_folder: Path, sources: SourceTree) -> dict[str, Any]:
    """The configuration to deploy for that of a file.

    Raises:
        ConfigError: a pin file is missing or holds more than pins; a source file is no Python.
    """
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for application in result["applications"]:
        if result.get("logging_config") and not application.get("logging_config"):
            application["logging_config"] = copy.deepcopy(result["logging_config"])  # as Serve itself does
        modules = [str(application.get("import_path", "")).partition(":")[0]]
        modules += [module for module, _ in class_paths(application.get("args"))]
        runtime_env = application.setdefault("runtime_env", {})
        runtime_env.setdefault("env_vars", {})[CODE_REVISION] = sources.revision(modules)
        for deployment in application.get("deployments", []):
            environment = (deployment.get("ray_actor_options") or {}).get("runtime_env") or {}
            launcher, _, name = str(environment.get("py_executable", "")).partition(" ")
            if launcher == LAUNCHER:
                environment["py_executable"] = f"{LAUNCHER} {exact_name(name.strip(), pins_folder)}"
    return result


def class_paths(value: Any) -> Iterator[tuple[str, str]]:
    """Every "package.module:Class" in the arguments of an application, as (module, class)."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from class_paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from class_paths(item)
    elif isinstance(value, str) and (match := _CLASS_PATH.fullmatch(value)):
        yield match["module"], match["name"]
