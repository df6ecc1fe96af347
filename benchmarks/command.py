"""What the command lines of the benchmarks share."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from callytics.errors import CallyticsError

Runs = Annotated[
    int, typer.Option("--runs", min=1, help="How often; the page gives the median, least and most.")
]
Conditions = Annotated[str, typer.Option(help="What else the machine was doing; goes into the page.")]


def run(app: typer.Typer) -> None:
    """Errors of ours are one line; anything else is a bug and keeps its traceback. Terminated, it still ends the graph
    that it started."""
    signal.signal(signal.SIGTERM, _terminated)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # progress is for those who watch a log, too
    try:
        app()
    except CallyticsError as error:
        raise SystemExit(f"error: {error.message} [{error.code}]") from error


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
