"""Corrections of turns, moods and summaries: rows with a place, a history to read, and details for the graph."""

from __future__ import annotations

import json

import pytest

from callytics.domain import Role, SentimentLabel
from callytics.errors import InvalidRequestError
from callytics.store import CallStore, Corrections, JobStatus, Split
from tests.store.samples import LINES, finish, new_call

TASKS = [{"text": "서류 보내기", "owner": "CUSTOMER", "due": "금요일"}]


@pytest.fixture
def call_id(store: CallStore) -> str:
    call = store.create_call(new_call(tenant="alpha")).call
    finish(store)
    return call.id


def test_every_kind_is_a_row_that_people_and_programs_read(store: CallStore, call_id: str) -> None:
    wanted = Corrections(
        moods={"t1": SentimentLabel.POSITIVE},
        speakers={"t1": "spk_1"},
        splits={"t2": Split(2, "spk_0")},
        merges={"t3": "t4"},
        summary={"outcome": "접수", "resolved": None, "action_items": TASKS},
    )
    assert store.correct_call(call_id, wanted, "alpha", "key1").status is JobStatus.QUEUED
    rows = store.list_corrections(call_id, "alpha")
    assert [(row.kind, row.turn_id, row.before, row.after) for row in rows] == [
        ("turn_speaker", "t1", "spk_0", "spk_1"),
        ("mood", "t1", "NEUTRAL", "POSITIVE"),
        ("split", "t2", LINES[1][3], "어제 산\n신발 환불을 받고 싶어요"),
        ("merge", "t3", f"{LINES[2][3]}\n{LINES[3][3]}", f"{LINES[2][3]} {LINES[3][3]}"),
        ("summary", "", "", "접수"),
        ("summary", "", "true", None),
        ("summary", "", "AGENT: 환불", "CUSTOMER: 서류 보내기 (금요일)"),
    ]
    assert {row.actor for row in rows} == {"key1"}
    assert (rows[3].begin_offset_ms, rows[3].end_offset_ms) == (6200, 10500)
    details = [json.loads(row.detail or "null") for row in rows]
    spk_1 = {"participant_id": "spk_1", "channel_index": 1, "begin_offset_ms": 3200, "end_offset_ms": 6000}
    assert details[0] == {"to": spk_1}
    assert details[1] is None
    assert details[2]["at_ms"] == 4133
    assert details[2]["to"]["participant_id"] == "spk_0"
    assert details[3] == {
        "first_end_ms": 9000,
        "next": {**spk_1, "begin_offset_ms": 9100, "end_offset_ms": 10500},
    }
    assert details[4:] == [
        {"field": "outcome", "value": "접수"},
        {"field": "resolved", "value": None},
        {"field": "action_items", "value": TASKS},
    ]
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert [(each.id, each.detail) for each in lease.corrections] == [(row.id, row.detail) for row in rows]
    audit = store.audit_events("alpha")[0]
    assert audit.detail["kinds"] == ["merge", "mood", "split", "summary", "turn_speaker"]
    assert audit.detail["turns"] == ["t1", "t2", "t3"]
    assert "서류" not in repr(audit)


def test_correction_equal_to_the_result_is_dropped(store: CallStore, call_id: str) -> None:
    same = Corrections(
        moods={"t1": SentimentLabel.NEUTRAL},
        speakers={"t1": "spk_0"},
        summary={
            "summary": "환불 문의", "issue": None, "resolved": True,
            "action_items": [{"text": "환불", "owner": "AGENT", "due": None}],
        },
    )  # fmt: skip
    assert store.correct_call(call_id, same).status is JobStatus.COMPLETED
    assert store.list_corrections(call_id) == ()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Corrections(moods={"t9": SentimentLabel.NEUTRAL}), "turn_unknown"),
        (Corrections(speakers={"t1": "spk_9"}), "participant_unknown"),
        (Corrections(splits={"t2": Split(1, "spk_9")}), "participant_unknown"),
        (Corrections(splits={"t9": Split(1)}), "turn_unknown"),
        (Corrections(splits={"t2": Split(0)}), "word_unknown"),
        (Corrections(splits={"t2": Split(6)}), "word_unknown"),
        (Corrections(merges={"t1": "t9"}), "turn_unknown"),
        (Corrections(merges={"t1": "t4"}), "turns_not_joinable"),
        (Corrections(merges={"t2": "t1"}), "turns_not_joinable"),
        (Corrections(merges={"t2": "t2"}), "turns_not_joinable"),
    ],
)
def test_impossible_correction_is_rejected_and_changes_nothing(
    store: CallStore, call_id: str, wanted: Corrections, code: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        store.correct_call(call_id, wanted)
    assert refused.value.code == code
    assert store.list_corrections(call_id) == ()
    assert store.get_call(call_id).status is JobStatus.COMPLETED


@pytest.mark.parametrize("next_id", ["t2", "t3"])
def test_turn_is_joined_with_the_next_one_or_the_next_of_its_speaker(
    store: CallStore, call_id: str, next_id: str
) -> None:
    store.correct_call(call_id, Corrections(merges={"t1": next_id}))
    (row,) = store.list_corrections(call_id)
    assert (row.kind, row.turn_id, row.participant_id) == ("merge", "t1", "spk_0")


def test_roles_are_in_the_history_and_a_swap_is_undone_whole(store: CallStore, call_id: str) -> None:
    swapped = Corrections(roles={"spk_0": Role.CUSTOMER, "spk_1": Role.AGENT})
    store.correct_call(call_id, swapped, "alpha", "key1")
    first, second = store.list_corrections(call_id)
    assert [
        (row.kind, row.turn_id, row.participant_id, row.before, row.after) for row in (first, second)
    ] == [
        ("role", "", "spk_0", "AGENT", "CUSTOMER"),
        ("role", "", "spk_1", "CUSTOMER", "AGENT"),
    ]
    assert store.get_call(call_id).options.roles == ()
    finish(store)
    store.undo_correction(call_id, second.id, "alpha", "key2")
    assert [row.undone_by for row in store.list_corrections(call_id)] == ["key2", "key2"]
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert lease.corrections == ()
