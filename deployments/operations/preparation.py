"""The configuration as it is deployed: what the file says, and which release, code and pins that means today.

Ray Serve restarts a stage when its configuration changes. An edit of its code, or of its pin file, changes no
configuration: Serve would see nothing. So every application has a version, `0.2.0+c1b7090605df.3f0c1d2e4b5a`: the
release of Callytics, a digest of the code that the application uses, a digest of its pins. It stands

    in an environment variable of the application   where Serve sees a change, and builds the application anew
    in `py_executable`, after the environment       which finds the packages, and which Ray's dashboard shows: it
                                                    hides the values of variables from browsers

`callytics lock` writes it into the file (lock.py). `callytics up` and `callytics deploy` deploy it.
"""

from __future__ import annotations

import copy
import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deployments.operations.code_revision import SourceTree
from deployments.operations.environments import environment_of, exact_name, runtime_envs
from deployments.operations.launcher import LAUNCHER
from deployments.replica.environment import VERSION

RELEASE = importlib.metadata.version("callytics")

_CLASS_PATH = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


def prepared(document: Mapping[str, Any], pins_folder: Path, sources: SourceTree) -> dict[str, Any]:
    """The configuration to deploy for that of a file.

    Raises:
        ConfigError: a pin file is missing or holds more than pins; a source file is no Python.
    """
    result = versioned(document, pins_folder, sources)
    for application in result["applications"]:
        if result.get("logging_config") and not application.get("logging_config"):
            application["logging_config"] = copy.deepcopy(result["logging_config"])  # as Serve itself does
    return result


def versioned(document: Mapping[str, Any], pins_folder: Path, sources: SourceTree) -> dict[str, Any]:
    """The configuration of a file with the version that each of its applications has now.

    Raises:
        ConfigError: as :func:`prepared`.
    """
    # Each by itself: blocks that a YAML alias shares must not get the version of the last.
    result = {**document, "applications": [copy.deepcopy(dict(app)) for app in document["applications"]]}
    for application in result["applications"]:
        modules = [str(application.get("import_path", "")).partition(":")[0]]
        modules += [module for module, _ in class_paths(application.get("args"))]
        code = f"{RELEASE}+{sources.revision(modules)}"
        environments = []
        for runtime_env in runtime_envs(application):
            name = environment_of(str(runtime_env.get("py_executable", ""))).partition("@")[0]
            if name:
                pins = exact_name(name, pins_folder).partition("@")[2]
                environments.append(f"{name}@{code}.{pins}")
                runtime_env["py_executable"] = f"{LAUNCHER} {environments[-1]}"
        runtime_env = application.setdefault("runtime_env", {})
        runtime_env.setdefault("env_vars", {})[VERSION] = " ".join(environments) or code
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
