"""A part of the evaluation alone (`callytics eval --only ...`): its tables, and its section of the document."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from callytics.config import load_stages
from callytics.pipeline import InProcess
from callytics.settings import api_key, home
from evaluation.claims import asked
from evaluation.claims import page as claims_page
from evaluation.dialogues import LANGUAGES
from evaluation.field import page as field_page
from evaluation.field.inputs import make_inputs
from evaluation.field.service import InProcessService, Service
from evaluation.meaning import tone, with_model
from evaluation.meaning.page import (
    SECTION,
    errors_of,
    measure_meaning,
    reliability_table,
    section,
    table_of,
)
from evaluation.report import markdown


def meaning(data: Path, output: Path | None, config: Path, errors: str = "") -> None:
    """The part ``meaning`` alone, some minutes: prints its tables, and writes its section of the document.

    Args:
        data: a kit, whose six written examples are measured as well, if it has them.
        output: the document whose section is replaced; None writes none.
        errors: a row of the table; lists its errors in `fit` and `choose` instead.
    """
    kit = data if (data / "dialogues" / "examples.jsonl").is_file() else None
    if errors:
        print("\n".join(errors_of(measure_meaning(config, ("fit", "choose")), errors)))
        return
    measured = measure_meaning(config, kit=kit)
    for language in LANGUAGES:
        print(markdown(table_of(measured, language)))
        print(markdown(reliability_table(measured, language)))
    block = SECTION.block(section(measured))
    _write(output, lambda page: SECTION.replaced(page, block), "written calls")


def meaning_with_model(output: Path | None, llm: str) -> None:
    """The written calls with a language model: prints its tables, and writes its section of the document."""
    measured = with_model.measure_with_model(llm)
    for table in with_model.tables_of(measured):
        print(markdown(table))
    _write(
        output,
        lambda page: with_model.SECTION.replaced(page, with_model.section(measured)),
        "written calls with a language model",
    )


def tone_of_turns(output: Path | None, config: Path, llm: str = "") -> None:
    """The part ``tone`` alone: prints its table, and writes its section of the document.

    Args:
        llm: a language model of the manifest, which is asked what has no kept answer.
    """
    if llm:
        tone.ask(llm)
    told = tone.kept()
    print(markdown(tone.table(told, config)))
    _write(output, lambda page: tone.SECTION.replaced(page, tone.section(told, config)), "the tone of turns")


def claims(output: Path | None, config: Path, errors: bool = False, llm: str = "") -> None:
    """The part ``claims`` alone: prints its tables, and writes its section of the document.

    Args:
        output: the document whose section is replaced; None writes none.
        config: with the language-model engine, the second question is measured as well.
        errors: list the errors of the rules in `fit` and `choose` instead.
        llm: a language model of the manifest, which is asked what has no kept answer.
    """
    if llm:
        asked.ask(llm)
    if errors:
        print("\n".join(claims_page.errors_of(claims_page.measure_claims(config, ("fit", "choose")))))
        return
    measured = claims_page.measure_claims(config)
    for table in claims_page.tables_of(measured):
        print(markdown(table))
    _write(output, lambda page: claims_page.SECTION.replaced(page, claims_page.section(measured)), "claims")


def field(data: Path, output: Path | None, config: Path, url: str = "") -> None:
    """The part ``field`` alone: prints each situation as it is judged, and writes its section of the document.

    Args:
        url: a running graph; empty runs the pipeline of ``config`` in this process.

    Raises:
        NotFoundError: the kit has no field situations, or what builds them is not installed.
    """
    cache = home() / "evaluation"
    inputs = make_inputs(data, cache)
    service = Service.at(url, api_key()) if url else InProcessService(InProcess(load_stages(config)), cache)
    with closing(service):
        judged = field_page.judge(service, inputs, lambda one: print(field_page.line_of(one), flush=True))
    section = field_page.section(judged, "on a running graph" if url else "in process")
    _write(output, lambda page: field_page.SECTION.replaced(page, section), "field situations")
    print(f"right {sum(one.is_right for one in judged)} of {len(judged)}")


def _write(output: Path | None, with_section: Callable[[str], str], what: str) -> None:
    """Put a section into the document; None writes none."""
    if output is None:
        return
    page = output.read_text(encoding="utf-8") if output.is_file() else ""
    output.write_text(with_section(page), encoding="utf-8")
    print(f"Written: {output}, its section on {what}")
