"""The tables of the written claims with 95 % intervals, on the screen and as a section of docs/quality.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callytics.config import load_stages
from callytics.engines import load_engine
from callytics.engines.analysis.llm import LlmAnalyzer
from evaluation.claims import KINDS, read_claims
from evaluation.claims.asked import kept_answers
from evaluation.claims.scores import Ask, Judged, judge_call
from evaluation.claims.train import comparison
from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.measurements import Table
from evaluation.sections import Section

SPLITS = ("fit", "choose", "report")
OPEN_SPLITS = ("fit", "choose")
THRESHOLDS = (-4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 1.0)
RESAMPLES, SEED = 1000, 20261128
SECTION = Section("written claims")
NAMES = {"ko": "Korean", "en": "English"}
INTRODUCTION = """What becomes of a claim of a language model, on the written claims of evaluation/claims: lies that are
caught, and true claims that are kept. The command is `callytics eval --only claims`. "By rule": the quotes are compared
with the claim, without a model. "Judged": what the engine does before it asks, in Korean with the learned judge of
docs/adr/0039, in English by the rules. "Asked": after the second question as well, to Qwen2.5-Coder 1.5B (Q4_K_M) on a
CPU, each claim alone, with the thresholds of docs/adr/0034, on a sample by hash; its answers are kept in
evaluation/claims/asked.jsonl, and `--llm local` asks again what has changed. Where `--config` names the language-model
engine, its endpoint is asked instead, about every claim. "Old rule": numbers, and three in ten stems shared with the
quoted turns. Rules were written with `fit` and `choose` in view, without lots 5 and 6 of `fit`; the judge learned from
both, so only `report` says what to expect, and the last table, of claims that a judge had not seen. The 95 % interval
is of a bootstrap by call. Claims and rules have one author: lies of a real model may be of other kinds."""


@dataclass(frozen=True)
class Measured:
    split: str
    language: str
    judged: Sequence[Judged]


def measure_claims(config: Path, splits: Sequence[str] = SPLITS) -> list[Measured]:
    """Every claim of every split and language."""
    ask = _second_question(config)
    answers = kept_answers()
    found = []
    for split in splits:
        for language in LANGUAGES:
            claims = read_claims(split, language)
            judged: list[Judged] = []
            for call in read_dialogues(split, language):  # type: ignore[arg-type]
                on_call = [claim for claim in claims if claim["call"] == call["id"]]
                judged += judge_call(call, on_call, ask, answers) if on_call else []
            found.append(Measured(split, language, judged))
    return found


def _second_question(config: Path) -> Ask | None:
    """The engine of the configuration asks it, if it can."""
    stage = load_stages(config)["llm-analyzer"]
    if not stage.engine.endswith(":LlmAnalyzer"):
        return None
    engine = load_engine(stage)
    assert isinstance(engine, LlmAnalyzer)
    return engine.ask_again


def errors_of(measured: Sequence[Measured]) -> list[str]:
    """Lies that the rules keep and true claims that they drop, in the open splits."""
    return [
        f"{one.split} {j.claim['id']} {j.claim['kind']} {j.reason or 'kept'}: {j.claim['text']}"
        for one in measured
        if one.split in OPEN_SPLITS
        for j in one.judged
        if j.by_rule != j.claim["true"]
    ]


Kept = Callable[[Judged], bool | None]
WAYS: tuple[tuple[str, Kept], ...] = (
    ("by rule", lambda judged: judged.by_rule),
    ("judged", lambda judged: judged.by_judge),
    ("judged, of those asked", lambda judged: None if judged.kept_when_asked is None else judged.by_judge),
    ("asked", lambda judged: judged.kept_when_asked),
    ("old rule", lambda judged: judged.old),
)


def tables_of(measured: Sequence[Measured]) -> list[Table]:
    """The totals of every split, then `report` by kind."""
    header = ["split", "language", "claims", *(f"{what}, {way}" for what in _WHATS for way, _ in WAYS)]
    totals = [
        [one.split, NAMES[one.language], str(len(one.judged)), *_figures(one.judged, with_interval=True)]
        for one in measured
    ]
    reported = [one for one in measured if one.split == "report"]
    by_kind = [
        [kind, NAMES[one.language], str(len(of_kind)), *_figures(of_kind, with_interval=False)]
        for kind in KINDS
        for one in reported
        if (of_kind := [j for j in one.judged if j.claim["kind"] == kind])
    ]
    return [
        Table("Written claims", header, totals),
        Table("Written claims of `report` by kind", ["kind", *header[1:]], by_kind),
        _by_threshold(measured),
    ]


def _by_threshold(measured: Sequence[Measured]) -> Table:
    """The second question alone, without the rules, by the least log odds: lies caught and true claims kept."""
    parts = [
        (f"{NAMES[language]}, {'report' if reported else 'fit and choose'}", heard)
        for reported in (False, True)
        for language in LANGUAGES
        if (
            heard := [
                j
                for one in measured
                if one.language == language and (one.split == "report") == reported
                for j in one.judged
                if j.log_odds is not None
            ]
        )
    ]
    header = ["least log odds", *(f"{name} ({len(heard)}): lies caught, true kept" for name, heard in parts)]
    rows = [[f"{least:g}", *(_shares(heard, least) for _, heard in parts)] for least in THRESHOLDS]
    return Table("The second question alone, by threshold", header, rows if parts else [])


def _shares(heard: Sequence[Judged], least: float) -> str:
    odds = {truth: [j.log_odds or 0.0 for j in heard if j.claim["true"] is truth] for truth in (False, True)}
    caught = sum(value < least for value in odds[False]) / max(len(odds[False]), 1)
    kept = sum(value >= least for value in odds[True]) / max(len(odds[True]), 1)
    return f"{caught:.2f}, {kept:.2f}"


_WHATS = ("lies caught", "true kept")


def _figures(judged: Sequence[Judged], *, with_interval: bool) -> list[str]:
    cells = []
    for what in _WHATS:
        of = [j for j in judged if j.claim["true"] == (what == "true kept")]
        for _, keeps in WAYS:
            good = [(j.claim["call"], keeps(j) == j.claim["true"]) for j in of if keeps(j) is not None]
            cells.append(_cell(good, with_interval))
    return cells


def _cell(good: Sequence[tuple[str, bool]], with_interval: bool) -> str:
    if not good:
        return "–"
    right, every = sum(value for _, value in good), len(good)
    if not with_interval:
        return f"{right} of {every}"
    calls = list(dict.fromkeys(call for call, _ in good))
    counts = np.array(
        [[sum(v for c, v in good if c == call), sum(c == call for c, _ in good)] for call in calls]
    )
    chosen = np.random.default_rng(SEED).integers(len(calls), size=(RESAMPLES, len(calls)))
    totals = counts[chosen].sum(axis=1)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], [2.5, 97.5])
    return f"{right / every:.2f} [{low:.2f}, {high:.2f}]"


def section(measured: Sequence[Measured]) -> str:
    """The section of the document, between its marks."""
    blocks = []
    for table in [*tables_of(measured), comparison()]:
        rows = [table.header, ["---"] * len(table.header), *table.rows]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        blocks.append(f"### {table.title}\n\n{lines}")
    return SECTION.block("## Claims of a language model", INTRODUCTION, *blocks)
