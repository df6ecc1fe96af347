"""`callytics deploy`: shows what would change, asks, and changes it.

Exit codes: 0 what the file says runs; 1 refused, and nothing was changed; 3 it did not become healthy, and what ran
before runs again; 4 nor did that; 130 interrupted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.common import GRAPH
from callytics.errors import CallyticsError
from callytics.home import resources
from deployments.operations.local_command import ProgressView
from deployments.operations.lock_command import LockedOption, keep_locked

if TYPE_CHECKING:  # `callytics --help` loads this module, and not what deploys
    from deployments.operations import deploy as deploys
    from deployments.operations.config_changes import Change

EXIT_CODES = {"rolled_back": 3, "rollback_failed": 4}

STYLES = {"STARTS": "green", "RESTARTS": "yellow", "IN_PLACE": "cyan", "REMOVED": "red"}
"""By the names of Effect (config_changes.py)."""

console = Console()


def changes_table(changes: tuple[Change, ...]) -> Table:
    """A line for every difference, under the application that it restarts or changes."""
    table = Table("application", "", "what", "runs", "will run", box=None, pad_edge=False)
    for change in changes:
        name, effect = (
            Text(change.application, style="bold"),
            Text(change.effect.value, STYLES[change.effect.name]),
        )
        if not change.differences:
            table.add_row(name, effect)
        for number, difference in enumerate(change.differences):
            head = (name, effect) if number == 0 else ("", "")
            texts = (difference.what, difference.before or "-", difference.after or "-")
            table.add_row(*head, *map(Text, texts))
    return table


def _show(plan: deploys.Plan) -> None:
    if plan.changes:
        console.print(changes_table(plan.changes))
    for option in plan.fixed:
        console.print(
            f"{option.what} stays {option.before}, not {option.after}: Serve sets it when it starts. "
            "`callytics down`, then `callytics up`, changes it.",
            style="yellow",
        )


def _approved(plan: deploys.Plan) -> bool:
    from deployments.operations.head import LocalGraphError

    question = f"Deploy {len(plan.changes)} changes?"
    if plan.removed:
        question = f"Deploy {len(plan.changes)} changes, and remove {', '.join(plan.removed)}?"
    if not sys.stdin.isatty():
        raise LocalGraphError(
            "not_confirmed", "Nobody is there to confirm it: add --yes. Nothing was changed."
        )
    return typer.confirm(question)


def _check_health(plan: deploys.Plan) -> None:
    """Nothing to deploy is good news only where what runs is well."""
    from deployments.operations.head import LocalGraphError

    ill = [state for state in plan.serve.applications() if not state.healthy]
    if ill:
        lines = "; ".join(f"{state.name} is {state.status}: {state.message}" for state in ill)
        raise LocalGraphError("not_healthy", f"Nothing to change, but not all is well. {lines}")


def deploy(
    config: Annotated[Path, typer.Argument(help="A Serve config file.", callback=resources.config_file)],
    only: Annotated[str | None, typer.Option(help="Change this application, and leave all others.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and end.")] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds until new replicas must be healthy.")
    ] = 300.0,
    dashboard: Annotated[str | None, typer.Option(help="Of a cluster; default: the local graph.")] = None,
    locked: LockedOption = False,
) -> None:
    """Change what runs: only the stages that differ restart; it goes back where they do not become healthy.

    Locks the file first, as `callytics lock` does."""
    start = time.monotonic()
    try:
        from deployments.operations import deploy as deploys

        plan = deploys.make_plan(config, only=only, dashboard_url=dashboard)
        if locked:
            plan.lock.check()
        _show(plan)
        if not plan.changes:
            _check_health(plan)
            if not dry_run:
                keep_locked(plan.lock, locked=locked)
            console.print("Nothing to change: that is what runs.")
            return
        if dry_run or not (yes or _approved(plan)):
            console.print("Nothing was changed.")
            return
        keep_locked(plan.lock, locked=locked)
        view = ProgressView()
        with view.shown():
            deploys.apply_plan(plan, progress=view, timeout_s=timeout)
        console.print(f"Deployed ({time.monotonic() - start:.0f} s)")
    except CallyticsError as error:
        typer.secho(f"error: {error.message} [{error.code}]", fg="red", err=True)
        raise typer.Exit(EXIT_CODES.get(error.code, 1)) from error
    except KeyboardInterrupt as error:
        typer.secho("interrupted; what was deployed goes on: `callytics status` tells how it ends", err=True)
        raise typer.Exit(130) from error


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=GRAPH)(deploy)
