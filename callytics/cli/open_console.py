"""`callytics open`: the console in a browser, signed in."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from callytics.cli.connection import UrlOption, connect, is_attended
from callytics.cli.errors import one_line_errors


def open_console(
    show: Annotated[
        bool, typer.Option("--print", help="Print the address only; do not start a browser.")
    ] = False,
    url: UrlOption = None,
) -> None:
    """Open the console in a browser, signed in. The printed address works once, within ten minutes."""
    with one_line_errors(), connect(url) as client:
        address = client.sign_in_address()
    typer.echo(address)
    if not show and is_attended():
        webbrowser.open(address)
