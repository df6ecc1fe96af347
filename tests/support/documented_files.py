"""The table of files in docs/security.md, and a home folder held against it."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
AS_INSTALLED = "as installed"


def documented() -> dict[str, str]:
    """Name in the home folder (a folder's ends with a slash, where its files are bound to a mode) -> mode."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("### Files and secrets")[2]
    table = section.partition("| elsewhere |")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|.*\| ([^|]+) \|$", table, re.MULTILINE)
    return {name: mode for names, mode in rows for name in re.findall(r"`([^`]+)`", names)}


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o777


def unlike_the_table(home: Path, leave: Collection[str] = ()) -> list[str]:
    """What lies in the home and is in no row, or has another mode than its row says; ``leave``: names that a test put
    there itself."""
    table = documented()
    found = [] if mode(home) == 0o700 else [f"{home}: {mode(home):o}"]
    for path in sorted(home.iterdir()):
        said = table.get(path.name) or table.get(f"{path.name}/", "")
        if path.name in leave or said.startswith(AS_INSTALLED):
            continue
        if not said:
            found.append(f"{path.name}: in no row of the table")
            continue
        below = [path, *path.rglob("*")] if f"{path.name}/" in table else [path]
        wrong = [each for each in below if f"{mode(each):04o}" != ("0700" if each.is_dir() else "0600")]
        found += [
            f"{each.relative_to(home)}: {mode(each):04o}, where the table says {said}" for each in wrong
        ]
    return found
