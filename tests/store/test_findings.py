"""What lists show of a result is what the result says, as long as it is there."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from sqlmodel import select

from callytics.domain import JobStatus, MoodDirection
from callytics.errors import InvalidRequestError
from callytics.store import (
    CallFilter,
    CallOrder,
    CallStore,
    Findings,
    FindingsState,
    Missing,
    Mood,
    Resolved,
    codec,
    findings,
)
from callytics.store.database import open_database
from callytics.store.records.calls import CallRecord
from callytics.store.tables.calls import FindingFlagRow, FindingRow, ReportRow
from tests.store.samples import new_call
from tests.support.migrations import run_alembic
from tests.support.varied_calls import Played, fail_again, finish_with, play_call, play_calls, result_of


def found(store: CallStore, call_id: str) -> Findings | None:
    page = store.list_calls(CallFilter(), 200)
    assert call_id in [call.id for call in page.calls]
    return page.findings.get(call_id)


def customer(result: dict[str, Any]) -> dict[str, Any]:
    trends: list[dict[str, Any]] = result["conversation_characteristics"]["sentiment"]
    return next(trend for trend in trends if trend["participant_role"] == "CUSTOMER")


def test_findings_are_those_of_the_result(store: CallStore) -> None:
    result = result_of(random.Random(3))
    result["contact_summary"]["issue"] = " wants\na refund\0 "
    result["flags"] = [{"code": code, "message": ""} for code in ("b", "a", "b")]
    result["communication_quality"] |= {"overall": 61.5, "judged_criteria": 4}
    shown = found(store, play_call(store, result).call_id)
    mood = customer(result)
    assert shown is not None
    assert (shown.state, shown.result_status) == (FindingsState.CURRENT, JobStatus.COMPLETED)
    assert (shown.issue, shown.flags) == ("wants a refund", ("a", "b"))
    assert (shown.quality, shown.quality_criteria) == (61.5, 4)
    assert (shown.mood_start, shown.mood_end) == (mood["start"], mood["end"])
    assert shown.mood_direction == mood["direction"]
    assert list(shown.mood_quarters) == [quarter["score"] for quarter in mood["by_quarter"]]
    assert shown.topic == result["contact_summary"]["topic"]
    assert shown.resolved == result["contact_summary"]["resolved"]
    assert shown.duration_ms == result["media"]["duration_ms"]


def test_call_without_a_result_has_no_findings(store: CallStore) -> None:
    call = store.create_call(new_call()).call
    assert found(store, call.id) is None


def test_names_of_agents_are_those_of_the_result(store: CallStore) -> None:
    result = result_of(random.Random(3))
    agent = next(p for p in result["participants"] if p["participant_role"] == "AGENT")
    result["participants"] += [{**agent, "participant_id": "spk_7", "name": "Lee"}]
    agent["name"] = "Kim Minji"
    call_id = play_call(store, result).call_id
    shown = found(store, call_id)
    assert shown is not None
    assert shown.agent_name == "Kim Minji, Lee"
    assert ids(store, agent="Kim Minji, Lee") == [call_id]
    store.patch_metadata(call_id, {"agent_id": "kim"})  # what people say of the call goes before
    assert ids(store, agent="Kim Minji, Lee") == []
    assert ids(store, agent="kim") == [call_id]


def test_customer_who_speaks_most_tells_the_mood(store: CallStore) -> None:
    result = result_of(random.Random(3))
    figures = result["conversation_characteristics"]
    talk = next(
        one for one in figures["talk_time"]["details_by_participant"] if one["participant_role"] == "CUSTOMER"
    )
    figures["talk_time"]["details_by_participant"].append(
        {**talk, "participant_id": "spk_9", "total_time_ms": talk["total_time_ms"] + 1}
    )
    figures["sentiment"].append({**customer(result), "participant_id": "spk_9", "end": 3.25})
    shown = found(store, play_call(store, result).call_id)
    assert shown is not None
    assert shown.mood_end == 3.25


def test_new_result_replaces_the_findings_and_their_flags(store: CallStore) -> None:
    number = random.Random(5)
    first, second = result_of(number), result_of(number)
    first["flags"], second["flags"] = [{"code": "old", "message": ""}], [{"code": "new", "message": ""}]
    first["contact_summary"]["issue"], second["contact_summary"]["issue"] = "first", "second"
    call_id = play_call(store, first).call_id
    store.reprocess_call(call_id, ["llm-analyzer"])
    earlier = found(store, call_id)
    assert earlier is not None
    assert (earlier.state, earlier.issue) == (FindingsState.EARLIER, "first")
    assert ids(store, findings=FindingsState.EARLIER) == [call_id]
    finish_with(store, call_id, second)
    shown = found(store, call_id)
    assert shown is not None
    assert (shown.state, shown.issue, shown.flags) == (FindingsState.CURRENT, "second", ("new",))
    assert ids(store, flags=("old",)) == []


def test_failed_run_leaves_the_findings_of_the_result_that_stays(store: CallStore) -> None:
    played = play_call(store, result_of(random.Random(6)))
    fail_again(store, played.call_id)
    shown = found(store, played.call_id)
    assert shown is not None
    assert shown.state is FindingsState.EARLIER
    assert json.loads(store.get_report(played.call_id))["contact_summary"]["topic"] == shown.topic
    assert ids(store, findings=FindingsState.CURRENT) == []


def test_deleted_call_leaves_no_findings(store: CallStore) -> None:
    call_id = play_call(store, result_of(random.Random(6), flags=[{"code": "a", "message": ""}])).call_id
    store.delete_call(call_id)
    with store._read() as session:
        assert session.exec(select(FindingRow)).all() == []
        assert session.exec(select(FindingFlagRow)).all() == []


def test_lost_lease_writes_neither_result_nor_findings(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("worker", 60.0)
    assert lease is not None
    store.cancel_call(call_id)
    body = json.dumps(result_of(random.Random(6), call_id)).encode()
    with pytest.raises(Exception, match="lease"):
        store.complete(call_id, lease.token, JobStatus.COMPLETED, body)
    assert found(store, call_id) is None


def test_results_from_before_are_filled_in_by_chunks(database_url: str) -> None:
    """Down to the schema without findings, up again: the same rows, a few at a time, once."""
    store = CallStore(database_url)
    number = random.Random(8)
    calls = [play_call(store, result_of(number)).call_id for _ in range(5)]
    before = store.list_calls(CallFilter(), 200)
    store.close()
    engine = open_database(database_url)
    run_alembic(engine, command.downgrade, "0012")
    engine.dispose()
    store = CallStore(database_url)
    assert store.list_calls(CallFilter(), 200).findings == {}
    assert ids(store, findings=FindingsState.NONE) == calls[::-1]
    assert [store.fill_findings(2) for _ in range(4)] == [2, 2, 1, 0]
    after = store.list_calls(CallFilter(), 200)
    assert after == before
    assert after.calls[0].called_at_ms > 0
    store.close()


def test_rows_of_an_earlier_version_are_written_again(
    store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = play_call(store, result_of(random.Random(8))).call_id
    assert store.fill_findings() == 0
    monkeypatch.setattr(findings, "VERSION", findings.VERSION + 1)
    assert store.fill_findings() == 1
    assert store.fill_findings() == 0
    assert found(store, call_id) is not None


@pytest.mark.parametrize(
    "part",
    ["contact_summary", "communication_quality", "conversation_characteristics", "participants", "flags"],
)
def test_results_of_first_versions_lack_parts(store: CallStore, part: str) -> None:
    call_id = play_call(store, result_of(random.Random(8))).call_id
    old = {name: value for name, value in result_of(random.Random(8), call_id).items() if name != part}
    with store._write() as session:
        row = session.get(ReportRow, call_id)
        finding = session.get(FindingRow, call_id)
        assert row is not None
        row.body = codec.pack(json.dumps(old).encode())
        session.delete(finding)
    assert store.fill_findings() == 1
    assert found(store, call_id) is not None


# ---------------------------------------------------------------- filters and orders


def ids(store: CallStore, **wanted: Any) -> list[str]:
    return [call.id for call in store.list_calls(CallFilter(**wanted), 200).calls]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CallStore, list[Played]]]:
    store = CallStore(f"sqlite:///{tmp_path_factory.mktemp('many')}/callytics.db")
    yield store, list(play_calls(store, 60))
    store.close()


@pytest.fixture
def varied(database_url: str) -> Iterator[CallStore]:
    store = CallStore(database_url)
    list(play_calls(store, 40))
    list(play_calls(store, 5, tenant="other", seed=2))
    yield store
    store.close()


def everything(store: CallStore) -> list[tuple[CallRecord, Findings]]:
    page = store.list_calls(CallFilter(tenant="default"), 200)
    return [(call, page.findings[call.id]) for call in page.calls]


def agent_of(call: CallRecord, shown: Findings) -> str | None:
    return call.metadata["agent_id"] or shown.agent_name


def test_filters_find_what_they_say(varied: CallStore) -> None:
    calls = everything(varied)
    assert len(calls) == 40
    middle = sorted(call.called_at_ms for call, _ in calls)[20]
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"agent": "박 서준"}, lambda c, f: agent_of(c, f) == "박 서준"),
        ({"agent": "Emma"}, lambda c, f: agent_of(c, f) == "Emma"),
        ({"without": (Missing.AGENT,)}, lambda c, f: agent_of(c, f) is None),
        (
            {"without": (Missing.QUEUE, Missing.TOPIC)},
            lambda c, f: not c.metadata["queue"] and f.topic is None,
        ),
        ({"queue": "sales/한국"}, lambda c, f: c.metadata["queue"] == "sales/한국"),
        ({"topic": "refund"}, lambda c, f: f.topic == "refund"),
        ({"mood": Mood.NEGATIVE}, lambda c, f: f.mood_end is not None and f.mood_end <= -0.75),
        ({"mood": Mood.POSITIVE}, lambda c, f: f.mood_end is not None and f.mood_end >= 1.5),
        ({"mood": Mood.NEUTRAL}, lambda c, f: f.mood_end is not None and -0.75 < f.mood_end < 1.5),
        ({"mood": Mood.ANY}, lambda c, f: f.mood_end is not None),
        ({"mood_direction": MoodDirection.WORSE}, lambda c, f: f.mood_direction == "WORSE"),
        ({"quality_from": 60.0}, lambda c, f: f.quality is not None and f.quality >= 60),
        ({"quality_before": 60.0}, lambda c, f: f.quality is not None and f.quality < 60),
        ({"flags": ("truncated",)}, lambda c, f: "truncated" in f.flags),
        ({"flags": ("truncated", "dual_mono")}, lambda c, f: {"truncated", "dual_mono"} <= set(f.flags)),
        ({"resolved": Resolved.NO}, lambda c, f: f.resolved is False),
        ({"resolved": Resolved.UNKNOWN}, lambda c, f: f.resolved is None),
        ({"findings": FindingsState.EARLIER}, lambda c, f: c.status is JobStatus.FAILED),
        ({"duration_from_s": 600.0}, lambda c, f: c.media.duration_s >= 600),
        ({"duration_before_s": 600.0}, lambda c, f: c.media.duration_s < 600),
        ({"called_from_ms": middle}, lambda c, f: c.called_at_ms >= middle),
        (
            {"called_before_ms": middle, "topic": "billing"},
            lambda c, f: c.called_at_ms < middle and f.topic == "billing",
        ),
    ]
    for wanted, holds in cases:
        expected = {call.id for call, shown in calls if holds(call, shown)}
        page = varied.list_calls(CallFilter(tenant="default", **wanted), 200, with_total=True)
        assert {call.id for call in page.calls} == expected, wanted
        assert page.total == len(expected)
        assert expected or wanted == {"flags": ("truncated", "dual_mono")} or "without" in wanted, wanted


KEYS: dict[str, Any] = {
    "created_at": lambda c, f: c.created_at_ms,
    "called_at": lambda c, f: c.called_at_ms,
    "duration": lambda c, f: c.media.duration_s,
    "agent": agent_of,
    "queue": lambda c, f: c.metadata["queue"],
    "topic": lambda c, f: f.topic,
    "mood": lambda c, f: f.mood_end,
    "quality": lambda c, f: f.quality,
    "flags": lambda c, f: len(f.flags),
}


@pytest.mark.parametrize("order", [order for order in CallOrder if order.removeprefix("-") in KEYS])
def test_pages_hold_every_call_once_in_order(many: tuple[CallStore, list[Played]], order: CallOrder) -> None:
    store, played = many
    pages = walk(store, order)
    assert sorted(call.id for call, _ in pages) == sorted(one.call_id for one in played)
    keys = [KEYS[order.removeprefix("-")](call, shown) for call, shown in pages]
    known = [key for key in keys if key is not None]
    assert keys[: len(known)] == known, "calls without a value come last"
    assert known == sorted(known, reverse=order.startswith("-"))


def walk(store: CallStore, order: CallOrder) -> list[tuple[CallRecord, Findings]]:
    seen: list[tuple[CallRecord, Findings]] = []
    cursor = None
    while True:
        page = store.list_calls(CallFilter(), 7, cursor, order)
        seen += [(call, page.findings[call.id]) for call in page.calls]
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize(
    "order", [CallOrder.AGENT, CallOrder.QUALITY_LAST, CallOrder.MOOD, CallOrder.TOPIC_LAST]
)
def test_pages_are_the_same_on_both_databases(varied: CallStore, order: CallOrder) -> None:
    seen = [call.id for call, _ in walk(varied, order)]
    assert len(seen) == len(set(seen)) == 45


def test_calls_that_come_and_go_between_pages_move_none(many: tuple[CallStore, list[Played]]) -> None:
    store, _ = many
    first = store.list_calls(CallFilter(), 10, None, CallOrder.QUALITY_LAST)
    rest = store.list_calls(CallFilter(), 200, first.next_cursor, CallOrder.QUALITY_LAST)
    best = result_of(random.Random(1))
    best["communication_quality"]["overall"] = 100.0
    added = play_call(store, best)
    again = store.list_calls(CallFilter(), 200, first.next_cursor, CallOrder.QUALITY_LAST)
    assert [call.id for call in again.calls] == [call.id for call in rest.calls]
    store.delete_call(added.call_id)


def test_cursor_of_another_order_is_refused(many: tuple[CallStore, list[Played]]) -> None:
    store, _ = many
    cursor = store.list_calls(CallFilter(), 5, None, CallOrder.TOPIC).next_cursor
    with pytest.raises(InvalidRequestError, match="cursor"):
        store.list_calls(CallFilter(), 5, cursor, CallOrder.AGENT)


def test_changed_time_of_a_call_moves_it(store: CallStore) -> None:
    played = play_call(store, result_of(random.Random(1)), started_at="2026-03-02T10:00:00+09:00")
    assert ids(store, called_from_ms=1_772_413_200_000, called_before_ms=1_772_413_200_001) == [
        played.call_id
    ]
    store.patch_metadata(played.call_id, {"started_at": None})
    call = store.get_call(played.call_id)
    assert call.called_at_ms == call.created_at_ms
