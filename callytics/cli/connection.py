"""What commands that talk to a graph over HTTP have in common: which graph, its key, and how answers are printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callytics import settings
from callytics.errors import InvalidRequestError

if TYPE_CHECKING:  # httpx takes a tenth of a second, which commands that do not need it save
    from callytics.client import Client

UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="CALLYTICS_URL",
        help="Where the gateway answers; by default the graph of the home folder.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: what the API answers, as JSON.")]


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
    """Names and words come from whoever sent the recording: what would steer a terminal is not passed on to it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))


def is_attended() -> bool:
    return sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Ask whoever sits at the terminal.

    Raises:
        InvalidRequestError: ``not_confirmed``: nobody does.
    """
    if not is_attended():
        raise InvalidRequestError(
            "not_confirmed", "Nobody is there to confirm it: add --yes. Nothing was deleted."
        )
    return typer.confirm(question)
