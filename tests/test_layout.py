"""The house rules that a machine can check. Who may import whom: the contracts in pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "callytics").rglob("*.py"))
HEAVY = (
    "av", "ctranslate2", "faster_whisper", "kiwipiepy", "librosa", "noisereduce", "onnxruntime", "pydub",
    "scipy", "sklearn", "soundfile", "torch", "transformers",
)  # fmt: skip
ROOM_ROW = re.compile(r"^\| (?P<question>.+\?) \| (?P<path>\S+\.py) \| `(?P<name>\w+)` \|$", re.MULTILINE)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    tool = str(Path(sys.executable).parent / command[0])
    return subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False, cwd=ROOT)


def test_import_contracts_are_kept() -> None:
    done = run("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("hall", "most"), [("callytics", 10), ("deployments", 14)])
def test_hall_is_not_crowded(hall: str, most: int) -> None:
    modules = sorted(path.name for path in (ROOT / hall).glob("*.py"))
    assert len(modules) <= most, modules


def test_one_minute_table_names_what_is_there() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = list(ROOM_ROW.finditer(table))
    assert len(rows) >= 20
    for row in rows:
        tree = ast.parse((ROOT / row["path"]).read_text(encoding="utf-8"))
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        assert row["name"] in defined, f"{row['question']} {row['path']} defines no {row['name']}"


def test_no_test_module_imports_another() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module
        and re.fullmatch(r"tests\..*\btest_\w+", node.module)
    ]
    assert not found


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in LIBRARY
        if "migrations" not in path.parts
    ]
    code = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"print(sorted(set(sys.modules) & set({(*HEAVY, 'ray')!r})))"
    )
    done = run("python", "-c", code)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("shells", "left_out"),
    [
        ("deployments.stage", {"sqlalchemy", "alembic"}),
        ("deployments.backfill.plan, deployments.replica.log_fields", {"sqlalchemy", "alembic", "ray.serve"}),
    ],
    ids=["replica of a stage", "worker of a batch"],
)
def test_process_of_an_engine_imports_only_what_it_uses(shells: str, left_out: set[str]) -> None:
    """The store costs a second of CPU and Serve another, in each of ten processes that start at once."""
    done = run("python", "-c", f"import sys, {shells}\nprint(sorted(set(sys.modules) & set({left_out!r})))")
    assert done.stdout.strip() == "[]", done.stderr


def test_torch_is_not_in_the_locked_environment() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"^(torch|nvidia-)", lock, re.MULTILINE)


def test_the_lock_names_no_address_and_no_path() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|file://|--(extra-)?index-url|--find-links", lock)


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_style_and_types(command: str) -> None:
    done = run(*command.split())
    assert done.returncode == 0, done.stdout + done.stderr
