"""How every command of ours ends when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from callytics.errors import CallyticsError


@contextmanager
def one_line_errors(interrupted: str = "interrupted") -> Iterator[None]:
    """An error of ours is one line on stderr and exit code 1; anything else is a bug and keeps its traceback.

    Args:
        interrupted: what Ctrl-C leaves behind; the line before exit code 130.
    """
    try:
        yield
    except CallyticsError as error:
        typer.secho(f"error: {error.message} [{error.code}]", fg="red", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        typer.secho(interrupted, err=True)
        raise typer.Exit(130) from error
