"""Shared by all commands that talk to a graph over HTTP: its URL, its key, and printing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callytics import settings
from callytics.errors import InvalidRequestError

if TYPE_CHECKING:  # importing httpx takes 0.1 s; only commands that use it should import it
    from callytics.client import Client

UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="CALLYTICS_URL",
        help="URL of the gateway; default: the graph of the home folder.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's response as JSON.")]


def connect(url: str | None) -> Client:
    """
    Raises:
        UnavailableError: ``not_running``. ConfigError: there is no key.
    """
    from callytics.client import Client

    return Client(settings.graph_url(url), settings.api_key())


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def printable(text: Any) -> str:
    """Names and words come from the uploader: control characters are replaced, so they cannot steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))


def is_attended() -> bool:
    return sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Ask the user at the terminal.

    Raises:
        InvalidRequestError: ``not_confirmed``: standard input is not a terminal.
    """
    if not is_attended():
        raise InvalidRequestError(
            "not_confirmed",
            "This needs confirmation, and standard input is not a terminal: add --yes. Nothing was deleted.",
        )
    return typer.confirm(question)
