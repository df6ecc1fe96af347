"""The figures of the written calls: counts by hand, and the section of the document."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callytics.errors import InvalidRequestError
from evaluation.dialogues import read_dialogues
from evaluation.meaning import page, rows
from evaluation.meaning.baseline import Baseline
from evaluation.meaning.reading import Reading, conversation_of, removed_spans
from evaluation.meaning.rows import ROWS
from evaluation.meaning.scores import BINS, calibration

CALL: dict[str, Any] = {
    "id": "x",
    "language": "en",
    "roles": {"A": "AGENT", "B": "CUSTOMER"},
    "turns": [
        {"id": "t1", "speaker": "A", "text": "Hello, Ann here.", "sentiment": "NEUTRAL"},
        {"id": "t2", "speaker": "B", "text": "My lamp is broken and nobody cares.", "sentiment": "NEGATIVE"},
        {"id": "t3", "speaker": "A", "text": "I will send a new one.", "sentiment": "NEUTRAL"},
    ],
    "customer_sentiment": {"start": "NEGATIVE", "end": "NEUTRAL"},
    "issue": {"turn_ids": ["t2"], "text": ""},
    "outcome": {"turn_ids": ["t3"], "text": ""},
    "resolved": None,
    "action_items": [{"owner": "AGENT", "turn_ids": ["t3"], "text": ""}],
    "topic": "return_exchange",
    "topic_ok": ["complaint"],
    "quality": {"greeting": True, "closing": None, "empathy": False, "lapse_turn_ids": ["t3"]},
    "pii": [{"turn_id": "t1", "kind": "NAME", "text": "Ann"}],
    "pii_optional": [],
}
PERFECT = Reading(
    issue=frozenset({"t2"}),
    outcome=frozenset({"t3"}),
    actions=(("AGENT", frozenset({"t3"})),),
    topic="complaint",
    labels={"t1": "NEUTRAL", "t2": "NEGATIVE", "t3": "NEUTRAL"},
    negative={"t1": 0.0, "t2": 1.0, "t3": 0.0},
    direction=1,
    roles=CALL["roles"],
    quality={"greeting": True, "closing": None, "empathy": False},
    lapses=frozenset({"t3"}),
    redacted={"t1": [(5, 8)]},
)
NOTHING = Reading(resolved=True, quality={"closing": False}, roles={"A": "CUSTOMER", "B": "AGENT"})
LOWER_IS_BETTER = {
    "calibration",
    "contradicted",
    "roles_wrong",
    "roles_unknown",
    "roles_cut_wrong",
    "neither",
}
NOT_OF_ONE_CALL = {"roles_cut", "roles_cut_wrong"}  # the call has fewer turns than are cut


def figure(row: rows.Row, reading: Reading) -> float:
    return row.figure(np.array(row.score(CALL, reading).counts, dtype=float))


@pytest.mark.parametrize("row", [r for r in ROWS if r.id not in NOT_OF_ONE_CALL], ids=lambda row: row.id)
def test_perfect_reading_has_the_best_figure_and_no_errors(row: rows.Row) -> None:
    assert figure(row, PERFECT) == (0.0 if row.id in LOWER_IS_BETTER else 1.0)
    assert row.score(CALL, PERFECT).errors == ()


@pytest.mark.parametrize("row", [r for r in ROWS if r.id not in NOT_OF_ONE_CALL], ids=lambda row: row.id)
def test_empty_reading_has_a_worse_figure(row: rows.Row) -> None:
    if row.id in ("contradicted", "roles_unknown"):  # null contradicts nothing
        return
    value = figure(row, NOTHING)
    assert math.isnan(value) or (value > 0 if row.id in LOWER_IS_BETTER else value < 1)


def test_action_needs_its_owner_and_counts_once() -> None:
    row = next(row for row in ROWS if row.id == "actions")
    ids = frozenset({"t3"})
    assert figure(row, Reading(actions=(("CUSTOMER", ids),))) == 0
    assert figure(row, Reading(actions=(("AGENT", ids), ("AGENT", ids)))) == pytest.approx(2 / 3)


def test_mark_with_a_letter_left_is_missed() -> None:
    row = next(row for row in ROWS if row.id == "privacy_recall")
    assert figure(row, Reading(redacted={"t1": [(5, 7)]})) == 0


def test_recall_is_taken_at_the_precision_of_the_goal() -> None:
    counts = np.zeros((2, BINS))
    counts[0, [99, 50, 10]] = 6, 3, 1  # negative turns by their probability
    counts[1, [50, 10]] = 3, 40
    assert rows.recall_at_precision(counts.ravel()) == pytest.approx(0.9)


def test_calibration_error_is_the_distance_of_probability_and_share() -> None:
    counts = np.zeros((3, 10))
    counts[:, 2] = 10, 2.5, 1  # ten turns of a mean probability of .25, one of them negative
    counts[:, 9] = 10, 9.5, 10
    assert rows.calibration_error(counts.ravel()) == pytest.approx((1.5 + 0.5) / 20)


def test_doubtful_turns_are_left_out_of_the_calibration() -> None:
    turns = [dict(turn) for turn in CALL["turns"]]
    turns[1] |= {"sentiment": "NEUTRAL", "sentiment_ok": ["NEUTRAL", "NEGATIVE"]}
    assert sum(calibration({**CALL, "turns": turns}, PERFECT).counts) == 0


def test_spans_between_the_kept_parts_are_the_removed_ones() -> None:
    assert removed_spans("HelloAnnhere", ["Hello", "here"]) == [(5, 8)]
    assert removed_spans("AnnBob", ["", "", ""]) == [(0, 0), (0, 6)]
    assert removed_spans("same", ["same"]) == []


def test_baseline_reads_every_call() -> None:
    calls = read_dialogues("fit")
    read = Baseline(calls)
    assert all(read(call).issue for call in calls)


def test_roles_are_given_on_request_only() -> None:
    assert {p.role.value for p in conversation_of(CALL, roles=False).participants} == {"UNKNOWN"}
    assert [p.role.value for p in conversation_of(CALL, roles=True).participants] == ["AGENT", "CUSTOMER"]


def test_interval_contains_the_figure_and_is_the_same_again() -> None:
    row = next(row for row in ROWS if row.id == "issue")
    scores = [row.score(CALL, PERFECT), row.score(CALL, NOTHING), row.score(CALL, PERFECT)]
    one = page.figure_of(row, scores)
    assert one.low <= one.value <= one.high
    assert one.low < one.high
    assert page.figure_of(row, scores) == one


def measured(split: str) -> page.Measured:
    figures = {row.id: page.Figure(0.5, 0.4, 0.6) for row in ROWS}
    errors = {row.id: [f"x: {split}"] for row in ROWS}
    reliability = np.array([[4.0] + [0.0] * 9, [0.2] + [0.0] * 9, [1.0] + [0.0] * 9])
    return page.Measured(split, "en", 1, figures, figures, errors, reliability.ravel())


def test_errors_of_the_report_split_are_never_listed() -> None:
    every = [measured(split) for split in page.SPLITS]
    assert page.errors_of(every, "issue") == ["fit x: fit", "choose x: choose"]
    with pytest.raises(InvalidRequestError, match="No row speed"):
        page.errors_of(every, "speed")


def test_section_is_replaced_in_place() -> None:
    section = page.SECTION
    once = section.replaced("# Quality\n\ntext\n", section.block(page.section([measured("fit")])))
    again = section.replaced(once + "after\n", section.block("## New"))
    assert again == f"# Quality\n\ntext\n\n{section.begin}\n\n## New\n\n{section.end}\nafter\n"
    assert "| issue, evidence turn F1 | ≥ .85 | .50 [.40, .60], .50 |" in once
    assert "| 0.0 to 0.1 | 4, .05, .25 |" in once
    assert "| 0.9 to 1.0 | 0, –, – |" in once


def test_examples_of_a_kit_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "dialogues"
    folder.mkdir()
    (folder / "examples.jsonl").write_text('{"id": "ex", "language": "ko"}\n', encoding="utf-8")
    assert [call["id"] for call in page.read_examples(tmp_path)] == ["ex"]
