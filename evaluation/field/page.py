"""Tries every situation, and writes the section of docs/quality.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from callytics.errors import CallyticsError
from evaluation.field.inputs import Inputs
from evaluation.field.recordings import Tried
from evaluation.field.service import Service
from evaluation.field.situations import SITUATIONS, Situation
from evaluation.measurements import Table
from evaluation.sections import Section

SECTION = Section("field situations", ahead_of="## How the figures are made")
SHOWN_PROBLEMS = 3
INTRODUCTION = """What people who transcribe calls reported in public (field/README.md of the kit), rebuilt and judged
by a written check each (evaluation/field/judges.py, answers.py). The command is `callytics eval DATA --only field`;
with `--url` it tries a running graph. No threshold was chosen on these recordings. The kit does not describe F25 to
F28 and F31."""
QUOTED = re.compile(r"“[^”]*”")
"""What was heard; the kit's text stays in the kit, so the document leaves it out."""


@dataclass(frozen=True)
class Judged:
    situation: Situation
    tried: Tried

    @property
    def is_right(self) -> bool:
        return not self.tried.problems


def judge(
    service: Service,
    inputs: Inputs,
    on_judged: Callable[[Judged], None] = lambda judged: None,
    situations: Sequence[Situation] = SITUATIONS,
) -> list[Judged]:
    """All situations in order. One that the service refuses or fails on is wrong, not the end of the run."""
    found = []
    for situation in situations:
        try:
            tried = situation.tried(service, inputs)
        except CallyticsError as error:
            tried = Tried("", [f"{error.code}: {error.message}"])
        except httpx.HTTPError as error:
            tried = Tried("", [f"{type(error).__name__}: {error}"])
        found.append(Judged(situation, tried))
        on_judged(found[-1])
    return found


def line_of(one: Judged) -> str:
    """For the terminal: the verdict, what is wrong, and what was heard at what second."""
    lines = [f"{one.situation.id} {one.situation.title}: {'right' if one.is_right else 'WRONG'}"]
    lines += [f"    {problem}" for problem in one.tried.problems]
    return "\n".join([*lines, f"    heard: {one.tried.heard}"] if one.tried.heard else lines)


def table_of(judged: Sequence[Judged]) -> Table:
    rows = [
        [
            one.situation.id,
            one.situation.title,
            one.situation.right,
            "right" if one.is_right else "**wrong**",
            QUOTED.sub("“…”", "; ".join(one.tried.problems[:SHOWN_PROBLEMS])).replace("\n", " "),
        ]
        for one in judged
    ]
    return Table("Field situations", ["#", "situation", "right is", "verdict", "what is wrong"], rows)


def section(judged: Sequence[Judged], where: str) -> str:
    """The section of docs/quality.md, between its marks."""
    table = table_of(judged)
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table.rows]
    head = ["| " + " | ".join(table.header) + " |", "| " + " | ".join("---" for _ in table.header) + " |"]
    right = sum(one.is_right for one in judged)
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {where}: {right} of {len(judged)} right."
    return SECTION.block(f"## {table.title}", INTRODUCTION, measured, "\n".join([*head, *lines]))
