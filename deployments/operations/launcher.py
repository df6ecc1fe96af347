"""`callytics-python ENVIRONMENT ARGUMENT...`: the Python of a stage's pinned environment.

Ray starts each replica with it (``py_executable`` in the Serve configuration). ``cpu/speech-recognizer`` is what the
pins of that file were when they were last built here. ``cpu/speech-recognizer@0.2.0+c1b7090605df.3f0c1d2e4b5a``, as
`callytics lock` writes it, is the environment of exactly these pins: the last twelve digits.

`callytics-python --prepare ENVIRONMENT...` builds what is missing, or says in one line why it cannot.

It is a program of the installed package, so that the PATH of the activated environment has it, and `callytics up`
writes it to ``$CALLYTICS_HOME/bin``. A replica waits for it: it imports the standard library only.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from pathlib import Path, PurePosixPath
from typing import NoReturn

LAUNCHER = "callytics-python"
ENVS_VARIABLE = "CALLYTICS_ENVS"
"""The folder of the environments; by default ``envs`` in the home folder, as callytics/settings.py finds it."""

ELSEWHERE = "elsewhere.txt"
"""In the folder of the environments: those that this node of a cluster leaves to nodes with a card."""

MISSING = 127
"""The exit code of a shell that does not find a program."""


def base_site_packages() -> str:
    return sysconfig.get_path("purelib")


def overlay(envs: Path, environment: str) -> Path:
    """Where an environment lies, or would."""
    name, _, version = environment.partition("@")
    if not version:
        return envs / name
    place = PurePosixPath(name)
    # Beside the pins, the Python and the base that it stands on: several checkouts may share the folder.
    base = hashlib.sha256(f"{sys.version} {base_site_packages()}".encode()).hexdigest()[:6]
    return envs / place.with_name(f".{place.name}@{version.rpartition('.')[2]}.{base}")


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    envs = _envs_folder()
    if arguments[0] == "--prepare":
        for environment in arguments[1:]:
            if not _is_built(envs, environment) and not _is_elsewhere(envs, environment):
                _build(envs, environment)
        return
    if not _is_built(envs, arguments[0]):
        if _is_elsewhere(envs, arguments[0]):
            _fail(
                f"{arguments[0]} is an environment of nodes with a card, and this node was set up without one."
            )
        _fail(f"There is no environment {arguments[0]} in {envs}; run: callytics up")
    # The real path: a replica that runs keeps its packages when the pins change and the link moves on.
    folder = overlay(envs, arguments[0]).resolve()
    # CUDA libraries that a file pins (nvidia-cublas-cu12): CTranslate2 asks the loader for them, and says not where.
    libraries = [str(path) for path in sorted(folder.glob("lib/python*/site-packages/nvidia/*/lib"))]
    if libraries:
        before = os.environ.get("LD_LIBRARY_PATH")
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join([*libraries, *([before] if before else [])])
    python = str(folder / "bin" / "python")
    os.execv(python, [python, *arguments[1:]])


def _is_built(envs: Path, environment: str) -> bool:
    return os.access(overlay(envs, environment) / "bin" / "python", os.X_OK)


def _is_elsewhere(envs: Path, environment: str) -> bool:
    try:
        return environment.partition("@")[0] in (envs / ELSEWHERE).read_text(encoding="utf-8").split()
    except OSError:
        return False


def _build(envs: Path, environment: str) -> None:
    """From the pins beside the configuration that `callytics up` started, or that lie where Ray was started; else from
    those that come with Callytics."""
    from callytics.errors import CallyticsError
    from callytics.home import resources
    from deployments.operations.environments import build_environment, exact_name

    name, _, version = environment.partition("@")
    pins_folder = resources.pins_folder(_config_that_runs(envs.parent))
    wanted = f"{name}@{version.rpartition('.')[2]}" if version else name
    try:
        found = exact_name(name, pins_folder) if version else name
        if found == wanted:
            build_environment(name, pins_folder, envs.parent)
            return
    except CallyticsError as error:
        _fail(error.message)
    _fail(
        f"The environment {wanted} is not built on this machine ({envs}), and {pins_folder / name}.txt has other pins: "
        f"{found}. Build it where the configuration lies: "
        "python -m deployments.operations.environments_command CONFIG. Or lock the configuration anew: callytics lock"
    )


def _config_that_runs(home: Path) -> Path:
    import json

    try:
        return Path(json.loads((home / "run.json").read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError):
        return Path("serve_config.yaml")


def _envs_folder() -> Path:
    if named := os.environ.pop(ENVS_VARIABLE, ""):
        return Path(named)
    from callytics import settings
    from callytics.errors import CallyticsError

    try:
        return settings.home() / "envs"
    except CallyticsError as error:
        _fail(error.message)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(MISSING)


if __name__ == "__main__":
    main()
