"""The command line. ``callytics --help`` lists the commands; each is a few lines around the library."""

from __future__ import annotations

import json
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from callytics import settings
from callytics.cli import alerts as alerts_command
from callytics.cli import calls as calls_command
from callytics.cli import init as init_command
from callytics.cli import logs as logs_command
from callytics.cli import models as models_command
from callytics.cli import open_console as open_command
from callytics.cli import timeline as timeline_command
from callytics.cli import top as top_command
from callytics.cli import webhooks as webhooks_command
from callytics.cli.common import CALLS, CPU_CONFIG, DATA, GRAPH, PANELS, QUALITY, ConfigOption
from callytics.cli.connection import UrlOption, connect
from callytics.cli.errors import one_line_errors
from callytics.domain import Denoise
from callytics.home import resources

app = typer.Typer(no_args_is_help=True, help="Call-centre recordings, understood.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys, in the database of the graph.")
app.add_typer(models_command.app, name="models", rich_help_panel=DATA)
app.add_typer(calls_command.app, name="calls", rich_help_panel=CALLS)
app.add_typer(webhooks_command.app, name="webhooks", rich_help_panel=GRAPH)
app.add_typer(keys_app, name="keys", rich_help_panel=GRAPH)
retention_app = typer.Typer(no_args_is_help=True, help="Retention of calls.")
app.add_typer(retention_app, name="retention", rich_help_panel=DATA)
app.command("init", rich_help_panel=GRAPH)(init_command.init)
app.command("open", rich_help_panel=GRAPH)(open_command.open_console)
app.command("timeline", rich_help_panel=CALLS)(timeline_command.timeline)
app.command("top", rich_help_panel=GRAPH)(top_command.top)
app.command("logs", rich_help_panel=CALLS)(logs_command.logs)
app.command("alerts", rich_help_panel=GRAPH)(alerts_command.alerts)


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
    """Analytics of call-centre recordings."""


@app.command(rich_help_panel=CALLS)
def analyze(
    files: Annotated[
        list[Path],
        typer.Argument(help="Recordings in any usual format; `sample` is the call in the package."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for <stem>.json, one result per file.")] = Path("."),
    language: Annotated[
        str | None, typer.Option(help="ko, ko-KR, Korean ...; detected if not given.")
    ] = None,
    agent_channel: Annotated[int | None, typer.Option(help="Channel of the agent in a stereo file.")] = None,
    num_speakers: Annotated[int | None, typer.Option(help="Known number of speakers of a mono file.")] = None,
    hotword: Annotated[list[str] | None, typer.Option(help="A name or term to expect; repeatable.")] = None,
    audio_format: Annotated[
        str | None,
        typer.Option(
            help="Of headerless files: mulaw, alaw, s16le, g722, gsm or vox. Default: by the extension."
        ),
    ] = None,
    audio_sample_rate_hz: Annotated[
        int | None, typer.Option(help="Sample rate of headerless files.", show_default="8000")
    ] = None,
    audio_channels: Annotated[
        int | None, typer.Option(help="Channels of headerless files: 1 or 2.", show_default="1")
    ] = None,
    denoise: Annotated[
        Denoise | None,
        typer.Option(
            help="Analyse with noise reduced: where it helps (auto), always or never.",
            show_default="as configured",
        ),
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Remove names, addresses and numbers of people.")
    ] = False,
    written_forms: Annotated[
        bool, typer.Option("--written-forms", help="Also write numbers, dates and amounts as such: $120.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Analyse even if the same audio was analysed before.")
    ] = False,
    local: Annotated[bool, typer.Option("--local", help="Analyse in this process, without Ray.")] = False,
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
        audio_sample_rate_hz=audio_sample_rate_hz,
        audio_channels=audio_channels,
        denoise=denoise,
        redact_pii=redact,
        written_forms=written_forms,
    )
    left = "interrupted" if local else "interrupted; what was sent goes on: `callytics calls list` shows it"
    with one_line_errors(left):
        options = checked(options)
        jobs = analyze_command.plan([resources.recording_file(file) for file in files], out)
        if local:
            failed = analyze_command.run_local(jobs, options, config)
        else:
            failed = analyze_command.run_remote(jobs, options, connect(url), again)
    if failed:
        raise typer.Exit(1)


@app.command(name="export", rich_help_panel=CALLS)
def export_transcript(
    call: Annotated[str, typer.Argument(help="The id of a call, or the path of a result JSON.")],
    format: Annotated[str, typer.Option(help="json, txt, srt, vtt, rttm or csv.")] = "txt",
    encoding: Annotated[
        str | None,
        typer.Option(
            help="utf-8, utf-8-sig (Excel; default for csv) or cp949 (Korean Windows).", show_default="utf-8"
        ),
    ] = None,
    line_characters: Annotated[
        int | None,
        typer.Option(min=10, max=200, help="Subtitles: characters per line.", show_default="42; Korean 20"),
    ] = None,
    lines: Annotated[int, typer.Option(min=1, max=10, help="Subtitles: maximum lines per cue.")] = 2,
    cue_seconds: Annotated[float, typer.Option(min=1, max=60, help="Subtitles: the longest cue.")] = 7.0,
    written: Annotated[
        bool, typer.Option("--written", help="txt, csv, json: numbers, dates and amounts in written form.")
    ] = False,
    url: UrlOption = None,
) -> None:
    """Print a call's transcript in another format."""
    from callytics.result import formats
    from callytics.result.schema.call import read_result
    from callytics.result.subtitles import SubtitleLimits

    with one_line_errors():
        if Path(call).is_file():
            limits = SubtitleLimits(line_characters, lines, cue_seconds)
            text = formats.export(
                read_result(Path(call)).model_dump(mode="json"), format, limits, written=written
            )
        else:
            wanted: dict[str, Any] = {
                "line_characters": line_characters,
                "lines": lines,
                "cue_seconds": cue_seconds,
                "written": "true" if written else None,
            }
            with connect(url) as client:
                text = client.transcript(call, format, **{k: v for k, v in wanted.items() if v is not None})
        content = formats.encoded(text, format, encoding)
    typer.echo(content, nl=not content.endswith(b"\n"))


@app.command(rich_help_panel=QUALITY)
def compare(
    first: Annotated[str, typer.Argument(help="The application in use, e.g. speech-recognizer.")],
    second: Annotated[str, typer.Argument(help="The other version, e.g. speech-recognizer-v2.")],
    references: Annotated[Path | None, typer.Option(help="Folder of <recording>.txt, .json, .rttm.")] = None,
    since: Annotated[str | None, typer.Option(help="2026-11-22, or 12h, 7d: only calls since then.")] = None,
    max_slowdown: Annotated[
        float, typer.Option(help="Maximum ratio of the second's time to the first's.")
    ] = 1.25,
) -> None:
    """Compare two versions of a stage on their calls and recommend one. Reads the local database."""
    from rich.console import Console

    from callytics.cli import compare as compare_command

    with one_line_errors():
        compare_command.run(
            settings.existing_database_url(), first, second, references, since, max_slowdown, Console()
        )


def _store() -> Any:
    from callytics.store import CallStore

    return CallStore(settings.existing_database_url())


@retention_app.command("apply")
def retention_apply(
    days: Annotated[
        float | None,
        typer.Option(min=0, help="Days to keep finished calls; default: only the tenants' own periods."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Delete finished calls past the retention period: recordings, results, search index, everything."""
    from callytics.cli import retention as retention_command

    with one_line_errors():
        retention_command.run(days, dry_run)


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Name of the key, for the list.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="calls:read, calls:write, calls:delete, metrics:read, alerts:write, admin."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Tenant of the key; a new name creates a tenant.")] = "default",
    days: Annotated[float | None, typer.Option(min=0, help="Days until the key expires.")] = None,
) -> None:
    """Create a key and print it. It is shown only once; only its hash is kept."""
    from callytics.cli import keys as keys_command

    with one_line_errors():
        scopes = scope or ["calls:read", "calls:write", "calls:delete"]
        keys_command.create(name, scopes, tenant, days)


@keys_app.command("list")
def keys_list() -> None:
    """List every key: name, scopes, last use; never the key itself."""
    with one_line_errors():
        for key in _store().list_api_keys():
            typer.echo(json.dumps({k: v for k, v in vars(key).items() if k != "sha256"}, default=str))


@keys_app.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The id of the key, from `keys list`.")],
) -> None:
    """Revoke a key at once."""
    with one_line_errors():
        _store().revoke_api_key(key_id, "cli")
        typer.echo(f"{key_id} is revoked")


def _add_commands_of_others() -> None:
    """Add the commands of packages that this library does not import: each entry point of the group is a function
    that takes this app. ``evaluation`` is in a clone only, not in the wheel."""
    for point in entry_points(group="callytics.commands"):
        if find_spec(point.module.partition(".")[0]):
            point.load()(app)
    app.registered_commands.sort(key=lambda command: PANELS.index(str(command.rich_help_panel)))


_add_commands_of_others()
