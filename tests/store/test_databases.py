"""What differs between the two databases, and must not be seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.errors import ConfigError, NotFoundError, UnavailableError
from callytics.store import CallFilter, CallStore, JobStatus
from callytics.store.search import query_terms, tsquery, tsvector
from tests.store.samples import finish, new_call
from tests.support.postgres import PostgresServer, find_binaries


def test_the_same_request_at_the_same_moment_is_one_call(database_url: str) -> None:
    stores = [CallStore(database_url) for _ in range(4)]
    barrier = threading.Barrier(len(stores))
    answers: list[tuple[str, bool]] = []

    def create(store: CallStore) -> None:
        barrier.wait()
        submission = store.create_call(new_call(tenant="new", idempotency_key="k"))
        answers.append((submission.call.id, submission.created))

    threads = [threading.Thread(target=create, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len({call_id for call_id, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    for store in stores:
        store.close()


def test_what_no_database_can_hold_is_answered_all_the_same(store: CallStore) -> None:
    call = store.create_call(new_call(filename="a\0b\ud800.wav")).call
    assert store.get_call(call.id).filename == "ab?.wav"
    for call_id in ("\0", "\ud800", "x" * 1000, "1' OR '1'='1", ""):
        with pytest.raises(NotFoundError):
            store.get_call(call_id)
        with pytest.raises(NotFoundError):
            store.get_report(call_id)
        assert store.events_after(call_id) == ()
    assert store.events_after(call.id, 1 << 80) == ()
    assert store.list_calls(CallFilter(text="a\0b")).calls == ()


def test_tenants_are_apart(store: CallStore) -> None:
    ours = store.create_call(new_call(tenant="ours")).call
    theirs = store.create_call(new_call(tenant="theirs")).call
    assert theirs.id != ours.id  # the same audio is no duplicate across tenants
    for _ in range(2):
        finish(store)
    page = store.list_calls(CallFilter(tenant="ours", text="환불"))
    assert [call.id for call in page.calls] == [ours.id]
    reading = (store.get_call, store.get_report)
    writing = (store.retry_call, store.cancel_call)
    for method in (*reading, *writing):
        with pytest.raises(NotFoundError):
            method(ours.id, tenant="theirs")
    with pytest.raises(NotFoundError):
        store.delete_call(ours.id, tenant="theirs")
    with pytest.raises(NotFoundError):
        store.reprocess_call(ours.id, ["llm-analyzer"], tenant="theirs")
    store.delete_call(ours.id, actor="k", tenant="ours")
    assert [(a.tenant, a.action, a.subject) for a in store.audit_events("ours")] == [
        ("ours", "call.deleted", ours.id),
        ("ours", "call.submitted", ours.id),
    ]
    assert [a.action for a in store.audit_events("theirs")] == ["call.submitted"]
    assert store.get_call(theirs.id, tenant="theirs").status is JobStatus.COMPLETED


def test_both_index_the_same_tokens() -> None:
    assert tsvector(("환불", "불을", "naïve", "calls", "s")) == "'환불':1 '불을':2 'naiv':3 'call':4 's':5"
    phrases = [term[0] for term in query_terms('휴일을 "refund policies" 끝')]
    assert tsquery(phrases) == "('휴일' <-> '일을') | ('refund' <-> 'polici') | ('끝':*)"
    assert tsquery(query_terms("휴일을")[0]) == "('휴일' <-> '일을') | ('ㅁ휴일')"


@pytest.mark.parametrize(
    ("url", "code"),
    [("mysql://localhost/x", "database_url_invalid"), ("not a url", "database_url_invalid")],
)
def test_wrong_urls(url: str, code: str) -> None:
    with pytest.raises(ConfigError) as error:
        CallStore(url)
    assert error.value.code == code


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL")
    server = PostgresServer(binaries)
    yield server
    server.remove()


def test_a_restart_of_the_server_is_survived(own_server: PostgresServer) -> None:
    url = own_server.create_database("restart")
    store = CallStore(url)
    call_id = store.create_call(new_call()).call.id
    lease = store.lease("w", 600)
    assert lease is not None
    own_server.stop(at_once=True)
    for method in (store.statistics, lambda: store.renew(call_id, lease.token, 60), lambda: CallStore(url)):
        with pytest.raises(UnavailableError) as error:
            method()  # type: ignore[operator]
        assert error.value.code == "database_unavailable"
        assert "callytics@" not in str(error.value)
    own_server.start()
    assert store.renew(call_id, lease.token, 60)
    store.close()


def test_a_disk_that_is_full_passes_by_itself(tmp_path: Path) -> None:
    store = CallStore(f"sqlite:///{tmp_path}/callytics.db")
    with store._engine.connect() as connection:
        connection.exec_driver_sql(
            "PRAGMA max_page_count = 10"
        )  # of this connection, the only one of the pool

    def fill() -> None:
        for number in range(2000):
            store.create_call(new_call(f"{number:064}", filename="x" * 4000))

    with pytest.raises(UnavailableError):
        fill()
    store.close()
