"""`callytics webhooks`: endpoints that the graph notifies when a call ends. Needs a key with the scope admin."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callytics.cli.connection import JsonOption, UrlOption, confirm, connect, print_json, printable
from callytics.cli.errors import one_line_errors

app = typer.Typer(no_args_is_help=True, help="Webhooks of the graph: list, create, test, inspect, delete.")

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The id of a webhook, from `webhooks list`.")]


@app.command("list")
def list_webhooks(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the webhooks of the key's tenant, without their secrets."""
    with one_line_errors(), connect(url) as client:
        document = client.webhooks()
    if as_json:
        print_json(document)
        return
    table = Table("webhook", "url", "events", "disabled", "description", box=None)
    table.columns[0].no_wrap = True  # to be copied
    for hook in document["webhooks"]:
        _row(
            table,
            hook["id"],
            hook["url"],
            ", ".join(hook["event_types"]),
            hook["disabled_at"] or "no",
            hook["description"],
        )
    Console().print(table)


@app.command("create")
def create_webhook(
    endpoint: Annotated[
        str, typer.Argument(metavar="URL", help="The URL that receives the messages: https://...")
    ],
    event: Annotated[
        list[str] | None,
        typer.Option(
            help="call.completed, call.partial, call.failed, call.cancelled, alert.fired or alert.resolved; repeatable."
            " Default: the first three.",
            show_default=False,
        ),
    ] = None,
    description: Annotated[str, typer.Option(help="A note shown by `webhooks list`.")] = "",
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Notify a URL when calls end. Prints the secret that verifies the messages; it is shown only once."""
    fields = {"url": endpoint, "description": description, **({"event_types": event} if event else {})}
    with one_line_errors(), connect(url) as client:
        made = client.create_webhook(fields)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"webhook {made['id']}\nsecret  {made['secret']}")
    typer.echo("The secret is shown only once; the receiver verifies signatures with it.", err=True)


@app.command("delete")
def delete_webhook(
    webhook_id: WebhookId,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking for confirmation.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a webhook and its pending deliveries, after confirmation."""
    with one_line_errors(), connect(url) as client:
        if not yes and not confirm(f"Delete webhook {webhook_id} and its pending deliveries?"):
            typer.echo("Nothing was deleted.")
            return
        client.delete_webhook(webhook_id)
    if as_json:
        print_json({"id": webhook_id, "deleted": True})
    else:
        typer.echo(f"{webhook_id} is deleted")


@app.command("test")
def send_test(webhook_id: WebhookId, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Send a test message. Exit code 1 if the receiver does not accept it."""
    with one_line_errors(), connect(url) as client:
        outcome = client.test_webhook(webhook_id)
    if as_json:
        print_json(outcome)
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in outcome.items():
            if value not in (None, ""):
                _row(table, name.replace("_", " "), value)
        Console().print(table)
    if outcome["status"] == "FAILED":
        raise typer.Exit(1)


@app.command("deliveries")
def list_deliveries(
    webhook_id: WebhookId,
    limit: Annotated[
        int, typer.Option(min=1, max=200, help="Maximum number of deliveries; newest first.")
    ] = 50,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the deliveries to a webhook and their outcomes."""
    with one_line_errors(), connect(url) as client:
        document = client.webhook_deliveries(webhook_id, limit)
    if as_json:
        print_json(document)
        return
    Console().print(_deliveries(document["deliveries"]))


def _deliveries(deliveries: list[dict[str, Any]]) -> Table:
    table = Table("delivery", "event", "call", "status", "attempts", "answer", "why", box=None)
    for delivery in deliveries:
        _row(
            table,
            delivery["id"],
            delivery["event_type"],
            delivery["call_id"] or "",
            delivery["status"],
            delivery["attempts"],
            delivery["last_status_code"] or "",
            delivery["last_error"],
        )
    return table


def _row(table: Table, *cells: Any) -> None:
    table.add_row(*(Text(printable(cell)) for cell in cells))
