"""How a benchmark ends when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BEGIN = "import typer\nfrom benchmarks.command import run\napp = typer.Typer()\n@app.command()\ndef main() -> None:\n"


def start(body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", f"{BEGIN}{body}\nrun(app)"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_termination_ends_started_processes() -> None:
    body = "    import time\n    try:\n        print('measuring')\n        time.sleep(60)\n"
    body += "    finally:\n        print('ended')"
    process = start(body)
    assert process.stdout is not None
    assert process.stdout.readline() == "measuring\n"  # at once, without a terminal
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert (output, process.returncode) == ("ended\n", 143)


def test_error_is_reported_in_one_line() -> None:
    body = "    from callytics.errors import ConfigError\n    raise ConfigError('record_invalid', 'Measure again.')"
    process = start(body)
    _, errors = process.communicate(timeout=30)
    assert (errors, process.returncode) == ("error: Measure again. [record_invalid]\n", 1)
