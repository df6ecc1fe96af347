"""`callytics timeline`: what happened to a call and when, drawn in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.connection import JsonOption, UrlOption, connect, print_json, printable
from callytics.cli.errors import one_line_errors
from callytics.cli.terminal import STAGE_MARKS

BAR_COLUMNS = 26
MARKS = {
    **STAGE_MARKS,
    "ENDED": (" ", "dim"),
    "PARTIAL": ("✓", "yellow"),
    "CANCELLED": ("-", "dim"),
    "REQUEUED": ("↻", "yellow"),
    "LOST": ("?", "red"),
}


def timeline(
    call_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a call, as `calls list` prints it.")
    ],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Draw when a call waited, which stage worked on it, how often, and how long."""
    with one_line_errors(), connect(url) as client:
        document = client.timeline(call_id)
    if as_json:
        print_json(document)
        return
    console = Console()
    accepted = datetime.fromisoformat(document["accepted_at"]).astimezone()
    console.print(
        f"{printable(document['call_id'])}  {document['job_status']}  accepted {accepted:%Y-%m-%d %H:%M:%S}"
    )
    runs = sorted({entry["run"] for entry in document["entries"] if entry["run"]})
    for run in runs:
        entries = [entry for entry in document["entries"] if entry["run"] == run]
        console.print(_drawing(f"run {run}" if len(runs) > 1 else "", entries, document["completed_at"]))
    if messages := [entry for entry in document["entries"] if not entry["run"]]:
        console.print(_drawing("webhooks", messages, None))
    if not document["is_complete"]:
        console.print("Earlier events were left out: there are too many.", style="yellow")


def _drawing(title: str, entries: list[dict[str, Any]], completed_at: str | None) -> Table:
    """One line per entry over a common axis of time. A bar of dots has no end that is known."""
    begin = min(_seconds(entry["started_at"]) for entry in entries)
    known = [_seconds(entry["ended_at"] or entry["started_at"]) for entry in entries]
    end = max(*known, begin + 0.001) if len(known) > 1 else max(known[0], begin + 0.001)
    if any(entry["status"] == "RUNNING" for entry in entries) and completed_at is None:
        end = max(end, datetime.now().astimezone().timestamp())
    table = Table(title or "what", "at", "took", "", box=None, pad_edge=False, header_style="dim")
    table.columns[1].justify = table.columns[2].justify = "right"
    for column in table.columns[:3]:
        column.no_wrap = True
    for entry in entries:
        mark, style = MARKS.get(entry["status"], ("?", "dim"))
        table.add_row(
            Text(f"{mark} {_label(entry)}", style=style),
            f"{_seconds(entry['started_at']) - begin:.2f} s",
            _took(entry),
            _bar(entry, begin, end, style),
        )
        for note in _notes(entry):
            table.add_row(Text(f"    {printable(note)}", style="dim"))
    return table


def _label(entry: Mapping[str, Any]) -> str:
    again = f" ({entry['attempt']})" if entry["attempt"] > 1 else ""
    indent = "  " if entry["kind"] == "STAGE" else ""
    return printable(f"{indent}{entry['name']}{again}")


def _notes(entry: Mapping[str, Any]) -> list[str]:
    """What a line has no room for: why it waited, how long it waited for a place, why it failed, which version."""
    notes = []
    if entry["reason"] not in ("", "submitted"):
        notes.append(entry["reason"])
    if entry["error_code"]:
        notes.append(entry["error_code"])
    if entry["worked_ms"] is not None and entry["duration_ms"] is not None:
        waited_ms = entry["duration_ms"] - entry["worked_ms"]
        if waited_ms >= 500:
            notes.append(f"of it {waited_ms / 1000:.2f} s wait for a place")
    if entry["application"] not in ("", entry["name"]):
        notes.append(entry["application"])
    return notes


def _took(entry: Mapping[str, Any]) -> str:
    if entry["duration_ms"] is None:
        return "lost" if entry["status"] == "LOST" else "..."
    return f"{entry['duration_ms'] / 1000:.2f} s"


def _bar(entry: Mapping[str, Any], begin: float, end: float, style: str) -> Text:
    scale = BAR_COLUMNS / (end - begin)
    start = min(BAR_COLUMNS - 1, int((_seconds(entry["started_at"]) - begin) * scale))
    if entry["ended_at"] is None:
        return Text(" " * start + "┄" * (BAR_COLUMNS - start), style=style)
    until = (_seconds(entry["ended_at"]) - begin) * scale
    symbol = "░" if entry["kind"] == "QUEUE" else "█"
    return Text(" " * start + symbol * min(BAR_COLUMNS - start, max(1, round(until - start))), style=style)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
