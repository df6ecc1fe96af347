"""How every command reports an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from callytics.errors import CallyticsError


@contextmanager
def one_line_errors(interrupted: str = "interrupted") -> Iterator[None]:
    """Print a CallyticsError as one line on stderr and exit with 1. Other exceptions are bugs and keep their traceback.

    Args:
        interrupted: the line printed after Ctrl-C, before exit code 130; it says what is left behind.
    """
    try:
        yield
    except CallyticsError as error:
        typer.secho(f"error: {error.message} [{error.code}]", fg="red", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        typer.secho(interrupted, err=True)
        raise typer.Exit(130) from error
