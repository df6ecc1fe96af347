"""Sessions of people whom an issuer knows: rights for a while, renewed by one caller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.errors import InvalidRequestError
from callytics.store import CallStore, Grant, SignedIn, hash_secret
from callytics.store.sessions import CLAIM_S, MAX_SESSION_S, SESSION_S
from tests.support.clocks import Clock


def granted(clock: Clock, **changes: object) -> Grant:
    told = Grant("kim", "alpha", ("calls:read",), round(clock.now_s * 1000) + 300_000, sealed="sealed-1")
    return replace(told, **changes)  # type: ignore[arg-type]


def begin(store: CallStore, grant: Grant, flow: str = "f1") -> str:
    """The hash of a new session's secret."""
    issued = store.begin_issuer_session(hash_secret(flow), grant)
    assert issued is not None
    return hash_secret(issued.secret)


def test_session_stands_for_the_person_and_their_rights(store: CallStore, clock: Clock) -> None:
    grant = granted(clock)
    session = begin(store, grant)
    who = store.authenticate_session(session)
    assert who == SignedIn("oidc:kim", "alpha", ("calls:read",), {}, grant.renew_at_ms)
    store.end_session(session)
    assert store.authenticate_session(session) is None
    actions = [(event.action, event.actor) for event in store.audit_events("alpha")]
    assert actions == [("session.ended", "oidc:kim"), ("session.begun", "oidc:kim")]


def test_flow_begins_one_session(store: CallStore, clock: Clock) -> None:
    begin(store, granted(clock))
    assert store.begin_issuer_session(hash_secret("f1"), granted(clock)) is None
    assert store.begin_issuer_session(hash_secret("f2"), granted(clock)) is not None
    assert store.authenticate_session(hash_secret("f1")) is None, "a flow is no session"


def test_one_caller_renews_at_a_time(store: CallStore, clock: Clock) -> None:
    session = begin(store, granted(clock))
    assert store.claim_renewal(session) is None, "it was confirmed just now"
    clock.now_s += 301
    assert store.claim_renewal(session) == "sealed-1"
    assert store.claim_renewal(session) is None
    store.release_renewal(session)
    assert store.claim_renewal(session) == "sealed-1"
    clock.now_s += CLAIM_S + 1  # it was killed
    assert store.claim_renewal(session) == "sealed-1"
    renewed = store.renew_session(session, granted(clock, scopes=("admin",), sealed="sealed-2"))
    assert renewed is not None
    assert renewed.scopes == ("admin",)
    assert store.authenticate_session(session) == renewed
    clock.now_s += 301
    assert store.claim_renewal(session) == "sealed-2"


def test_session_is_renewed_for_its_own_person_only(store: CallStore, clock: Clock) -> None:
    session = begin(store, granted(clock))
    assert store.renew_session(session, granted(clock, subject="lee", scopes=("admin",))) is None
    who = store.authenticate_session(session)
    assert who is not None
    assert who.scopes == ("calls:read",)
    store.end_session(session)
    assert store.renew_session(session, granted(clock)) is None


def test_session_without_a_refresh_token_ends_with_the_rights(store: CallStore, clock: Clock) -> None:
    session = begin(store, granted(clock, sealed=""))
    clock.now_s += 200
    assert store.authenticate_session(session) is not None, "used, and not prolonged by it"
    clock.now_s += 101
    assert store.authenticate_session(session) is None


def test_session_lasts_no_longer_than_that_of_a_key(store: CallStore, clock: Clock) -> None:
    idle, used = begin(store, granted(clock), "f1"), begin(store, granted(clock), "f2")
    store.authenticate_session(used)
    for _ in range(MAX_SESSION_S // (SESSION_S // 2) - 1):
        clock.now_s += SESSION_S // 2
        assert store.renew_session(used, granted(clock)) is not None
        assert store.authenticate_session(used) is not None
    clock.now_s += SESSION_S // 2 + 1
    assert store.authenticate_session(used) is None
    assert store.authenticate_session(idle) is None
    assert store.claim_renewal(idle) is None


def test_tenant_that_is_none_is_refused(store: CallStore, clock: Clock) -> None:
    with pytest.raises(InvalidRequestError):
        store.begin_issuer_session(hash_secret("f"), granted(clock, tenant="../x"))
