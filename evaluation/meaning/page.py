"""The table of the written calls with its 95 % intervals, on the screen and as a section of docs/quality.md."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.errors import InvalidRequestError, NotFoundError
from evaluation.dialogues import LANGUAGES, read_dialogues, read_second_labels
from evaluation.meaning.baseline import Baseline
from evaluation.meaning.reading import Reader, Reading
from evaluation.meaning.rows import ROWS, Row
from evaluation.meaning.scores import RELIABILITY_BINS, Score, calibration
from evaluation.meaning.second_labels import MEASURES, reading_of
from evaluation.measurements import Table
from evaluation.sections import Section

SPLITS = ("fit", "choose", "report", "fresh")
OPEN_SPLITS = ("fit", "choose")
"""Splits whose errors may be listed. What is said in the others stays unread."""

SECOND_SPLITS = ("report", "fresh")
"""The splits beside which the agreement of the second labeller is shown; the labels of others serve to learn from."""

RESAMPLES = 1000
SEED = 20261128
SECTION = Section("written calls")
INTRODUCTION = """What a call was about, on the written calls of evaluation/dialogues. The command is
`callytics eval --only meaning`. Rules were written and models fitted on `fit` and `choose`: only `report` and `fresh`,
which were not looked at, say what to expect. The totals of `report` have been printed after many changes; `fresh` came
late, from writers who knew nothing of the engines. docs/adr/0018 has figures of `choose` with models of `fit` alone. In
brackets the 95 % interval of a bootstrap by call; after it the figure of a trivial baseline
(evaluation/meaning/baseline.py). "A second labeller" marked the same calls without seeing the gold: what two careful
readers agree on is the most that a figure can show. Roles are found on calls without roles, everything else is measured
with the gold roles. The calls have one author, a language model: real calls are harder. Below each table the
reliability of the probability of negative: of the customers' turns in a bin, how many, their mean probability, and the
share that is marked negative; the nearer these two, the better."""
NAMES = {"ko": "Korean", "en": "English"}
Read = Callable[[Mapping[str, Any]], Reading]


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval (percentile bootstrap by call)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """One split in one language: a figure per row, for the engines and for the baselines."""

    split: str
    language: str
    calls: int
    ours: Mapping[str, Figure]
    trivial: Mapping[str, Figure]
    errors: Mapping[str, Sequence[str]]
    reliability: npt.NDArray[np.float64]
    """Counts of scores.calibration, summed over the calls."""

    second: Mapping[str, Figure] = field(default_factory=dict)
    """Figures of the second labeller, for the rows and the calls that it read."""


def figure_of(row: Row, scores: Sequence[Score]) -> Figure:
    counts = np.array([score.counts for score in scores], dtype=np.float64)
    chosen = np.random.default_rng(SEED).integers(len(counts), size=(RESAMPLES, len(counts)))
    weights = np.array([np.bincount(draw, minlength=len(counts)) for draw in chosen])
    resampled = [row.figure(total) for total in weights @ counts]
    known = [value for value in resampled if not math.isnan(value)]
    low, high = np.percentile(known, [2.5, 97.5]) if known else (math.nan, math.nan)
    return Figure(row.figure(counts.sum(axis=0)), float(low), float(high))


def measure(split: str, language: str, calls: Sequence[Mapping[str, Any]], read: Read) -> Measured:
    trivial = Baseline(read_dialogues("fit", language))
    readings = [(call, read(call), trivial(call)) for call in calls]
    ours: dict[str, Figure] = {}
    base: dict[str, Figure] = {}
    errors: dict[str, list[str]] = {}
    reliability = np.sum([calibration(call, reading).counts for call, reading, _ in readings], axis=0)
    for row in ROWS:
        scores = [row.score(call, reading) for call, reading, _ in readings]
        ours[row.id] = figure_of(row, scores)
        base[row.id] = figure_of(row, [row.score(call, simple) for call, _, simple in readings])
        errors[row.id] = [
            f"{call['id']}: {error}"
            for (call, _, _), score in zip(readings, scores, strict=True)
            for error in score.errors
        ]
    return Measured(split, language, len(calls), ours, base, errors, reliability, second_figures(calls))


def second_figures(calls: Sequence[Mapping[str, Any]]) -> dict[str, Figure]:
    """How far a second labeller agrees with the gold, over the calls that it read."""
    second = read_second_labels()
    readings = [(call, reading_of(second[call["id"]])) for call in calls if call["id"] in second]
    if not readings:
        return {}
    return {
        row.id: figure_of(row, [row.score(call, found) for call, found in readings])
        for row in ROWS
        if row.id in MEASURES
    }


def measure_meaning(config: Path, splits: Sequence[str] = SPLITS, kit: Path | None = None) -> list[Measured]:
    """Every split and language, then the examples of the kit, if one is given."""
    read = Reader(config)
    found = [
        measure(split, language, read_dialogues(split, language), read)  # type: ignore[arg-type]
        for split in splits
        for language in LANGUAGES
    ]
    if kit is not None:
        calls = read_examples(kit)
        for language in LANGUAGES:
            of_language = [call for call in calls if call["language"] == language]
            found.append(measure("examples", language, of_language, read))
    return found


def read_examples(kit: Path) -> list[dict[str, Any]]:
    path = kit / "dialogues" / "examples.jsonl"
    if not path.is_file():
        raise NotFoundError("data_missing", f"No written examples at {path}.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def errors_of(measured: Sequence[Measured], row_id: str) -> list[str]:
    """The errors of one row in the open splits.

    Raises:
        InvalidRequestError: there is no such row.
    """
    if row_id not in {row.id for row in ROWS}:
        names = ", ".join(row.id for row in ROWS)
        raise InvalidRequestError("row_unknown", f"No row {row_id}. There are: {names}.")
    return [
        f"{one.split} {error}" for one in measured if one.split in OPEN_SPLITS for error in one.errors[row_id]
    ]


def table_of(measured: Sequence[Measured], language: str) -> Table:
    """One language: a row per figure, for each split the value and its interval beside the baseline's."""
    of_language = [one for one in measured if one.language == language]
    header = ["figure", "goal", *(f"{one.split} ({one.calls}): ours [95 %], trivial" for one in of_language)]
    rows = [
        [row.title, row.goal, *(_cell(one.ours[row.id], one.trivial[row.id]) for one in of_language)]
        for row in ROWS
    ]
    for one in of_language:
        if one.split in SECOND_SPLITS:
            header.append(f"{one.split}: a second labeller [95 %]")
            rows = [[*cells, _agreed(one.second.get(row.id))] for cells, row in zip(rows, ROWS, strict=True)]
    return Table(f"Written calls, {NAMES[language]}", header, rows)


def _agreed(figure: Figure | None) -> str:
    return f"{_number(figure.value)} [{_number(figure.low)}, {_number(figure.high)}]" if figure else ""


def _cell(ours: Figure, trivial: Figure) -> str:
    return (
        f"{_number(ours.value)} [{_number(ours.low)}, {_number(ours.high)}], {_number(trivial.value)}"
        if not math.isnan(ours.value)
        else f"–, {_number(trivial.value)}"
    )


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2f}".removeprefix("0") if value < 1 else f"{value:.2f}"


def section(measured: Sequence[Measured]) -> str:
    """The section of the document. The examples of the kit are not in it: six calls are no figure."""
    documented = [one for one in measured if one.split in SPLITS]
    blocks = []
    for language in LANGUAGES:
        table = table_of(documented, language)
        blocks.append(f"### {NAMES[language]}\n\n{_lines(table)}")
        blocks.append(_lines(reliability_table(documented, language)))
    return "\n\n".join(["## Written calls", INTRODUCTION, *blocks])


def _lines(table: Table) -> str:
    rows = [table.header, ["---"] * len(table.header), *table.rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def reliability_table(measured: Sequence[Measured], language: str) -> Table:
    """The reliability diagram as a table: for each bin of the probability what share of the turns is negative."""
    of_language = [one for one in measured if one.language == language]
    header = ["probability of negative", *(f"{one.split}: turns, mean, negative" for one in of_language)]
    rows = []
    for column in range(RELIABILITY_BINS):
        cells = []
        for one in of_language:
            number, total, marked = one.reliability.reshape(3, RELIABILITY_BINS)[:, column]
            known = f"{_number(total / number)}, {_number(marked / number)}" if number else "–, –"
            cells.append(f"{number:.0f}, {known}")
        low, high = column / RELIABILITY_BINS, (column + 1) / RELIABILITY_BINS
        rows.append([f"{low:.1f} to {high:.1f}", *cells])
    return Table(f"Reliability, {NAMES[language]}", header, rows)
