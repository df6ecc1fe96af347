"""``python -m deployments up | down | status``: the local graph from the command line (`callytics up` calls this)."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from callytics import settings
from callytics.errors import CallyticsError
from callytics.store import CallStore
from deployments import local

console = Console(highlight=False, soft_wrap=True)


class Progress:
    """A line whenever something new happens; downloads at most one line a second."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown_at = 0.0
        self._last = ("", "")

    def __call__(self, what: str, state: str, detail: str) -> None:
        now = time.monotonic()
        if (what, state) == self._last and now - self._shown_at < 1.0:
            return
        self._last, self._shown_at = (what, state), now
        style = {"running": "green", "ready": "green", "deploy_failed": "red", "unhealthy": "yellow"}.get(
            state, ""
        )
        console.print(f"[{now - self._started:5.1f}s] {what}: {state} {detail}", style=style, markup=False)


def up(config: Path | None) -> None:
    run = local.up(config, progress=Progress())
    _ensure_api_key()
    console.print(f"\ngateway    {run.url}   (docs: {run.url}/docs)")
    console.print(f"dashboard  {run.dashboard_url}")
    console.print(f"API key    {settings.api_key_path()}")


def _ensure_api_key() -> None:
    """A key for whoever runs this on this machine; the file is readable by them alone."""
    path = settings.api_key_path()
    if path.is_file():
        return
    issued = CallStore(settings.database_url()).create_api_key(
        "local command line", ["calls:read", "calls:write", "calls:delete", "admin"], "callytics up"
    )
    path.touch(mode=0o600)
    path.write_text(issued.secret + "\n", encoding="utf-8")


def down() -> None:
    ended = local.down()
    console.print(f"ended {ended} processes" if ended else "nothing was running")


def status() -> int:
    """0 if everything is healthy."""
    found = local.status()
    if found.run is None:
        console.print("not running; start it with `callytics up`")
        return 1
    table = Table("stage", "state", "why")
    for application in found.applications:
        style = "green" if application.healthy else "red"
        table.add_row(application.name, f"[{style}]{application.status.lower()}[/]", application.message)
    console.print(table)
    console.print(
        f"gateway {found.run.url}   docs {found.run.url}/docs   dashboard {found.run.dashboard_url}"
    )
    return 0 if found.healthy else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deployments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up").add_argument("--config", type=Path)
    commands.add_parser("down")
    commands.add_parser("status")
    arguments = parser.parse_args()
    try:
        if arguments.command == "up":
            up(arguments.config)
        elif arguments.command == "down":
            down()
        else:
            return status()
    except CallyticsError as error:
        console.print(f"error: {error.message} [{error.code}]", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted; `callytics down` ends what was started")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
