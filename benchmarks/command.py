"""Shared by the command lines of the benchmarks."""

from __future__ import annotations

import io
import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer
import yaml

from benchmarks.in_process import CONFIG
from callytics.errors import CallyticsError

Runs = Annotated[
    int, typer.Option("--runs", min=1, help="How often; the page gives the median, least and most.")
]
Conditions = Annotated[str, typer.Option(help="What else the machine was doing; goes into the page.")]

BEGUN = "CALLYTICS_BENCHMARK_BEGUN"


def run(app: typer.Typer) -> None:
    """Our errors are printed as one line; any other exception is a bug and keeps its traceback. On termination, the
    started graph is still stopped."""
    _begin_as_a_replica()
    signal.signal(signal.SIGTERM, _terminated)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # progress must also appear in a log
    try:
        app()
    except CallyticsError as error:
        raise SystemExit(f"error: {error.message} [{error.code}]") from error


def _begin_as_a_replica() -> None:
    """Give engines in this process the environment of their replicas, such as settings of malloc, which must be set
    before the start: the program starts itself again. Then the variables are removed, so a whole graph does not inherit
    them."""
    environment = engine_environment()
    if os.environ.pop(BEGUN, None) is None:
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **environment, BEGUN: "1"})
    for name in environment:
        os.environ.pop(name, None)


def engine_environment() -> dict[str, str]:
    """The environment variables of all stages."""
    environment: dict[str, str] = {}
    for application in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["applications"]:
        for deployment in application["deployments"]:
            runtime_env = deployment["ray_actor_options"].get("runtime_env") or {}
            environment |= runtime_env.get("env_vars") or {}
    return environment


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
