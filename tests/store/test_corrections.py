"""Corrections are data of their own: written once, with a history, and nothing that runs later removes them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from callytics.domain import CallOptions, Role, StageRun, StageStatus
from callytics.errors import ConflictError, InvalidRequestError, NotFoundError
from callytics.pipeline import dependants
from callytics.store import CallStore, Corrections, JobStatus, new_call_id
from tests.store.samples import LINES, finish, new_call, result_json
from tests.support.clocks import Clock

TEXT = "어제 산 신발을 환불 받고 싶어요"
WORDS = Corrections(words={"t2": TEXT})
RUN = StageRun("speech-recognizer", StageStatus.COMPLETED, attempts=1, model="m")


@pytest.fixture
def call_id(store: CallStore) -> str:
    call = store.create_call(new_call(tenant="alpha")).call
    finish(store)
    return call.id


def applied(store: CallStore, call_id: str) -> list[tuple[str, str | None]]:
    """What the next worker is told, as (place, text)."""
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert lease.call.id == call_id
    return [(each.turn_id or each.participant_id, each.after) for each in lease.corrections]


def test_correction_has_place_text_and_author_and_queues_the_call(
    store: CallStore, call_id: str, clock: Clock
) -> None:
    clock.now_s += 5
    wanted = replace(WORDS, names={"spk_0": "김민지"})
    assert store.correct_call(call_id, wanted, "alpha", "key1").status is JobStatus.QUEUED
    words, name = store.list_corrections(call_id, "alpha")
    assert (words.kind, words.turn_id, words.participant_id) == ("words", "t2", "spk_1")
    assert (words.begin_offset_ms, words.end_offset_ms) == (3200, 6000)
    assert (words.before, words.after) == (LINES[1][3], TEXT)
    assert (words.actor, words.created_at_ms) == ("key1", round(clock.now_s * 1000))
    assert (name.kind, name.participant_id, name.before, name.after) == (
        "speaker_name", "spk_0", "", "김민지",
    )  # fmt: skip
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert [each.channel_index for each in lease.corrections] == [1, 0]
    assert [each.id for each in lease.corrections] == [words.id, name.id]


def test_audit_names_author_and_property_without_the_words(store: CallStore, call_id: str) -> None:
    store.correct_call(call_id, replace(WORDS, roles={"spk_0": Role.CUSTOMER}), "alpha", "key1")
    events = {event.action: event for event in store.audit_events("alpha")}
    assert events["call.corrected"].actor == "key1"
    assert events["call.corrected"].detail["turns"] == ["t2"]
    assert events["call.roles_corrected"].detail == {"roles": {"spk_0": "CUSTOMER"}}
    assert TEXT not in repr(events)
    assert [e.type for e in store.events_after(call_id)][-3:] == [
        "call.corrected", "call.roles_corrected", "call.queued",
    ]  # fmt: skip


def test_correction_equal_to_the_result_is_dropped(store: CallStore, call_id: str) -> None:
    same = Corrections(words={"t2": LINES[1][3]}, names={"spk_0": None})
    assert store.correct_call(call_id, same).status is JobStatus.COMPLETED
    assert store.list_corrections(call_id) == ()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Corrections(words={"t99": "x"}), "turn_unknown"),
        (Corrections(names={"spk_9": "x"}), "participant_unknown"),
        (Corrections(words={"t2": "x"}, roles={"spk_9": Role.AGENT}), "participant_unknown"),
    ],
)
def test_invalid_correction_is_rejected_and_changes_nothing(
    store: CallStore, call_id: str, wanted: Corrections, code: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        store.correct_call(call_id, wanted)
    assert refused.value.code == code
    assert store.list_corrections(call_id) == ()
    assert store.get_call(call_id).status is JobStatus.COMPLETED


def test_running_call_cannot_be_corrected(store: CallStore, call_id: str) -> None:
    store.correct_call(call_id, WORDS)
    (made,) = store.list_corrections(call_id)
    for at_work in (False, True):
        if at_work:
            assert store.lease("worker", 60.0) is not None
        with pytest.raises(ConflictError, match="wait for its end"):
            store.correct_call(call_id, WORDS)
        with pytest.raises(ConflictError, match="wait for its end"):
            store.undo_correction(call_id, made.id)


def test_undone_correction_is_history_and_the_earlier_one_applies(store: CallStore, call_id: str) -> None:
    store.correct_call(call_id, WORDS, actor="a")
    finish(store)
    store.correct_call(call_id, Corrections(words={"t2": "그다음"}), actor="b")
    finish(store)
    first, second = store.list_corrections(call_id)
    assert store.undo_correction(call_id, second.id, "alpha", "c").status is JobStatus.QUEUED
    undone = store.list_corrections(call_id)[1]
    assert (undone.undone_by, undone.undone_at_ms is not None) == ("c", True)
    assert applied(store, call_id) == [("t2", first.after)]
    with pytest.raises(ConflictError) as again:
        store.undo_correction(call_id, second.id)
    assert again.value.code == "correction_undone"
    assert store.audit_events("alpha")[0].action == "call.correction_undone"


def test_corrections_of_another_tenant_are_not_found(store: CallStore, call_id: str) -> None:
    store.correct_call(call_id, WORDS)
    (made,) = store.list_corrections(call_id)
    other = store.create_call(new_call("f" * 64, tenant="beta")).call.id
    for attempt in (
        lambda: store.list_corrections(call_id, "beta"),
        lambda: store.correct_call(call_id, WORDS, "beta"),
        lambda: store.undo_correction(call_id, made.id, "beta"),
        lambda: store.undo_correction(other, made.id, "beta"),
        lambda: store.undo_correction(call_id, "x'; --"),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def again(store: CallStore, call_id: str, way: str) -> Any:
    if way == "retry":
        lease = store.lease("worker", 60.0)
        assert lease is not None
        store.fail(call_id, lease.token, "speech-recognizer", "x", "y")
        return store.retry_call(call_id)
    finish(store)
    if way == "reprocess":
        return store.reprocess_call(call_id, dependants("audio-processor"))
    return store.correct_call(call_id, Corrections(roles={"spk_0": Role.CUSTOMER}))


@pytest.mark.parametrize("way", ["retry", "reprocess", "roles"])
def test_every_later_run_gets_the_correction(store: CallStore, call_id: str, way: str) -> None:
    store.correct_call(call_id, WORDS)
    before = store.list_corrections(call_id)
    again(store, call_id, way)
    made = [("spk_0", "CUSTOMER")] if way == "roles" else []
    assert store.list_corrections(call_id)[: len(before)] == before
    assert applied(store, call_id) == [("t2", TEXT), *made]


@pytest.mark.parametrize("ends", ["waits", "completes", "fails", "is cancelled"])
def test_batch_of_the_same_recording_creates_no_second_call(store: CallStore, ends: str) -> None:
    """Whatever becomes of the run after the correction: a call that a person worked on stays the one."""
    new = new_call()
    call_id = store.import_call(new, [RUN], JobStatus.COMPLETED, result_json(new.id)).call.id
    store.correct_call(call_id, WORDS)
    if ends == "completes":
        finish(store)
    elif ends == "fails":
        lease = store.lease("worker", 60.0)
        assert lease is not None
        store.fail(call_id, lease.token, "punctuation-restorer", "x", "y")
    elif ends == "is cancelled":
        store.cancel_call(call_id)
    report = store.get_report(call_id)
    assert store.finished_call(new.media.sha256, CallOptions()) == call_id  # the batch skips it
    repeated = replace(new, id=new_call_id())
    submission = store.import_call(repeated, [RUN], JobStatus.COMPLETED, result_json(repeated.id))
    assert (submission.created, submission.call.id) == (False, call_id)
    assert store.get_report(call_id) == report
    assert [each.after for each in store.list_corrections(call_id)] == [TEXT]


def test_corrections_are_deleted_with_their_call(store: CallStore, call_id: str) -> None:
    store.correct_call(call_id, WORDS)
    store.delete_call(call_id)
    with pytest.raises(NotFoundError):
        store.list_corrections(call_id)
    with store._read() as session:
        from sqlmodel import select

        from callytics.store.tables.calls import CorrectionRow

        assert session.exec(select(CorrectionRow)).all() == []


def test_voices_of_a_mono_call_are_not_channels(store: CallStore) -> None:
    """Both participants of a mono call have its only channel: a correction must not take it for a place."""
    call = store.create_call(new_call()).call
    lease = store.lease("worker", 60.0)
    assert lease is not None
    result = json.loads(result_json(call.id))
    for participant in result["participants"]:
        participant["channel_index"] = 0
    store.complete(call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())
    store.correct_call(call.id, WORDS)
    again = store.lease("worker", 60.0)
    assert again is not None
    assert [each.channel_index for each in again.corrections] == [None]


def test_channel_shared_by_people_after_each_other_is_the_place_of_a_correction(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    lease = store.lease("worker", 60.0)
    assert lease is not None
    result = json.loads(result_json(call.id))
    result["participants"].append({**result["participants"][0], "participant_id": "spk_2"})
    store.complete(call.id, lease.token, JobStatus.COMPLETED, json.dumps(result).encode())
    store.correct_call(call.id, replace(WORDS, names={"spk_2": "김민지"}))
    again = store.lease("worker", 60.0)
    assert again is not None
    assert [each.channel_index for each in again.corrections] == [1, 0]
