"""`callytics logs`: what the services logged while they worked on a call."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.connection import UrlOption, connect, printable
from callytics.cli.errors import one_line_errors

if TYPE_CHECKING:  # importing httpx takes 0.1 s
    from callytics.client import Client

FOLLOW_PAUSE_S = 2.0
"""Longer than the second that a replica gathers its lines in: a call that has ended is asked once more."""

STAGE_WIDTH = len("punctuation-restorer")
STYLES = {"INFO": "", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


def logs(
    call_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a call, as `calls list` prints it.")
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines until the call has ended.")
    ] = False,
    stage: Annotated[
        str | None, typer.Option(help="Only lines of this stage, e.g. speech-recognizer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each line as a JSON object.")] = False,
    url: UrlOption = None,
) -> None:
    """Show the log lines of a call from every stage, in the order of time."""
    with one_line_errors(), connect(url) as client:
        for lines in _batches(client, call_id, stage, follow):
            _print(lines, as_json)


def _batches(client: Client, call_id: str, stage: str | None, follow: bool) -> Iterator[list[dict[str, Any]]]:
    from callytics.client.requests import FINISHED

    after = 0
    while True:
        is_over = not follow or client.status(call_id)["job_status"] in FINISHED
        if follow and is_over and after:
            time.sleep(FOLLOW_PAUSE_S)
        answer = client.call_logs(call_id, after, stage)
        yield answer["lines"]
        after = answer["last"]
        if is_over:
            return
        time.sleep(FOLLOW_PAUSE_S)


def _print(lines: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        for line in lines:
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    if not lines:
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, width=12, style="dim")
    table.add_column(no_wrap=True, width=STAGE_WIDTH)
    table.add_column(overflow="fold", ratio=1)
    for line in lines:
        level = "" if line["level"] == "INFO" else f"{line['level']}: "
        message = Text(level + printable(line["message"]), style=STYLES.get(line["level"], ""))
        for frame in (line["traceback"] or "").splitlines():
            message.append(f"\n  {printable(frame)}", style="dim")
        table.add_row(_time(line["time"]), Text(printable(line["stage"])), message)
    Console().print(table)


def _time(text: str) -> str:
    """In the time zone of this machine."""
    return f"{datetime.fromisoformat(text).astimezone():%H:%M:%S.%f}"[:12]
