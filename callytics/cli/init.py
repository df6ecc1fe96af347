"""`callytics init`: editable copies of the files in the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callytics.cli.errors import one_line_errors
from callytics.home import resources


def init(
    folder: Annotated[Path, typer.Argument(help="Target folder; it is created.")] = Path("."),
) -> None:
    """Write editable copies of the Serve configurations, the pins of the environments and the sample call."""
    with one_line_errors():
        for path in resources.write_copies(folder):
            typer.echo(path)
    typer.echo("`callytics up`, started in that folder, uses them.")
