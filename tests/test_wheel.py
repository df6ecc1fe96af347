"""Callytics as a package: the wheel, installed outside any checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from callytics import settings
from callytics.home import resources

ROOT = Path(__file__).parents[1]
SOURCES = (
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    *resources.CONFIGS,
    "cluster.yaml",
)
PACKAGES = ("callytics", "deployments", "evaluation", "benchmarks", "tests", "runtime_envs", "sample")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves folders in the checkout that the next wheel would take files from."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / name)
    for name in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").glob("callytics-*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment that has the wheel, and behind it the locked packages, but not the checkout: a
    plain line in a .pth file does not read the .pth files of that folder, where an editable install has its own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", str(wheel)], check=True)
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def run(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {
        "CALLYTICS_HOME": str(folder / "home"),
        "CALLYTICS_MODELS": str(settings.home() / "models"),
    }
    command = [str(installed / "callytics"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"callytics", "deployments"}
    tracked = [path for path in (ROOT / "runtime_envs").rglob("*") if path.is_file()]
    data = [*resources.CONFIGS, "cluster.yaml", resources.SAMPLE]
    data += [path.relative_to(ROOT).as_posix() for path in tracked]
    assert {name.removeprefix("callytics/_data/") for name in names if "/_data/" in name} == set(data)
    for package in ("callytics", "deployments"):
        files = [
            path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        ]
        assert {path.relative_to(ROOT).as_posix() for path in files} <= set(names)


def test_wheel_has_the_extra_for_the_embedded_engines(wheel: Path) -> None:
    (metadata,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert "Provides-Extra: cpu\n" in text
    assert 'Requires-Dist: faster-whisper==1.2.1; extra == "cpu"' in text


def test_installed_package_knows_its_version_and_commands(installed: Path, tmp_path: Path) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = run(installed, tmp_path, "--version").removeprefix("callytics ").strip()
    assert f'version = "{version}"\n' in project
    commands = run(installed, tmp_path, "--help")
    assert "analyze" in commands
    assert "│ eval " not in commands  # evaluation/ is in no wheel


def test_init_writes_copies_that_are_used(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "init", "mine")
    for name in ("serve_config.cpu.yaml", "serve_config.yaml", "cluster.yaml", "runtime_envs/cpu/base.txt"):
        assert (tmp_path / "mine" / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.weights
def test_installed_package_analyses_the_sample(installed: Path, tmp_path: Path) -> None:
    printed = run(installed, tmp_path, "analyze", "sample", "--local", "--out", "out")
    result = json.loads((tmp_path / "out" / "call.json").read_text(encoding="utf-8"))
    assert result["job_status"] == "COMPLETED", printed
    assert {stage["status"] for stage in result["job_details"]["stages"]} == {"COMPLETED"}
