"""The pinned environment of each stage: an overlay on the base environment, built once (docs/adr/0002).

``runtime_envs/cpu/speech-recognizer.txt`` becomes ``$CALLYTICS_HOME/envs/cpu/speech-recognizer``: a virtual
environment that holds only the packages of that file, and sees those of the base behind them. The Serve
configuration uses it by ``py_executable: callytics-python cpu/speech-recognizer``; ``callytics-python``
(launcher.py) is on the PATH of Ray's processes, so the configuration holds no path.

    runtime_envs/cpu/<stage>.txt   the embedded engines: no torch
    runtime_envs/<stage>.txt       the engines of the GPU graph; where one pins torch, pip installs that first
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from callytics.errors import ConfigError
from deployments.operations import launcher
from deployments.operations.launcher import LAUNCHER, base_site_packages, overlay

_LAUNCHER_SCRIPT = """#!/bin/sh
# Written by `callytics up`: runs the copy of deployments/operations/launcher.py beside it, with these environments.
{variable}="{envs}" exec "{python}" -P "{program}" "$@"
"""

BASE_ENVIRONMENT = "cpu/base"
"""Pins nothing: the base environment as Ray's own processes, and stages without an engine, see it."""

HIDDEN_FROM_BASE = ("pandas",)
"""Ray Serve imports pandas wherever it finds it, to encode data frames: 1.5 s of CPU and 65 MB in each of twenty
processes. The base has it for Ray Data; an overlay sees it if it pins it, or where SHOW_BASE is set."""

SHOW_BASE = "CALLYTICS_SHOW_BASE"
"""Environment variable: an overlay hides nothing, for Ray Data's actors (deployments/backfill/job.py)."""

TORCH = "torch"

_HIDE_MODULE = '''"""Packages of the base that this overlay hides; written by deployments/operations/environments.py."""

import os
import sys
from importlib.machinery import PathFinder

HIDDEN = () if os.environ.get({show_base!r}) else {hidden!r}


class OverlayFinder(PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname in HIDDEN else super().find_spec(fullname, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = OverlayFinder
'''


def environment_names(config: Mapping[str, Any], with_cards: bool = True) -> list[str]:
    """The environments that a Serve config names, e.g. ["cpu/audio-processor", ...]; without their versions.

    Args:
        with_cards: those of deployments that ask for a share of a card as well. Ray places none of these on a node
            without one, so such a node needs no torch.
    """
    if not with_cards:
        config = {"applications": [_without_cards(application) for application in config["applications"]]}
    return sorted({BASE_ENVIRONMENT, *(name.partition("@")[0] for name in named_environments(config))})


def _without_cards(application: Mapping[str, Any]) -> dict[str, Any]:
    deployments = application.get("deployments", [])
    return {"deployments": [d for d in deployments if not (d.get("ray_actor_options") or {}).get("num_gpus")]}


def node_has_cards(devices: Path = Path("/dev")) -> bool:
    """Whether this machine, or the container, has an NVIDIA card."""
    return any(path.name.removeprefix("nvidia").isdigit() for path in devices.glob("nvidia*"))


def names_for_this_node(config: Mapping[str, Any], home: Path) -> list[str]:
    """The environments of a Serve config that this node of a cluster builds. Those that it leaves to nodes with a card
    it notes for `callytics-python`: neither Serve's builders nor a replica shall make them here by and by."""
    every, names = environment_names(config), environment_names(config, with_cards=node_has_cards())
    note = home / "envs" / launcher.ELSEWHERE
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("".join(f"{name}\n" for name in every if name not in names), encoding="utf-8")
    return names


def named_environments(config: Mapping[str, Any]) -> Iterator[str]:
    """Those of its deployments as they stand there, with the version where the file is locked."""
    for application in config["applications"]:
        for runtime_env in runtime_envs(application):
            if name := environment_of(str(runtime_env.get("py_executable", ""))):
                yield name


def runtime_envs(application: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Environments of the deployments of an application."""
    for deployment in application.get("deployments", []):
        yield (deployment.get("ray_actor_options") or {}).get("runtime_env") or {}


def environment_of(py_executable: str) -> str:
    """ "" where it is another program than ours."""
    command = py_executable.split()
    return command[1] if command[:1] == [LAUNCHER] and len(command) == 2 else ""


def build_environments(names: list[str], pins_folder: Path, home: Path) -> None:
    """Build what is missing, side by side, and write the launcher to ``home/bin``.

    Args:
        names: as from :func:`environment_names`.
        pins_folder: ``runtime_envs`` of the project.
        home: ``$CALLYTICS_HOME``.

    Raises:
        ConfigError: a pin file is missing or has a line that is no ``==`` pin, or an installation failed.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda name: build_environment(name, pins_folder, home), names))
    _write_launcher(home)


def _write_launcher(home: Path) -> None:
    """A copy: the code of a Ray job, which calls this too, lies in a folder that goes with the job."""
    script = home / "bin" / LAUNCHER
    program = script.with_name(f"{LAUNCHER}.py")
    text = _LAUNCHER_SCRIPT.format(
        variable=launcher.ENVS_VARIABLE, envs=home / "envs", python=sys.executable, program=program
    )
    script.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((program, Path(launcher.__file__).read_text(encoding="utf-8")), (script, text)):
        if path.is_file() and path.read_text(encoding="utf-8") == content:
            continue  # a replica may be starting with it
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(content, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.replace(path)


def build_environment(name: str, pins_folder: Path, home: Path) -> Path:
    """The overlay of one stage; returns its folder. Appears whole or not at all; the same pins build it once."""
    pins_path = pins_folder / f"{name}.txt"
    pins = read_pins(pins_path)
    envs = home / "envs"
    folder = envs / PurePosixPath(name).with_name(f".{PurePosixPath(name).name}-{_fingerprint(pins_path)}")
    if not folder.exists():
        staging = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            _install(pins_path, pins, staging)
            staging.rename(folder)
        except OSError:
            if not folder.exists():  # another process may have been faster
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    _point(envs / name, folder)
    _point(overlay(envs, exact_name(name, pins_folder)), folder)
    return folder


def exact_name(name: str, pins_folder: Path) -> str:
    """The environment of the very pins that stand in the file now: "cpu/speech-recognizer@0123456789ab".

    ``callytics-python`` takes it as it takes the plain name. What is deployed names it, so Serve sees a change of
    the pins as a change of the configuration, and a replica that is replaced, or rolled back, keeps its packages.
    It is the same on every machine: `callytics lock` writes it into files that are committed.
    """
    pins_path = pins_folder / f"{name}.txt"
    read_pins(pins_path)
    return f"{name}@{hashlib.sha256(pins_path.read_bytes()).hexdigest()[:12]}"


def read_pins(pins_path: Path) -> dict[str, str]:
    """Package -> version of a pin file."""
    if not pins_path.is_file():
        raise ConfigError(
            "environment_missing", f"There is no {pins_path}; it pins the environment of a stage."
        )
    pins = {}
    for line in pins_path.read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].strip()
        if not requirement:
            continue
        package, separator, version = requirement.partition("==")
        if not separator or not version:
            raise ConfigError("environment_invalid", f"{pins_path}: {requirement!r} is not pinned by ==.")
        pins[package.strip()] = version.strip()
    return pins


def _fingerprint(pins_path: Path) -> str:
    layout = f"{sys.version} {base_site_packages()} {HIDDEN_FROM_BASE} {_HIDE_MODULE}"
    parts = (pins_path.read_bytes(), layout.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _install(pins_path: Path, pins: Mapping[str, str], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    if pins:
        with tempfile.TemporaryDirectory() as scratch:
            _install_packages(pins, folder / "bin" / "python", Path(scratch))
    (site,) = folder.glob("lib/python*/site-packages")
    hidden = tuple(package for package in HIDDEN_FROM_BASE if package not in pins)
    module = _HIDE_MODULE.format(hidden=hidden, show_base=SHOW_BASE)
    (site / "_callytics_overlay.py").write_text(module, encoding="utf-8")
    # addsitedir, not a plain path line: it also reads the base's own .pth files (an editable callytics).
    lines = f"import site; site.addsitedir({base_site_packages()!r})\nimport _callytics_overlay\n"
    (site / "_callytics_base.pth").write_text(lines, encoding="utf-8")


def _install_packages(pins: Mapping[str, str], python: Path, scratch: Path) -> None:
    """With uv in about a second; with pip where uv is missing or cannot reach the registry (it does not read
    pip's configuration). ``--no-deps``: the file is the whole closure beyond the base."""
    if TORCH in pins:
        _install_torch(pins, python, scratch)
    rest = {package: version for package, version in pins.items() if package != TORCH}
    if not rest:
        return
    arguments = ["--quiet", "--no-deps", "--requirement", str(_requirements(scratch / "rest.txt", rest))]
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is not None:
        with contextlib.suppress(ConfigError):
            _run(uv, "pip", "install", "--python", str(python), *arguments)
            return
    _run(*_pip(python), "install", *arguments)


def _install_torch(pins: Mapping[str, str], python: Path, scratch: Path) -> None:
    """By plain pip, which also finds a wheel that only this machine has, and with what torch itself depends on: the
    CUDA libraries where the wheel is for CUDA (torch pins them by ``==``), none where it is for the CPU. That is
    why the pin file names none of them. What else torch needs has the version of the file, or the base's."""
    versions = _base_versions() | {canonicalize_name(package): version for package, version in pins.items()}
    constraints = _requirements(scratch / "constraints.txt", versions)
    torch = f"{TORCH}=={pins[TORCH]}"
    _run(*_pip(python), "install", "--quiet", "--constraint", str(constraints), torch)


def _pip(python: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]


def _requirements(path: Path, pins: Mapping[str, str]) -> Path:
    lines = (f"{package}=={version}\n" for package, version in pins.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _base_versions() -> dict[str, str]:
    return {
        canonicalize_name(distribution.name): distribution.version
        for distribution in importlib.metadata.distributions(path=[base_site_packages()])
    }


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise ConfigError("environment_failed", f"{' '.join(command)} failed: {' '.join(last)}")


def _point(link: Path, folder: Path) -> None:
    """Let ``link`` point to ``folder``, at once; replicas that start from now on use it."""
    if link.is_symlink() and link.resolve() == folder.resolve():
        return
    temporary = link.with_name(f"{link.name}.{os.getpid()}")
    temporary.symlink_to(folder.name)
    temporary.replace(link)
