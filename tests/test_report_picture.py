"""The picture of a report at the head of the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_picture_is_the_report_of_the_example() -> None:
    tool = ROOT / "tools" / "make_report_picture.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_picture_loads_nothing() -> None:
    picture = (ROOT / "docs" / "report.svg").read_text(encoding="utf-8")
    assert not re.search(r"url\(['\"]?https?:|href=|@import", picture)
