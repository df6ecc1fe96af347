"""What a batch is told on the command line, declared once: for `callytics backfill`, which submits a job to a cluster
(command.py), and for the job itself (job.py)."""

# Without ``from __future__ import annotations``: typer reads the annotations of the fields as they stand here.
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import typer

T = TypeVar("T")

PATHS = ("input", "output", "config", "blobs_url")


@dataclass(frozen=True)
class BatchOptions:
    """Each field is an option. Defaults that depend on the machine are filled in where the job runs."""

    input: Annotated[str, typer.Option(help="Folder, pattern, or .csv / .parquet manifest; fsspec URL.")]
    output: Annotated[
        str | None, typer.Option(help="Where Parquet goes; fsspec URL. Default: $CALLYTICS_HOME/backfill.")
    ] = None
    profile: Annotated[
        Literal["cpu", "gpu"], typer.Option(help="serve_config.cpu.yaml or serve_config.yaml.")
    ] = "cpu"
    config: Annotated[Path | None, typer.Option(help="A Serve config file instead of the profile's.")] = None
    cpus: Annotated[
        int | None,
        typer.Option(
            min=1, help="Cores to take. Default: half of the machine's, or of all nodes of a cluster."
        ),
    ] = None
    gpus: Annotated[
        int | None,
        typer.Option(min=1, help="Cards to take, where the profile has GPUs. Default: all that are free."),
    ] = None
    language: Annotated[
        str | None,
        typer.Option(help="Language of all calls: ko, ko-KR, Korean ... Default: detected in each."),
    ] = None
    agent_channel: Annotated[
        int | None, typer.Option(help="Channel of the agent in every stereo recording.")
    ] = None
    redact: Annotated[
        bool, typer.Option("--redact", help="Take names, addresses and numbers of people out of every call.")
    ] = False
    tenant: Annotated[
        str | None, typer.Option(help="The tenant whose calls they are. Default: the first one.")
    ] = None
    blobs_url: Annotated[
        str | None,
        typer.Option(help="Where recordings are kept; fsspec URL. Default: $CALLYTICS_HOME/blobs."),
    ] = None
    timeout_s: Annotated[
        float, typer.Option(help="Seconds after which the job ends; submitted again it goes on.")
    ] = 24 * 3600.0

    def from_here(self) -> Self:
        """Paths are meant from the current folder, not from where the job unpacks its copy of the project."""
        paths = {name: getattr(self, name) for name in PATHS}
        told: dict[str, Any] = {name: _absolute(path) for name, path in paths.items() if path is not None}
        return replace(self, **told)

    def arguments(self) -> list[str]:
        """The command line of the job that is told the same."""
        told: list[str] = []
        for field in fields(BatchOptions):
            option, value = f"--{field.name.replace('_', '-')}", getattr(self, field.name)
            if value is True:
                told.append(option)
            elif value is not None and value is not False:
                told.append(f"{option}={value}")
        return told


@dataclass(frozen=True)
class SubmittedBatch(BatchOptions):
    """A batch that another cluster may analyse."""

    dashboard: Annotated[
        str | None, typer.Option(help="URL of a cluster's dashboard. Default: that of the local graph.")
    ] = None


def command_with(options: type[T], run: Callable[[T], None]) -> Callable[..., None]:
    """A command for typer whose options are the fields of a dataclass, and whose help is that of ``run``."""

    def command(**told: Any) -> None:
        run(options(**told))

    command.__doc__ = run.__doc__
    command.__signature__ = inspect.signature(options)  # type: ignore[attr-defined]
    return command


def _absolute(path: str | Path) -> str | Path:
    return path if "://" in str(path) else type(path)(os.path.abspath(path))
