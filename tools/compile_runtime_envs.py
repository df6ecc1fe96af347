"""Compile runtime_envs/**/<stage>.in to <stage>.txt: every package of the stage's closure, pinned by ``==``.

    .venv/bin/python tools/compile_runtime_envs.py [ENVIRONMENT...]      e.g. cpu/speech-recognizer speaker-diarizer

A stage's environment is an overlay on the base environment. It contains the stage's own pins, and their dependencies
that the base does not have at the same version. Versions follow requirements.lock, unless the stage's .in requires
another version, which is the purpose of the overlay. The files contain no addresses, paths or hashes of this machine.

The CUDA libraries of torch are omitted, unless the .in names one: torch pins them itself, and a CPU wheel needs none.
deployments/operations/environments.py installs torch with its dependencies.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "runtime_envs"
LOCK = ROOT / "requirements.lock"
CUDA_LIBRARY = re.compile(r"(nvidia-|cuda-|triton$)")


def compile_closure(source: Path) -> dict[str, str]:
    """Package -> version of all requirements of ``source`` on Python 3.11."""
    with tempfile.TemporaryDirectory() as folder:
        # uv keeps the versions of an existing output file if possible: preferences, not constraints
        output = Path(folder) / "requirements.txt"
        output.write_text("\n".join(_locked()), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", str(source), "-o", str(output)]
        command += ["--python-version", "3.11", "--quiet", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{source}: {done.stderr}")
        lines = [line.partition(";")[0].strip() for line in output.read_text(encoding="utf-8").splitlines()]
    pins = [line.split("==") for line in lines if line and not line.startswith(("#", "-"))]
    return {name: version.split()[0] for name, version in pins}


def _locked() -> list[str]:
    return re.findall(r"^[\w.-]+==[\w.!+-]+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def named_packages(source: Path) -> set[str]:
    """The packages that a .in file pins itself, normalized (PEP 503)."""
    lines = source.read_text(encoding="utf-8").splitlines()
    return {_normalized(re.split(r"[\[=]", line)[0]) for line in lines if "==" in line.partition("#")[0]}


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def main(names: list[str]) -> None:
    base = compile_closure(ROOT / "pyproject.toml")  # without its extras: they hold the engines' packages
    for source in sorted(PINS.rglob("*.in")):
        environment = source.relative_to(PINS).with_suffix("").as_posix()
        if names and environment not in names:
            continue
        closure = compile_closure(source)
        named = named_packages(source)
        needed = {p: v for p, v in closure.items() if p in named or not CUDA_LIBRARY.match(p)}
        own = {p: version for p, version in needed.items() if p in named or base.get(p) != version}
        text = f"# Compiled from {source.name} by tools/compile_runtime_envs.py; edit that, not this.\n"
        text += "".join(f"{package}=={version}\n" for package, version in sorted(own.items()))
        source.with_suffix(".txt").write_text(text, encoding="utf-8")
        print(f"{environment}: {len(own)} packages of its own, {len(needed) - len(own)} of the base")


if __name__ == "__main__":
    main(sys.argv[1:])
