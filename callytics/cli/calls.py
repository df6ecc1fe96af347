"""`callytics calls`: list, show and delete the calls of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.connection import JsonOption, UrlOption, confirm, connect, print_json, printable
from callytics.cli.errors import one_line_errors
from callytics.cli.terminal import STAGE_MARKS, clock, print_report

app = typer.Typer(no_args_is_help=True, help="Calls of the graph: list, show, delete.")

CallId = Annotated[str, typer.Argument(metavar="ID", help="The id of a call, from `calls list`.")]
WITHOUT_RESULT = "no result"
DELETED_WITH_IT = "recording, transcript, result, search index, events and log lines"


@app.command("list")
def list_calls(
    status: Annotated[
        list[str] | None,
        typer.Option(help="QUEUED, IN_PROGRESS, COMPLETED, PARTIAL, FAILED or CANCELLED; repeatable."),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help='Only calls that contain these words or "phrases".')
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Only calls with this agent_id in their metadata.")
    ] = None,
    queue: Annotated[str | None, typer.Option(help="Only calls with this queue in their metadata.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of calls; newest first.")] = 50,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the newest calls with their status, and the turns that match --query."""
    filters = {
        "status": [word.upper() for word in status or []],
        "q": query,
        "agent_id": agent,
        "queue": queue,
    }
    with one_line_errors(), connect(url) as client:
        page = client.list_calls({name: value for name, value in filters.items() if value}, limit)
    if as_json:
        print_json(page)
        return
    Console().print(_table(page["calls"]))
    if page["next_cursor"]:
        typer.echo(f"There are more than {limit}; --limit shows them.", err=True)


@app.command("show")
def show_call(call_id: CallId, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show the status of a call, stage by stage, and its report if it has one."""
    result = None
    with one_line_errors(), connect(url) as client:
        call = client.status(call_id)
        if call["result_at"] and not as_json:
            result = client.result(call_id)
    if as_json:
        print_json(call)
        return
    console = Console()
    console.print(_facts(call))
    console.print(_stages(call))
    if result is None:
        console.print(Text(_error(call) or WITHOUT_RESULT, style="yellow"), soft_wrap=True)
    else:
        print_report(result, printable(call["filename"]) or call_id)


@app.command("delete")
def delete_call(
    call_id: CallId,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking for confirmation.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a call and everything derived from it, after confirmation. Only the audit log keeps a record of it."""
    with one_line_errors(), connect(url) as client:
        call = client.status(call_id)
        if not as_json:
            Console().print(_facts(call))
        if not yes and not confirm(f"Delete this call: {DELETED_WITH_IT}?"):
            typer.echo("Nothing was deleted.")
            return
        client.delete_call(call_id)
    if as_json:
        print_json({"call_id": call["call_id"], "deleted": True})
    else:
        typer.echo(f"{call['call_id']} is deleted: {DELETED_WITH_IT}")


def _table(calls: list[dict[str, Any]]) -> Table:
    """A table without the columns that are empty for every call, so the others fit a terminal of 80 columns."""
    rows = [
        {
            "call": call["call_id"],
            "status": call["job_status"],
            "created": _time(call["created_at"]),
            "length": clock(call["media"]["duration_ms"]),
            "lang": call["language_code"] or "",
            "agent": call["metadata"].get("agent_id") or "",
            "queue": call["metadata"].get("queue") or "",
            "file": call["filename"],
        }
        for call in calls
    ]
    names = [
        "call",
        *(name for name in (rows[0] if rows else {}) if name != "call" and any(r[name] for r in rows)),
    ]
    table = Table(*names, box=None)
    for column in table.columns[:4]:
        column.no_wrap = True  # the id must stay whole for copying
    for call, row in zip(calls, rows, strict=True):
        table.add_row(*(Text(printable(row[name])) for name in names))
        for match in call.get("matches") or []:
            said = f"{match['participant_role'].lower()}: {match['content']}"
            begin = Text(clock(match["begin_offset_ms"]), style="dim")
            table.add_row(begin, *[""] * (len(names) - 2), Text(printable(said)))
    return table


def _facts(call: Mapping[str, Any]) -> Table:
    media, metadata = call["media"], call["metadata"]
    table = Table(box=None, show_header=False, pad_edge=False)
    sound = (
        f"{clock(media['duration_ms'])}, {media['codec']}, {media['sample_rate_hz']} Hz x {media['channels']}"
    )
    facts = {
        "call": call["call_id"],
        "file": f"{call['filename']} ({call['size_bytes']} bytes)",
        "sound": sound,
        "status": f"{call['job_status']} ({call['progress']:.0%})",
        "created": _time(call["created_at"]),
        "completed": _time(call["completed_at"]) if call["completed_at"] else "",
        "language": call["language_code"] or "",
        **{name: value for name, value in metadata.items() if value},
    }
    for name, value in facts.items():
        if value:
            table.add_row(Text(printable(name), style="dim"), Text(printable(value)))
    return table


def _stages(call: Mapping[str, Any]) -> Table:
    table = Table("stage", "status", "attempts", "time", "model", "why", box=None, pad_edge=False)
    for stage in call["stages"]:
        mark, style = STAGE_MARKS.get(stage["status"], ("?", "dim"))
        why = f"{stage['error_message']} [{stage['error_code']}]" if stage["error_code"] else ""
        cells = (str(stage["attempts"]), f"{stage['duration_ms'] / 1000:.1f} s", stage["model"], why)
        status = Text(f"{mark} {stage['status'].lower()}", style=style)
        table.add_row(stage["name"], status, *(Text(printable(cell)) for cell in cells))
    return table


def _error(call: Mapping[str, Any]) -> str:
    error = call["error"]
    return printable(f"{error['stage']}: {error['message']} [{error['code']}]") if error else ""


def _time(text: str) -> str:
    """The time in the time zone of this machine."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
