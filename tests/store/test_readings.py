"""Who listened, on both databases: once per person, call, format and window, however often it is told."""

from __future__ import annotations

import threading

from callytics.store import AuditFilter, CallStore, ReadRecord
from callytics.store.audit import READ_WINDOW_S


def read(at_s: int, actor: str = "kim", subject: str = "c1", **detail: object) -> ReadRecord:
    return ReadRecord(at_s * 1000, "default", actor, "call.audio_read", subject, detail)


def test_reading_is_noted_once_in_the_window(store: CallStore) -> None:
    store.record_reads([read(1000), read(1001), read(1000 + READ_WINDOW_S - 1)])
    store.record_reads([read(1000)])  # told again after a lost answer
    assert [event.at_ms for event in store.audit_events()] == [1_000_000]
    store.record_reads([read(1000 + READ_WINDOW_S)])
    assert len(store.audit_events()) == 2
    store.record_reads([read(1000, "lee"), read(1000, subject="c2"), read(1000, format="mp3")])
    store.record_reads([read(1000, format="mp3", turn_id="t1"), read(1001, format="mp3", turn_id="t2")])
    assert len(store.audit_events()) == 6


def test_entries_are_found_by_who_what_and_when(store: CallStore) -> None:
    store.record_reads([read(1000 + i * 1000, ("kim", "lee")[i % 2], f"c{i // 4}") for i in range(8)])

    def found(**wanted: object) -> list[int]:
        events = store.audit_events(wanted=AuditFilter(**wanted))  # type: ignore[arg-type]
        return [event.at_ms // 1000 for event in events]

    assert found() == [8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000]
    assert found(actor="kim") == [7000, 5000, 3000, 1000]
    assert found(actor="kim", subject="c1") == [7000, 5000]
    assert found(since_ms=3_000_000, until_ms=5_000_000) == [4000, 3000]
    assert found(action="call.deleted") == found(tenant="alpha") == []


def test_two_gateways_at_once_note_at_most_one_each(store: CallStore) -> None:
    """On SQLite writers take turns, so it is one. On PostgreSQL two transactions may not see each other: one each."""
    threads = [threading.Thread(target=store.record_reads, args=([read(1000)],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(store.audit_events()) <= 2
