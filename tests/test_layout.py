"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = sorted((ROOT / "callytics").rglob("*.py"))
HEAVY = (
    "av", "ctranslate2", "faster_whisper", "kiwipiepy", "librosa", "noisereduce", "onnxruntime", "pydub",
    "scipy", "sklearn", "soundfile", "torch", "transformers",
)  # fmt: skip


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_knows_neither_ray_nor_the_deployments(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported_modules(path)}
    assert not roots & {"ray", "deployments"}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_stage_does_not_import_another_stages_engine(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    if parts[:2] != ("callytics", "engines") or len(parts) < 4:
        return
    others = {
        name
        for name in imported_modules(path)
        if re.match(rf"callytics\.engines\.(?!{parts[2]}(\.|$))\w+", name)
    }
    assert not others


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in LIBRARY
        if "evaluation" not in path.parts and "migrations" not in path.parts
    ]
    code = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"print(sorted(set(sys.modules) & set({(*HEAVY, 'ray')!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_torch_is_not_in_the_locked_environment() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"^(torch|nvidia-)", lock, re.MULTILINE)


def test_the_lock_names_no_address_and_no_path() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|file://|--(extra-)?index-url|--find-links", lock)


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_style_and_types(command: str) -> None:
    tool, *arguments = command.split()
    done = subprocess.run(
        [str(Path(sys.executable).parent / tool), *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
