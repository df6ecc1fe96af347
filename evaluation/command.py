"""``callytics eval``: added to the command line where this package is, in a clone (entry points in pyproject.toml)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callytics.cli.common import CPU_CONFIG, QUALITY, ConfigOption
from callytics.cli.errors import one_line_errors


def register(app: typer.Typer) -> None:
    app.command(name="eval", rich_help_panel=QUALITY)(evaluate)


def evaluate(
    data: Annotated[Path, typer.Argument(help="The test kit (../shared/data).")],
    output: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/quality.md"),
    config: ConfigOption = CPU_CONFIG,
    only: Annotated[str, typer.Option(help="Comma-separated parts; all if empty.")] = "",
    limit: Annotated[int | None, typer.Option(help="At most this many recordings per set.")] = None,
    skip_long: Annotated[bool, typer.Option("--skip-long", help="Leave the 30-minute call out.")] = False,
    errors: Annotated[
        str,
        typer.Option(
            help="With `--only meaning` or `claims`: list a row's (`all`) errors, not in the split `report`."
        ),
    ] = "",
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help="Do not run the baselines.")] = False,
    llm: Annotated[
        str,
        typer.Option(
            help="With `--only claims`, `meaning` or `tone`: a language model of `callytics models list` to ask."
        ),
    ] = "",
    url: Annotated[
        str, typer.Option(help="With `--only field`: a running graph to try instead of this process.")
    ] = "",
) -> None:
    """Measure recognition, diarization, roles, text and meaning on references; write docs/quality.md."""
    from evaluation.run import main
    from evaluation.single_parts import claims, field, meaning, meaning_with_model, tone_of_turns

    with one_line_errors():
        if only == "meaning" and llm:
            meaning_with_model(output, llm)
            return
        if only == "meaning":
            meaning(data, output, config, errors)
            return
        if only == "claims":
            claims(output, config, bool(errors), llm)
            return
        if only == "tone":
            tone_of_turns(output, config, llm)
            return
        if only == "field":
            field(data, output, config, url)
            return
        main(
            data,
            output,
            config=config,
            only=frozenset(part for part in only.split(",") if part),
            limit=limit,
            skip_long=skip_long,
            baselines=not no_baselines,
        )
