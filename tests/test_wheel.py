"""Callytics as a package: the wheel, installed outside any checkout."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from callytics.home import resources
from tests.support.wheels import build_wheel, install, run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel") / "source")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its programs."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


def test_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"callytics", "deployments"}
    folders = (ROOT / "runtime_envs", ROOT / "observability")
    tracked = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
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


def test_serve_files_of_the_wheel_are_locked_to_its_own_code(installed: Path, tmp_path: Path) -> None:
    """The digest of the code is the same in a checkout and where it is installed."""
    run(installed, tmp_path, "init", "mine")
    run(installed, tmp_path / "mine", "lock", "--check")
    assert (installed / "callytics-python").is_file()


@pytest.mark.weights
def test_installed_package_analyses_the_sample(installed: Path, tmp_path: Path) -> None:
    printed = run(installed, tmp_path, "analyze", "sample", "--local", "--out", "out")
    result = json.loads((tmp_path / "out" / "call.json").read_text(encoding="utf-8"))
    assert result["job_status"] == "COMPLETED", printed
    assert {stage["status"] for stage in result["job_details"]["stages"]} == {"COMPLETED"}
