"""Named views: whose they are, who sees them, and what is refused."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from callytics.errors import ConflictError
from callytics.store import CallStore
from callytics.store.views import MAX_VIEWS_OF_OWNER

pytestmark = pytest.mark.anyio

ANGRY = {"name": "화난 고객", "query": {"mood": "NEGATIVE", "sort": "-called_at"}}


def bearer(store: CallStore, name: str, *scopes: str, tenant: str = "default") -> dict[str, str]:
    return {"Authorization": f"Bearer {store.create_api_key(name, scopes, '', tenant).secret}"}


async def names(client: httpx.AsyncClient, headers: dict[str, str]) -> list[tuple[str, bool, bool]]:
    answer = await client.get("/v1/views", headers=headers)
    assert answer.status_code == 200, answer.text
    return [(one["name"], one["is_own"], one["is_shared"]) for one in answer.json()["views"]]


async def test_view_is_its_makers_until_it_is_shared_and_the_tenants_then(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    mine = bearer(store, "mine", "calls:read", "calls:write")
    reader = bearer(store, "reader", "calls:read")
    elsewhere = bearer(store, "elsewhere", "admin", tenant="beta")
    kept = (await client.put("/v1/views", json=ANGRY, headers=mine)).json()
    assert (kept["query"], kept["is_shared"], kept["is_own"]) == (ANGRY["query"], False, True)
    assert await names(client, mine) == [("화난 고객", True, False)]
    assert await names(client, reader) == []
    again = (await client.put("/v1/views", json={**ANGRY, "is_shared": True}, headers=mine)).json()
    assert again["id"] == kept["id"], "the same name is the same view"
    assert await names(client, reader) == [("화난 고객", False, True)]
    assert await names(client, elsewhere) == []
    refused = await client.delete(f"/v1/views/{kept['id']}", headers=reader)
    assert (refused.status_code, refused.json()["code"]) == (403, "view_of_another")
    assert (await client.delete(f"/v1/views/{kept['id']}", headers=elsewhere)).status_code == 404
    editor = bearer(store, "editor", "calls:read", "calls:write")
    assert (await client.delete(f"/v1/views/{kept['id']}", headers=editor)).status_code == 204
    assert await names(client, mine) == []
    actions = [(event.action, event.detail) for event in store.audit_events() if event.subject == kept["id"]]
    assert actions == [
        ("view.deleted", {"is_shared": True}),
        ("view.saved", {"is_shared": True}),
        ("view.saved", {"is_shared": False}),
    ]


async def test_reader_keeps_private_views_and_shares_none(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    reader = bearer(store, "reader", "calls:read")
    refused = await client.put("/v1/views", json={**ANGRY, "is_shared": True}, headers=reader)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    kept = (await client.put("/v1/views", json=ANGRY, headers=reader)).json()
    other = bearer(store, "other", "calls:read", "calls:write")
    missing = await client.delete(f"/v1/views/{kept['id']}", headers=other)
    assert (missing.status_code, missing.json()["code"]) == (404, "view_not_found")
    assert (await client.delete(f"/v1/views/{kept['id']}", headers=reader)).status_code == 204


async def test_private_views_end_with_their_key_and_shared_ones_stay(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    issued = store.create_api_key("leaves", ["calls:read", "calls:write"])
    leaves = {"Authorization": f"Bearer {issued.secret}"}
    await client.put("/v1/views", json=ANGRY, headers=leaves)
    await client.put("/v1/views", json={**ANGRY, "name": "shared", "is_shared": True}, headers=leaves)
    store.revoke_api_key(issued.key.id)
    assert [view.name for view in store.list_views("default", issued.key.id)] == ["shared"]


@pytest.mark.parametrize(
    "body",
    [
        {**ANGRY, "name": ""},
        {**ANGRY, "name": "   "},
        {**ANGRY, "name": "x" * 61},
        {**ANGRY, "name": "a\u0000b"},
        {**ANGRY, "query": {"colour": "red"}},
        {**ANGRY, "query": {"cursor": "x"}},
        {**ANGRY, "query": {"q": "x" * 5000}},
        {**ANGRY, "query": {"q": 1}},
        {**ANGRY, "owner": "me"},
        {"name": "x"},
    ],
)
async def test_malformed_view_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.put("/v1/views", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text


async def test_two_spellings_of_a_name_are_one(client: httpx.AsyncClient) -> None:
    for name in ("환불", "  \u1112\u116a\u11ab\u1107\u116e\u11af "):
        assert (await client.put("/v1/views", json={**ANGRY, "name": name})).status_code == 200
    assert len((await client.get("/v1/views")).json()["views"]) == 1


def test_number_of_views_is_limited_per_person(store: CallStore) -> None:
    for number in range(MAX_VIEWS_OF_OWNER):
        store.save_view("default", "me", f"view {number}", {}, False)
    with pytest.raises(ConflictError) as refused:
        store.save_view("default", "me", "one more", {}, False)
    assert refused.value.code == "too_many_views"
    store.save_view("default", "me", "view 7", {"q": "x"}, False)
    store.save_view("default", "you", "one more", {}, False)


def test_same_view_made_twice_at_once_is_one(store: CallStore) -> None:
    start = threading.Barrier(4)

    def save() -> None:
        start.wait()
        store.save_view("default", "me", "x", {}, False)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.list_views("default", "me")) == 1
