"""The written calls with a language model in the graph, beside the extractive engine and the trivial baseline.

The same rows as the table of all calls, of what llm-analyzer says. Calls of `report` are chosen by the hash of their
ids, as many of each language; the model runs as `callytics up --llm local` has it, and is asked only what the
extractive engine doubts.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from callytics.domain import ContactSummary
from callytics.engines.analysis.choosing import ChoosingAnalyzer
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.language_model import local_model
from evaluation.meaning.baseline import Baseline
from evaluation.meaning.reading import Reading, conversation_of
from evaluation.meaning.rows import ROWS, Row
from evaluation.measurements import Table, machine
from evaluation.sections import Section

CALLS = 10
"""Calls of `report` by language."""

CALL_TIMEOUT_S = 3600.0
"""No limit for the measurement: a busy machine is no fault of the model."""

ROW_IDS = ("issue", "outcome", "resolved", "contradicted", "actions", "topic")
ASKED_ROWS = tuple(row for row in ROWS if row.id in ROW_IDS)
SYSTEMS = ("with the model", "extractive", "trivial")
SECTION = Section("written calls with a model")
Call = Mapping[str, Any]


@dataclass(frozen=True)
class Heard:
    """One call: what each system says, and the questions that the model was asked."""

    call: Call
    readings: Mapping[str, Reading]
    questions: int


@dataclass(frozen=True)
class WithModel:
    """``calls``: of each language."""

    model: str
    threads: int
    calls: int
    heard: Sequence[Heard]


def chosen(split: str, language: str, number: int) -> list[dict[str, Any]]:
    calls = read_dialogues(split, language)  # type: ignore[arg-type]
    return sorted(calls, key=lambda call: hashlib.sha256(call["id"].encode()).hexdigest())[:number]


def measure_with_model(
    model: str, calls: int = CALLS, threads: int = 1, tell: Callable[[str], None] = print
) -> WithModel:
    """
    Raises:
        NotFoundError, WeightsError: the model is not there, or does not open.
    """
    with local_model(model, threads) as found:
        engine = ChoosingAnalyzer(model=found.name, endpoint="llm-server", call_timeout_s=CALL_TIMEOUT_S)
        every = [call for language in LANGUAGES for call in chosen("report", language, calls)]
        heard = []
        for call in every:
            heard.append(hear(call, engine))
            tell(f"{call['id']}: {heard[-1].questions} questions")
        return WithModel(found.name, threads, calls, heard)


def hear(call: Call, engine: Callable[..., ContactSummary]) -> Heard:
    """What the engine, the extractive one and the baseline say about a call."""
    conversation = conversation_of(call, roles=True)
    with_model = engine(conversation)
    trivial = Baseline(read_dialogues("fit", call["language"]))(call)
    readings = (_reading(with_model), _reading(ExtractiveAnalyzer()(conversation)), trivial)
    questions = with_model.usage.requests if with_model.usage else 0
    return Heard(call, dict(zip(SYSTEMS, readings, strict=True)), questions)


def _reading(summary: ContactSummary) -> Reading:
    return Reading(
        issue=frozenset(summary.issue.evidence_turn_ids if summary.issue else ()),
        outcome=frozenset(summary.outcome.evidence_turn_ids if summary.outcome else ()),
        resolved=summary.resolved,
        actions=tuple((item.owner.value, frozenset(item.evidence_turn_ids)) for item in summary.action_items),
        topic=summary.topic.text if summary.topic else None,
    )


def tables_of(measured: WithModel) -> list[Table]:
    """Every call by language; then the calls on which the model was asked, of both languages."""
    columns = [(language, system) for language in LANGUAGES for system in SYSTEMS]
    of = {
        language: [one for one in measured.heard if one.call["language"] == language]
        for language in LANGUAGES
    }
    every = [
        [row.title, *(_figure(row, of[language], system) for language, system in columns)]
        for row in ASKED_ROWS
    ]
    asked = [one for one in measured.heard if one.questions]
    doubts = [[row.title, *(_figure(row, asked, system) for system in SYSTEMS)] for row in ASKED_ROWS]
    header = ["figure", *(f"{language}, {system}" for language, system in columns)]
    return [
        Table(f"{measured.calls} calls of each language, of `report`", header, every),
        Table(f"The {len(asked)} of them on which the model was asked", ["figure", *SYSTEMS], doubts),
    ]


def _figure(row: Row, heard: Sequence[Heard], system: str) -> str:
    if not heard:
        return "–"
    counts = np.array([row.score(one.call, one.readings[system]).counts for one in heard], dtype=np.float64)
    value = row.figure(counts.sum(axis=0))
    return "–" if math.isnan(value) else f"{value:.2f}"


def section(measured: WithModel) -> str:
    """The section of docs/quality.md, between its marks."""
    asked = Counter(one.call["language"] for one in measured.heard if one.questions)
    spoken = ", ".join(f"{asked[language]} {language}" for language in LANGUAGES)
    introduction = (
        "What llm-analyzer says with a language model in the graph, on calls of `report` chosen by a hash, beside the "
        "extractive engine alone and the trivial baseline. The command is `callytics eval --only meaning --llm "
        f"local`. Measured {datetime.now(UTC).date()} with {measured.model}, {measured.threads} thread, {machine()}. "
        f"The model is asked only where the extractive engine doubts: on {sum(asked.values())} of these "
        f"{len(measured.heard)} calls ({spoken})."
    )
    blocks = []
    for table in tables_of(measured):
        lines = [table.header, ["---"] * len(table.header), *table.rows]
        blocks.append(f"### {table.title}\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in lines))
    return SECTION.block("## Written calls with a language model", introduction, *blocks)
