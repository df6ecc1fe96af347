"""`callytics doctor`: can this machine run what is to be deployed? A line per check, before anything is started."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from callytics.cli.common import GRAPH
from callytics.cli.errors import one_line_errors
from callytics.home import resources

if TYPE_CHECKING:  # `callytics --help` loads this module, and not what examines
    from deployments.operations.doctor.findings import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    profile: Annotated[
        Literal["cpu", "gpu"], typer.Option(help="serve_config.cpu.yaml or serve_config.yaml.")
    ] = "cpu",
    config: Annotated[
        Path | None,
        typer.Option(
            help="The Serve config file that is to be deployed, instead of the profile's.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Examine this machine for a configuration: driver, cards, memory, disk, weights, tokens, endpoints, ports.

    Changes nothing. Exit code 1 where something would keep the graph from starting or working; warnings are 0."""
    with one_line_errors():
        from callytics import settings
        from deployments.operations.doctor.examine import examine

        chosen = resources.config_file(config or Path(resources.PROFILES[profile])).absolute()
        findings = examine(chosen, settings.own_home())
    if as_json:
        typer.echo(
            json.dumps({"config": str(chosen), "findings": [asdict(one) for one in findings]}, indent=2)
        )
    else:
        _show(findings, chosen)
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding], config: Path) -> None:
    typer.echo(f"for {config}")
    for finding in findings:
        mark = typer.style(f"{finding.verdict:<5}", fg=COLOURS[finding.verdict])
        typer.echo(f"{mark} {finding.check:<14} {finding.what}")
        if finding.remedy:
            typer.echo(f"{'':<20} -> {finding.remedy}")
    counts = {verdict: sum(one.verdict == verdict for one in findings) for verdict in COLOURS}
    typer.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=GRAPH)(doctor)
