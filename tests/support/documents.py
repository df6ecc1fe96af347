"""The blocks of code in a document, and how they are run as they stand there.

The words after the language are for the tests: ``sh not run: the internet`` names what a block needs that is not here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$|^## (.+)$", re.MULTILINE)
_NOT_RUN = "not run: "


@dataclass(frozen=True)
class Block:
    section: str
    language: str
    note: str
    text: str

    @property
    def not_run(self) -> str:
        """Why, "" where it is run."""
        return self.note.removeprefix(_NOT_RUN) if self.note.startswith(_NOT_RUN) else ""


def code_blocks(document: Path) -> list[Block]:
    blocks, section = [], ""
    for match in _FENCE.finditer(document.read_text(encoding="utf-8")):
        language, note, text, heading = match.groups()
        if heading:
            section = heading
        else:
            blocks.append(Block(section, language, note, text))
    return blocks


def run(
    command: list[str], folder: Path, environment: Mapping[str, str], stdin: int = subprocess.DEVNULL
) -> str:
    """What it prints. The programs of the tests' own environment are found first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_shell(
    script: str, folder: Path, environment: Mapping[str, str], stdin: int = subprocess.DEVNULL
) -> str:
    """A block of shell commands; the first that fails ends it."""
    return run(["bash", "-euo", "pipefail", "-c", script], folder, environment, stdin)
