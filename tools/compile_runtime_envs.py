"""Compile runtime_envs/*/<stage>.in to <stage>.txt: every package of the stage's closure, pinned by ``==``.

    .venv/bin/python tools/compile_runtime_envs.py [ENVIRONMENT...]      e.g. cpu/speech-recognizer

A stage's environment is an overlay on the base environment: what a stage pins itself is always there, and of what
that needs, only the packages that the base does not have at the same version. Versions follow requirements.lock,
unless a stage's .in asks for another: that is what the overlay is for. No addresses, paths or hashes of this machine
end up in the files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "runtime_envs"
LOCK = ROOT / "requirements.lock"


def compile_closure(source: Path, *, constrained: bool = True) -> dict[str, str]:
    """Package -> version of everything that ``source`` needs on Python 3.11."""
    command = [
        str(Path(sys.executable).parent / "uv"),
        "pip",
        "compile",
        str(source),
        "--python-version",
        "3.11",
    ]
    command += ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    if constrained:
        command += ["--constraint", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and constrained:
        return compile_closure(source, constrained=False)
    if done.returncode != 0:
        raise SystemExit(f"{source}: {done.stderr}")
    lines = [line.partition(";")[0].strip() for line in done.stdout.splitlines()]
    pins = [line.split("==") for line in lines if line and not line.startswith(("#", "-"))]
    return {name: version.split()[0] for name, version in pins}


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # pyproject.toml alone: its extras hold the engines' packages
        base = compile_closure(ROOT / "pyproject.toml")
        for source in sorted(PINS.glob("*/*.in")):
            name = f"{source.parent.name}/{source.stem}"
            if names and name not in names:
                continue
            copy = Path(folder) / "requirements.in"
            copy.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
            closure = compile_closure(copy)
            named = {line.partition("==")[0] for line in copy.read_text().splitlines() if "==" in line}
            own = {p: version for p, version in closure.items() if p in named or base.get(p) != version}
            text = f"# Compiled from {source.name} by tools/compile_runtime_envs.py; edit that, not this.\n"
            text += "".join(f"{package}=={version}\n" for package, version in sorted(own.items()))
            source.with_suffix(".txt").write_text(text, encoding="utf-8")
            print(f"{name}: {len(own)} packages of its own, {len(closure) - len(own)} of the base")


if __name__ == "__main__":
    main(sys.argv[1:])
