"""``callytics eval``: writes all figures about quality, beside plain baselines, to docs/quality.md.

One analysis of a recording serves all its figures. Outputs are cached in a folder (see cache.py), so an interrupted
run can continue. The document is written at the end, as a whole.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from callytics.errors import InvalidRequestError, NotFoundError
from callytics.settings import home
from evaluation.meaning import tone, with_model
from evaluation.measurements import Measurements
from evaluation.parts import PARTS, Evaluation
from evaluation.report import figure, render

KEPT = (with_model.SECTION, tone.SECTION)
"""Sections with a language model, which have commands of their own: carried over from the document as it was."""


def main(
    data: Path,
    output: Path | None = None,
    only: frozenset[str] | set[str] = frozenset(),
    *,
    config: Path = Path("serve_config.cpu.yaml"),
    limit: int | None = None,
    skip_long: bool = False,
    baselines: bool = True,
    fresh: bool = False,
    command: str = "callytics eval",
) -> Measurements:
    """Measure, write the document, and print the figure as the last line.

    Args:
        output: the document; None writes none. A partial run (any of the options below) does not change it, but
            writes ``<name>.partial.md`` beside it.
        only: parts of PARTS; empty means all.
        limit: maximum number of recordings per set.
        fresh: compute everything again, and cache nothing.

    Raises:
        NotFoundError: there is no kit at ``data``.
        InvalidRequestError: ``only`` names an unknown part, or the document has a section with one mark.
        CallyticsError: a stage failed on a recording.
    """
    if not (data / "manifest.json").is_file():
        raise NotFoundError("data_missing", f"No evaluation kit at {data}: it has no manifest.json.")
    if unknown := set(only) - set(PARTS):
        raise InvalidRequestError(
            "part_unknown", f"No part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}."
        )
    parts = set(only) or set(PARTS)
    partial = parts != set(PARTS) or limit is not None or skip_long or not baselines
    output = output.with_suffix(".partial.md") if output is not None and partial else output
    for section in KEPT:  # now, not after hours of measuring
        section.check(_page(output))
    cache = None if fresh else home() / "evaluation"
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        evaluation = Evaluation(
            data, config, progress, limit=limit, skip_long=skip_long, baselines=baselines, cache=cache
        )
        for names, measure in (
            ({"recognition"}, evaluation.clips),
            ({"recognition", "diarization"}, evaluation.calls),
            ({"diarization"}, evaluation.meetings),
            ({"silence"}, evaluation.silence),
            ({"text"}, evaluation.text),
            ({"enhancement"}, evaluation.enhancement),
            ({"meaning"}, evaluation.meaning),
            ({"claims"}, evaluation.claims),
            ({"field"}, evaluation.field),
        ):
            if parts & names:
                measure()
        measured = evaluation.finish(command, partial)
    if output is not None:
        page, before = render(measured), _page(output)
        for section in KEPT:
            page = section.carried_over(before, page)
        part = output.with_suffix(".part")
        part.write_text(page, encoding="utf-8")
        part.replace(output)
        console.print(f"Written: {output}")
    print(figure(measured))
    return measured


def _page(output: Path | None) -> str:
    """The document as it is; "" where there is none yet."""
    return output.read_text(encoding="utf-8") if output is not None and output.is_file() else ""
