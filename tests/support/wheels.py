"""A wheel of this checkout, and an environment that has it installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

from callytics import settings
from callytics.home import resources

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "cluster.yaml")
FOLDERS = (
    "callytics",
    "deployments",
    "evaluation",
    "benchmarks",
    "tests",
    "runtime_envs",
    "observability",
    "sample",
)


def build_wheel(folder: Path) -> Path:
    """From a copy: setuptools leaves folders in the checkout that the next wheel would take files from."""
    folder.mkdir()
    for name in (*FILES, *resources.CONFIGS):
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").glob("callytics-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """The ``bin`` of an environment that has the wheel, and behind it the locked packages, but not the checkout: a
    plain line in a .pth file does not read the .pth files of that folder, where an editable install has its own."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", str(wheel)], check=True)
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def run(programs: Path, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """`callytics ARGUMENT...` of that environment, in a folder with a home of its own; what it prints."""
    models = os.environ.get("CALLYTICS_MODELS") or str(settings.home() / "models")
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {
        "CALLYTICS_HOME": str(folder / "home"),
        "XDG_STATE_HOME": str(folder / "state"),
        "CALLYTICS_MODELS": models,
        # uv, which builds the environments of the stages in seconds, is in that of the tests
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"], str(Path(sys.executable).parent)]),
    }
    done = subprocess.run(
        [str(programs / "callytics"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**inherited, **own, **(environment or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
