"""Pinned environments: the files, and the overlays that are made of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.environments import build_environment, build_environments, environment_names, read_pins

PROJECT = Path(__file__).resolve().parents[2]
PINS = PROJECT / "runtime_envs"
ALL = sorted(path.relative_to(PINS).with_suffix("").as_posix() for path in PINS.rglob("*.in"))
WITH_TORCH = [name for name in ALL if "torch" in read_pins(PINS / f"{name}.txt")]


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_every_engine_stage_pins_its_packages_and_no_torch(stage: str) -> None:
    pins = read_pins(PINS / "cpu" / f"{stage}.txt")
    assert all(re.fullmatch(r"[\w.!+-]+", version) for version in pins.values())
    assert not {"torch", "torchaudio", "tensorflow"} & set(pins)


@pytest.mark.parametrize("name", ALL)
def test_what_an_environment_asks_for_is_pinned(name: str) -> None:
    """The compiled file follows its source: run tools/compile_runtime_envs.py after an edit."""
    source = (PINS / f"{name}.in").read_text(encoding="utf-8")
    asked = {line.partition("#")[0].strip() for line in source.splitlines()} - {""}
    base = re.findall(
        r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements.lock").read_text("utf-8"), re.MULTILINE
    )
    known = {
        f"{package}=={version}" for package, version in [*read_pins(PINS / f"{name}.txt").items(), *base]
    }
    assert {_normalized(requirement) for requirement in asked if "==" in requirement} <= known


def _normalized(requirement: str) -> str:
    """Package names compare without case, and with "-" for "_" and "." (PEP 503)."""
    name, _, version = requirement.partition("==")
    name = name.partition("[")[0]  # an extra is resolved into pins of its own
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def test_pin_files_hold_pins_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# comment\nkiwipiepy==0.24.1\nnumpy>=2\n")
    with pytest.raises(ConfigError, match="numpy>=2"):
        read_pins(tmp_path / "a.txt")
    with pytest.raises(ConfigError, match=r"b\.txt"):
        read_pins(tmp_path / "b.txt")


def test_the_configuration_names_an_environment_for_every_application() -> None:
    config = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
    assert environment_names(config) == sorted(
        ["cpu/base", *(f"cpu/{app['name']}" for app in config["applications"])]
    )


@pytest.fixture
def pins_folder(tmp_path: Path) -> Path:
    """An environment whose only package differs in version from the base's."""
    folder = tmp_path / "pins" / "cpu"
    folder.mkdir(parents=True)
    (folder / "base.txt").write_text("")
    (folder / "stage.txt").write_text("tqdm==4.67.1\n")
    return folder.parent


def test_an_overlay_has_its_own_versions_and_sees_the_base(pins_folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    build_environments(["cpu/base", "cpu/stage"], pins_folder, home)
    launcher = str(home / "bin" / "callytics-python")
    version = "from importlib.metadata import version; print(version('tqdm'))"
    assert run(launcher, "cpu/stage", "-c", version) == "4.67.1"
    where = run(launcher, "cpu/stage", "-c", "import tqdm; print(tqdm.__file__)")
    assert Path(where).is_relative_to((home / "envs" / "cpu" / "stage").resolve())
    assert run(launcher, "cpu/stage", "-c", "import callytics, ray; print(ray.__version__)") == "2.60.0"
    assert (
        run(launcher, "cpu/stage", "-c", "print(__import__('sys').argv[1])", "an argument") == "an argument"
    )


def test_overlays_hide_what_ray_would_import_for_nothing(pins_folder: Path, tmp_path: Path) -> None:
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    launcher = str(tmp_path / "home" / "bin" / "callytics-python")
    find = "import importlib.util as u; print(u.find_spec('pandas'), u.find_spec('numpy') is not None)"
    assert run(launcher, "cpu/base", "-c", find) == "None True"


def test_the_same_pins_are_built_once_and_new_pins_beside_them(pins_folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = build_environment("cpu/base", pins_folder, home)
    assert build_environment("cpu/base", pins_folder, home) == first
    (pins_folder / "cpu" / "base.txt").write_text("# changed\n")
    second = build_environment("cpu/base", pins_folder, home)
    assert second != first
    assert first.is_dir()  # replicas that run still use it
    assert (home / "envs" / "cpu" / "base").resolve() == second


def test_a_failed_installation_leaves_nothing(pins_folder: Path, tmp_path: Path) -> None:
    (pins_folder / "cpu" / "stage.txt").write_text("tqdm==0.0.0.0.1\n")
    with pytest.raises(ConfigError, match="tqdm"):
        build_environment("cpu/stage", pins_folder, tmp_path / "home")
    assert not list((tmp_path / "home").rglob("pyvenv.cfg"))


def test_an_unknown_environment_is_one_clear_line(pins_folder: Path, tmp_path: Path) -> None:
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    launcher = str(tmp_path / "home" / "bin" / "callytics-python")
    done = subprocess.run([launcher, "cpu/other"], capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "callytics up" in done.stderr
