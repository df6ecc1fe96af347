"""`callytics alerts`: what is wrong with the graph, as Alertmanager reported it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.connection import JsonOption, UrlOption, connect, print_json, printable
from callytics.cli.errors import one_line_errors


def alerts(
    status: Annotated[
        str | None, typer.Option(help="Only alerts of this status: firing or resolved.", show_default=False)
    ] = None,
    severity: Annotated[
        str | None, typer.Option(help="Only alerts of this severity: page or ticket.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Maximum number of alerts; newest first.")] = 50,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the alerts of the last 90 days, newest first. Needs a key of the tenant default."""
    filters = {"status": status, "severity": severity}
    with one_line_errors(), connect(url) as client:
        document = client.alerts({name: value for name, value in filters.items() if value}, limit)
    if as_json:
        print_json(document)
        return
    Console().print(_table(document["alerts"]))
    if document["next_cursor"]:
        typer.echo(f"There are more than {limit}; --limit shows them.", err=True)


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("alert", "severity", "status", "started", "ended", "summary", box=None)
    for alert in found:
        cells = (
            alert["name"],
            alert["severity"],
            alert["status"],
            _time(alert["started_at"]),
            _time(alert["ended_at"]),
            alert["summary"],
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _time(moment: str | None) -> str:
    """To the second; UTC, as the API answers."""
    return moment[:19].replace("T", " ") if moment else ""
