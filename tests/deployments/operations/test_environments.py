"""Pinned environments: the files, and the overlays that are made of them."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics import settings
from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.operations.environments import (
    build_environment,
    build_environments,
    environment_names,
    exact_name,
    read_pins,
)
from deployments.replica.environment import VERSION, prepare_environment

PROJECT = Path(__file__).resolve().parents[3]
PINS = PROJECT / "runtime_envs"
ALL = sorted(path.relative_to(PINS).with_suffix("").as_posix() for path in PINS.rglob("*.in"))

IMPORT_WHAT_IS_ASKED_FOR = """
import importlib, json, re, sys
from importlib import metadata
pins, asked = json.loads(sys.argv[1])
# torch 2.13.0+cpu is what ==2.13.0 finds on a machine without GPU
wrong = {n: metadata.version(n) for n, v in pins.items() if metadata.version(n).partition("+")[0] != v}
assert not wrong, wrong
normalized = lambda name: re.sub(r"[-_.]+", "-", name).lower()
modules = sorted({m for m, owners in metadata.packages_distributions().items() if not m.startswith("_")
                  and m.isidentifier() and {normalized(owner) for owner in owners} & set(asked)})
for module in modules:
    importlib.import_module(module)
import ray, callytics.domain
print(" ".join(modules))
"""


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_every_engine_stage_pins_its_packages_and_no_torch(stage: str) -> None:
    pins = read_pins(PINS / "cpu" / f"{stage}.txt")
    assert all(re.fullmatch(r"[\w.!+-]+", version) for version in pins.values())
    assert not {"torch", "torchaudio", "tensorflow"} & set(pins)


@pytest.mark.parametrize("name", ALL)
def test_requirements_of_an_environment_are_pinned(name: str) -> None:
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


def test_overlay_has_its_own_versions_and_sees_the_base(pins_folder: Path, tmp_path: Path) -> None:
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


def test_the_launcher_outlives_the_code_that_wrote_it(pins_folder: Path, tmp_path: Path) -> None:
    """A job of the batch writes it, too, from a folder that Ray removes with the job."""
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    written = [path.read_text() for path in sorted((tmp_path / "home" / "bin").iterdir())]
    assert len(written) == 2
    assert not [text for text in written if str(PROJECT / "deployments") in text]


def test_pinned_cuda_libraries_are_found_by_the_loader(pins_folder: Path, tmp_path: Path) -> None:
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    (site,) = (tmp_path / "home" / "envs" / "cpu" / "base").glob("lib/python*/site-packages")
    library = site.resolve() / "nvidia" / "cublas" / "lib"
    library.mkdir(parents=True)
    launcher = str(tmp_path / "home" / "bin" / "callytics-python")
    path = run(launcher, "cpu/base", "-c", "import os; print(os.environ['LD_LIBRARY_PATH'])")
    assert path.split(":")[0] == str(library)


def test_overlays_hide_what_ray_would_import_for_nothing(pins_folder: Path, tmp_path: Path) -> None:
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    launcher = str(tmp_path / "home" / "bin" / "callytics-python")
    find = "import importlib.util as u; print(u.find_spec('pandas'), u.find_spec('numpy') is not None)"
    assert run(launcher, "cpu/base", "-c", find) == "None True"


def _environments() -> list[Any]:
    """Every pin file; those with torch or CUDA libraries take minutes and gigabytes."""
    heavy = re.compile(r"^(torch|nvidia-)", re.MULTILINE)
    slow = [name for name in ALL if heavy.search((PINS / f"{name}.in").read_text(encoding="utf-8"))]
    return [pytest.param(name, marks=[pytest.mark.slow] if name in slow else []) for name in ALL]


@pytest.mark.parametrize("name", _environments())
def test_environment_is_built_from_its_file_and_imports_what_it_asks_for(name: str) -> None:
    """In the project's own state folder, where `make run` finds them again."""
    folder = build_environment(name, PINS, settings.home())
    pins = read_pins(PINS / f"{name}.txt")
    source = (PINS / f"{name}.in").read_text(encoding="utf-8")
    asked = {_normalized(line).partition("==")[0] for line in source.splitlines() if line[:1].isalpha()}
    # Not to be imported as they are beside torch for the CPU: torchaudio's extension is linked against CUDA,
    # torchcodec's against FFmpeg libraries of the system. pyannote does without them
    # (tests/environments/test_speaker_diarizer.py).
    asked &= {_normalized(package).partition("==")[0] for package in pins} - {"torchaudio", "torchcodec"}
    arguments = json.dumps([pins, sorted(asked)])
    imported = run(str(folder / "bin" / "python"), "-c", IMPORT_WHAT_IS_ASKED_FOR, arguments).split()
    assert bool(imported) == bool(asked)


def test_the_same_pins_are_built_once_and_new_pins_beside_them(pins_folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = build_environment("cpu/base", pins_folder, home)
    assert build_environment("cpu/base", pins_folder, home) == first
    (pins_folder / "cpu" / "base.txt").write_text("# changed\n")
    second = build_environment("cpu/base", pins_folder, home)
    assert second != first
    assert first.is_dir()  # replicas that run still use it
    assert (home / "envs" / "cpu" / "base").resolve() == second


def test_the_exact_name_of_an_overlay_outlives_a_change_of_its_pins(
    pins_folder: Path, tmp_path: Path
) -> None:
    """What was deployed keeps its packages, whatever is written into the pin file and built after it."""
    home = tmp_path / "home"
    deployed = exact_name("cpu/stage", pins_folder)
    build_environments(["cpu/base", "cpu/stage"], pins_folder, home)
    (pins_folder / "cpu" / "stage.txt").write_text("tqdm==4.67.0\n")
    assert exact_name("cpu/stage", pins_folder) != deployed
    build_environments(["cpu/stage"], pins_folder, home)
    launcher = str(home / "bin" / "callytics-python")
    version = "from importlib.metadata import version; print(version('tqdm'))"
    assert run(launcher, deployed, "-c", version) == "4.67.1"
    assert run(launcher, "cpu/stage", "-c", version) == "4.67.0"


@pytest.fixture
def console_script(tmp_path: Path, pins_folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The program of the installed package, in a folder with pins, as on a head of Ray's own `ray start`."""
    pins_folder.rename(tmp_path / "runtime_envs")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".callytics").mkdir()
    monkeypatch.delenv("CALLYTICS_HOME", raising=False)
    return str(Path(sys.executable).with_name("callytics-python"))


def test_the_launcher_of_the_package_builds_what_is_asked_of_it(console_script: str, tmp_path: Path) -> None:
    code, pins = "0.2.0+0123456789ab", exact_name("cpu/stage", tmp_path / "runtime_envs").partition("@")[2]
    environment = f"cpu/stage@{code}.{pins}"
    run(console_script, "--prepare", environment)
    version = "from importlib.metadata import version; print(version('tqdm'))"
    assert run(console_script, environment, "-c", version) == "4.67.1"
    assert (tmp_path / ".callytics" / "envs" / "cpu" / "stage").is_dir()


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ("cpu/stage@0.2.0+0123456789ab.0123456789ab", "has other pins: cpu/stage@"),
        ("cpu/nowhere@0.2.0+0123456789ab.0123456789ab", "nowhere.txt"),
    ],
)
def test_the_launcher_says_why_it_cannot_build(console_script: str, environment: str, reason: str) -> None:
    done = subprocess.run(
        [console_script, "--prepare", environment], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert reason in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_builder_says_that_the_launcher_is_not_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    prepare_environment()  # an application that is not locked, or has no environment of its own
    monkeypatch.setenv(VERSION, "cpu/base@0.2.0+0123456789ab.0123456789ab")
    with pytest.raises(ConfigError, match=r"callytics-python is not on the PATH.*bin/activate") as raised:
        prepare_environment()
    assert raised.value.code == "launcher_missing"


def test_builder_passes_on_what_is_wrong_with_an_environment(
    console_script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(console_script).parent}:/usr/bin")
    monkeypatch.setenv(VERSION, "cpu/nowhere@0.2.0+0123456789ab.0123456789ab")
    with pytest.raises(ConfigError, match=r"nowhere\.txt") as raised:
        prepare_environment()
    assert raised.value.code == "environment_missing"


def test_every_builder_of_the_configurations_prepares_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv(VERSION, "cpu/base@0.2.0+0123456789ab.0123456789ab")
    config = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
    for application in config["applications"]:
        module, _, function = application["import_path"].partition(":")
        builder = getattr(importlib.import_module(module), function)
        model = next(iter(inspect.signature(builder, eval_str=True).parameters.values())).annotation
        args = application["args"]
        with pytest.raises(ConfigError, match="callytics-python is not on the PATH"):
            builder(model.model_validate(args) if isinstance(model, type) else args)


def test_failed_installation_leaves_nothing(pins_folder: Path, tmp_path: Path) -> None:
    (pins_folder / "cpu" / "stage.txt").write_text("tqdm==0.0.0.0.1\n")
    with pytest.raises(ConfigError, match="tqdm"):
        build_environment("cpu/stage", pins_folder, tmp_path / "home")
    assert not list((tmp_path / "home").rglob("pyvenv.cfg"))


def test_unknown_environment_is_one_clear_line(pins_folder: Path, tmp_path: Path) -> None:
    build_environments(["cpu/base"], pins_folder, tmp_path / "home")
    launcher = str(tmp_path / "home" / "bin" / "callytics-python")
    done = subprocess.run([launcher, "cpu/other"], capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "callytics up" in done.stderr
