"""`callytics lock`: writes into a Serve configuration which release, code and pins each application means now.

Exit codes: 0 the files are locked; 1 refused, or with --check: one of them is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from callytics.cli.common import GRAPH
from callytics.cli.errors import one_line_errors
from callytics.errors import ConfigError
from callytics.home import resources

if TYPE_CHECKING:  # `callytics --help` loads this module, and not what locks
    from deployments.operations.lock import Lock

LockedOption = Annotated[
    bool, typer.Option("--locked", help="Refuse where `callytics lock` would change the file; write nothing.")
]

console = Console()


def keep_locked(lock: Lock, *, locked: bool) -> None:
    """What `up` and `deploy` do with the file before they deploy it, and say so.

    Raises:
        ConfigError: ``lock_outdated``: it would change, and ``locked`` forbids that.
    """
    if locked:
        lock.check()
    if not lock.outdated:
        return
    names = ", ".join(lock.outdated)
    try:
        lock.write()
    except ConfigError as error:
        text = f"Not locked: {error.message} `serve deploy` of it would restart {names}."
        console.print(text, style="yellow", markup=False, soft_wrap=True)
    else:
        console.print(f"Locked {lock.config}: {names}", markup=False, soft_wrap=True)


def lock(
    config: Annotated[
        list[Path] | None,
        typer.Argument(help="Serve config files; default: those of this folder.", metavar="CONFIG"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if a file would.")
    ] = False,
) -> None:
    """Write the release, code and pins of each application into a Serve config file: `serve deploy` compares them."""
    with one_line_errors():
        from deployments.operations.lock import make_lock, sources_of_today

        files = config or [Path(name) for name in resources.CONFIGS if Path(name).is_file()]
        if not files:
            raise ConfigError(
                "config_missing", f"There is no {' or '.join(resources.CONFIGS)} in this folder. Name a file."
            )
        sources = sources_of_today()
        for path in files:
            found = make_lock(path, sources)
            if check:
                found.check()
            elif found.outdated:
                found.write()
                console.print(f"Locked {path}: {', '.join(found.outdated)}", markup=False, soft_wrap=True)
            else:
                console.print(f"{path} is locked", markup=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=GRAPH)(lock)
