from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callytics.domain import CallOptions, KnownSpeaker, Role, StageRun, StageStatus, Task
from callytics.errors import ConflictError, InvalidRequestError, NotFoundError
from callytics.store import CallFilter, CallOrder, CallStore, Corrections, JobStatus, calls
from callytics.store.codec import options_from_json, options_to_json
from callytics.store.tables.calls import CallRow
from tests.store.samples import finish, new_call, result_json
from tests.support.clocks import Clock


def test_call_is_stored_as_submitted(store: CallStore) -> None:
    options = CallOptions(language="ko", agent_channel=1, hotwords=("환불",))
    metadata = {"agent_id": "kim", "custom": {"campaign": "봄"}}
    submission = store.create_call(new_call(options=options, metadata=metadata, filename="통화.wav"))
    call = store.get_call(submission.call.id)
    assert submission.created
    assert (call.status, call.options, call.filename) == (JobStatus.QUEUED, options, "통화.wav")
    assert call.metadata["agent_id"] == "kim"
    assert call.metadata["custom"] == {"campaign": "봄"}
    assert pickle.loads(pickle.dumps(call)) == call


def test_same_audio_twice_is_one_call_by_default(store: CallStore) -> None:
    first = store.create_call(new_call())
    assert store.create_call(new_call()).call.id == first.call.id
    assert not store.create_call(new_call()).created
    assert store.create_call(new_call(deduplicate=False)).created
    assert store.create_call(new_call(options=CallOptions(language="en"))).created
    assert store.create_call(new_call("b" * 64)).created


def test_same_audio_with_other_metadata_is_a_call_that_uses_the_stages_results(store: CallStore) -> None:
    first = store.create_call(new_call(metadata={"external_id": "FC-A"})).call
    finish(store)
    other = {"external_id": "FC-B", "agent_id": "lee"}
    second = store.create_call(new_call(metadata=other, filename="b.wav"))
    assert second.created
    assert second.call.metadata["external_id"] == "FC-B"
    assert [(run.name, run.status, run.attempts, run.duration_s) for run in second.call.stages] == [
        ("speech-recognizer", StageStatus.COMPLETED, 0, 0.0)
    ]
    assert (
        store.load_stage_output(second.call.id, "k1") == store.load_stage_output(first.id, "k1") is not None
    )
    assert [call.id for call in store.list_calls(CallFilter(external_id="FC-B")).calls] == [second.call.id]
    again = store.create_call(new_call(metadata=other))
    assert (again.created, again.call.id) == (False, second.call.id)
    assert [run.call_id for run in store.version_runs([""], 0)] == [first.id]


def test_results_are_reused_only_within_a_tenant_and_options(store: CallStore) -> None:
    store.create_call(new_call(metadata={"external_id": "A"}))
    finish(store)
    for other in (
        new_call(metadata={"external_id": "B"}, tenant="alpha"),
        new_call(metadata={"external_id": "B"}, options=CallOptions(language="en")),
        new_call(metadata={"external_id": "B"}, deduplicate=False),
        new_call("b" * 64),
    ):
        assert store.create_call(other).call.stages == ()


def test_duplicates_of_calls_with_old_keys_are_recognised(store: CallStore) -> None:
    new = new_call(metadata={"external_id": "A"})
    first = store.create_call(new).call
    with store._write() as session:
        row = session.get(CallRow, first.id)
        assert row is not None
        row.dedupe_key = calls._hash(calls._recording_and_options(new.tenant, new.media.sha256, new.options))
    assert store.create_call(new_call(metadata={"external_id": "A"})).call.id == first.id
    assert store.create_call(new_call(metadata={"external_id": "B"})).created
    assert store.create_call(new_call()).created


STARTED = ("2025-03-02T09:30:00+09:00", None, "2025-03-01T23:00:00Z", "2025-03-05T00:00:00Z", None)


def test_calls_are_found_and_sorted_by_start_time(store: CallStore) -> None:
    made = [
        store.create_call(new_call(deduplicate=False, metadata={"started_at": at} if at else {})).call.id
        for at in STARTED
    ]
    march_2_ms = 1_740_873_600_000  # 2025-03-02T00:00:00Z
    found = CallFilter(started_from_ms=march_2_ms, started_before_ms=march_2_ms + 3_600_000)
    assert [call.id for call in store.list_calls(found).calls] == [made[0]]
    for order, expected in (
        (CallOrder.STARTED, [2, 0, 3, 1, 4]),
        (CallOrder.STARTED_LAST, [3, 0, 2, 4, 1]),
        (CallOrder.CREATED, [0, 1, 2, 3, 4]),
        (CallOrder.CREATED_LAST, [4, 3, 2, 1, 0]),
    ):
        pages, cursor = [], None
        while True:
            page = store.list_calls(CallFilter(), 2, cursor, order, with_total=True)
            assert page.total == 5
            pages += [made.index(call.id) for call in page.calls]
            if (cursor := page.next_cursor) is None:
                break
            with pytest.raises(InvalidRequestError):
                store.list_calls(
                    CallFilter(), 2, cursor, next(other for other in CallOrder if other != order)
                )
        assert pages == expected, order
    store.patch_metadata(made[1], {"started_at": "2025-03-02T00:30:00+00:00"})
    store.patch_metadata(made[0], {"started_at": None})
    assert [call.id for call in store.list_calls(found).calls] == [made[1]]


def test_failed_call_does_not_block_the_same_audio(store: CallStore) -> None:
    first = store.create_call(new_call()).call
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(first.id, lease.token, "speech-recognizer", "stage_crashed", "boom")
    second = store.create_call(new_call())
    assert second.created
    store.retry_call(first.id)
    assert store.create_call(new_call()).call.id == second.call.id


def test_idempotency_key_names_one_request(store: CallStore) -> None:
    first = store.create_call(new_call(idempotency_key="k", deduplicate=False))
    again = store.create_call(new_call(idempotency_key="k", deduplicate=False))
    assert again.call.id == first.call.id
    assert not again.created
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        store.create_call(new_call("b" * 64, idempotency_key="k"))


def test_metadata_is_patched_and_cleared(store: CallStore) -> None:
    call = store.create_call(new_call(metadata={"queue": "vip", "custom": {"a": 1, "b": 2}})).call
    patched = store.patch_metadata(call.id, {"queue": None, "agent_id": "lee", "custom": {"a": None, "c": 3}})
    assert patched.metadata["queue"] is None
    assert patched.metadata["agent_id"] == "lee"
    assert patched.metadata["custom"] == {"b": 2, "c": 3}


def test_unknown_calls_are_not_found(store: CallStore) -> None:
    for method in (store.get_call, store.delete_call, store.retry_call, store.cancel_call):
        with pytest.raises(NotFoundError):
            method("nope")


def test_deleting_removes_everything_but_the_audit(store: CallStore) -> None:
    call = store.create_call(new_call(idempotency_key="k")).call
    finish(store)
    store.delete_call(call.id, actor="tester")
    assert store.events_after(call.id) == ()
    assert store.list_calls(CallFilter(text="환불")).calls == ()
    with pytest.raises(NotFoundError):
        store.get_report(call.id)
    with store._read() as session:
        from sqlalchemy import text

        counts = {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("calls", "stage_results", "reports", "events", "turn_texts", "turn_search")
        }
        audit = session.execute(text("SELECT actor, action, subject FROM audit_events")).all()
    assert set(counts.values()) == {0}
    assert [tuple(row) for row in audit] == [
        ("", "call.submitted", call.id),
        ("tester", "call.deleted", call.id),
    ]
    assert store.create_call(new_call(idempotency_key="k")).created


def test_correcting_roles_queues_the_call_and_keeps_finished_stages(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    with pytest.raises(ConflictError):
        store.correct_call(call.id, Corrections(roles={"spk_0": Role.CUSTOMER}))
    finish(store)
    store.correct_call(call.id, Corrections(roles={"spk_0": Role.CUSTOMER}))
    finish(store)
    queued = store.correct_call(call.id, Corrections(roles={"spk_1": Role.AGENT}))
    assert queued.status is JobStatus.QUEUED
    assert store.load_stage_output(call.id, "k1") is not None
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert [(each.participant_id, each.after) for each in lease.corrections] == [
        ("spk_0", Role.CUSTOMER),
        ("spk_1", Role.AGENT),
    ]


def test_retry_repeats_only_unfinished_stages(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    lease = store.lease("w", 60)
    assert lease is not None
    with pytest.raises(ConflictError):
        store.retry_call(call.id)
    store.record_stage(call.id, lease.token, StageRun("speaker-diarizer", StageStatus.COMPLETED, 1))
    store.record_stage(call.id, lease.token, StageRun("llm-analyzer", StageStatus.FAILED, 3, error_code="x"))
    store.complete(call.id, lease.token, JobStatus.PARTIAL, result_json(call.id))
    retried = store.retry_call(call.id)
    assert retried.status is JobStatus.QUEUED
    assert [(run.name, run.status) for run in retried.stages] == [("speaker-diarizer", StageStatus.COMPLETED)]


def test_cancelling_twice_ends_the_lease(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    lease = store.lease("w", 60)
    assert lease is not None
    assert store.cancel_call(call.id).status is JobStatus.CANCELLED
    assert store.cancel_call(call.id).status is JobStatus.CANCELLED
    assert not store.renew(call.id, lease.token, 60)
    assert store.lease("w", 60) is None
    store.retry_call(call.id)
    finish(store)
    with pytest.raises(ConflictError):
        store.cancel_call(call.id)


def test_lists_filter(store: CallStore, clock: Clock) -> None:
    old = store.create_call(new_call("1" * 64, metadata={"agent_id": "kim"})).call
    clock.now_s += 10
    new = store.create_call(new_call("2" * 64, metadata={"agent_id": "lee"})).call
    finish(store)

    def found(**wanted: object) -> list[str]:
        return [call.id for call in store.list_calls(CallFilter(**wanted)).calls]  # type: ignore[arg-type]

    assert found() == [new.id, old.id]
    assert found(agent_id="kim") == [old.id]
    assert found(statuses=(JobStatus.COMPLETED,)) == [old.id]
    assert found(language_code="ko") == [old.id]
    assert found(created_from_ms=new.created_at_ms) == [new.id]
    assert found(created_before_ms=new.created_at_ms) == [old.id]


@pytest.fixture(scope="module")
def ten_calls(tmp_path_factory: pytest.TempPathFactory) -> CallStore:
    store = CallStore(f"sqlite:///{tmp_path_factory.mktemp('paging')}/callytics.db")
    for number in range(10):
        store.create_call(new_call(f"{number:064}", metadata={"queue": "even" if number % 2 == 0 else "odd"}))
    return store


@settings(max_examples=30, deadline=None)
@given(limit=st.integers(1, 12), queue=st.sampled_from([None, "even", "odd"]))
def test_paging_shows_every_call_once_in_order(ten_calls: CallStore, limit: int, queue: str | None) -> None:
    wanted = CallFilter(queue=queue)
    everything = [call.id for call in ten_calls.list_calls(wanted, limit=100).calls]
    seen: list[str] = []
    cursor = None
    while True:
        page = ten_calls.list_calls(wanted, limit, cursor)
        assert 0 < len(page.calls) <= limit
        seen += [call.id for call in page.calls]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == everything == sorted(everything, reverse=True)
    assert len(everything) == (10 if queue is None else 5)


@settings(max_examples=50, deadline=None)
@given(cursor=st.text(max_size=60))
def test_foreign_cursors_are_rejected(ten_calls: CallStore, cursor: str) -> None:
    with pytest.raises(InvalidRequestError):
        ten_calls.list_calls(CallFilter(), 5, cursor)


def test_statistics_count_existing_calls(store: CallStore) -> None:
    store.create_call(new_call("1" * 64))
    finish(store)
    waiting = store.create_call(new_call("2" * 64)).call
    numbers = store.statistics()
    assert numbers.calls_by_status["COMPLETED"] == 1
    assert numbers.calls_by_status["QUEUED"] == 1
    assert numbers.calls_by_status["FAILED"] == 0
    assert numbers.oldest_queued_at_ms == waiting.created_at_ms
    assert numbers.audio_duration_s == 24.0
    assert [(s.stage, s.status, s.runs, s.duration_s) for s in numbers.stages] == [
        ("speech-recognizer", "COMPLETED", 1, 1.5)
    ]


def test_api_keys_are_kept_as_hashes_and_can_be_revoked(store: CallStore, clock: Clock) -> None:
    from callytics.store import hash_secret

    issued = store.create_api_key("ci", ["calls:read"])
    assert issued.secret.startswith("cly_")
    assert issued.secret not in repr(issued)
    found = store.authenticate(hash_secret(issued.secret))
    assert found is not None
    assert found.scopes == ("calls:read",)
    assert store.list_api_keys()[0].last_used_at_ms == round(clock.now_s * 1000)
    with store._read() as session:
        from sqlalchemy import text

        assert issued.secret not in str(session.execute(text("SELECT * FROM api_keys")).all())
    store.revoke_api_key(issued.key.id)
    assert store.authenticate(hash_secret(issued.secret)) is None
    with pytest.raises(InvalidRequestError):
        store.create_api_key("ci", ["calls:everything"])


def test_unused_new_options_do_not_change_keys() -> None:
    """Else every recording of an archive would be analysed again after an update."""
    plain = options_to_json(CallOptions(language="ko"))
    assert not {"task", "known_speakers", "written_forms"} & set(plain)
    options = CallOptions(
        task=Task.TRANSLATE, written_forms=True, known_speakers=(KnownSpeaker("kim", "/blobs/voice-0"),)
    )
    assert options_from_json(options_to_json(options)) == options
    assert options_from_json(plain) == CallOptions(language="ko")


def test_news_of_many_calls_is_one_snapshot(store: CallStore) -> None:
    """Each after its own number, in order; what was deleted, or never was, is left out."""
    ids = [store.create_call(new_call(deduplicate=False)).call.id for _ in range(130)]
    store.append_event(ids[0], "x.one", {})
    (queued, one) = store.events_after(ids[0])
    store.append_event(ids[0], "x.two", {})
    store.cancel_call(ids[1])
    store.delete_call(ids[2])
    news = store.news({**dict.fromkeys(ids, 0), ids[0]: queued.number, "unknown": 0, "\0": 0})
    assert set(news) == {*ids} - {ids[2]}
    assert [event.type for event in news[ids[0]][1]] == ["x.one", "x.two"]
    assert news[ids[0]][1][0] == one
    assert (news[ids[1]][0], [e.type for e in news[ids[1]][1]]) == (
        JobStatus.CANCELLED,
        ["call.queued", "call.cancelled"],
    )
    assert store.news({ids[0]: 1 << 80}) == store.news({}) == {}
