"""Corrections over HTTP: who wrote what, what is refused, how it is undone. On SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from callytics.store import CallStore
from tests.api.conftest import submit
from tests.store.samples import LINES, finish

pytestmark = pytest.mark.anyio

TEXT = "어제 산 신발을 환불 받고 싶어요"


@pytest.fixture
def store(database_url: str) -> Iterator[CallStore]:
    store = CallStore(database_url)
    yield store
    store.close()


@pytest.fixture
async def url(client: httpx.AsyncClient, store: CallStore) -> str:
    """URL of a finished call."""
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    return f"/v1/calls/{call_id}"


def words(content: str, turn_id: str = "t2") -> dict[str, Any]:
    return {"turns": [{"turn_id": turn_id, "content": content}]}


async def test_words_names_roles_and_metadata_in_one_patch(
    client: httpx.AsyncClient, store: CallStore, url: str
) -> None:
    names = [{"participant_id": "spk_0", "name": "김민지"}]
    body = {
        **words(f" {TEXT} "),
        "participants": names,
        "roles": {"spk_1": "OTHER"},
        "metadata": {"queue": "vip"},
    }
    patched = await client.patch(url, json=body)
    assert patched.status_code == 200, patched.text
    call = patched.json()
    assert (call["job_status"], call["metadata"]["queue"]) == ("QUEUED", "vip")
    history = (await client.get(f"{url}/corrections")).json()["corrections"]
    assert [(c["kind"], c["turn_id"], c["before"], c["after"]) for c in history] == [
        ("words", "t2", LINES[1][3], TEXT), ("speaker_name", "", "", "김민지"), ("role", "", "CUSTOMER", "OTHER"),
    ]  # fmt: skip
    assert all(c["created_by"] and c["undone_at"] is None for c in history)
    lease = store.lease("w", 60.0)
    assert lease is not None
    assert [c.after for c in lease.corrections] == [TEXT, "김민지", "OTHER"]


async def test_undone_over_http(client: httpx.AsyncClient, store: CallStore, url: str) -> None:
    await client.patch(url, json=words(TEXT))
    (made,) = (await client.get(f"{url}/corrections")).json()["corrections"]
    undo = f"{url}/corrections/{made['correction_id']}/undo"
    early = await client.post(undo)
    assert (early.status_code, early.json()["code"]) == (409, "call_not_finished")
    finish(store)
    assert (await client.post(undo)).json()["job_status"] == "QUEUED"
    (undone,) = (await client.get(f"{url}/corrections")).json()["corrections"]
    assert undone["undone_by"] == made["created_by"]
    assert (await client.post(undo)).json()["code"] == "correction_undone"
    nothing = await client.post(f"{url}/corrections/{'0' * 26}/undo")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "correction_not_found")


async def test_two_people_the_second_is_told_to_wait_and_then_wins_and_both_are_history(
    client: httpx.AsyncClient, store: CallStore, url: str
) -> None:
    assert (await client.patch(url, json=words("하나"))).status_code == 200
    second = await client.patch(url, json=words("둘"))
    assert (second.status_code, second.json()["code"]) == (409, "call_not_finished")
    finish(store)
    assert (await client.patch(url, json=words("둘"))).status_code == 200
    history = (await client.get(f"{url}/corrections")).json()["corrections"]
    assert [c["after"] for c in history] == ["하나", "둘"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (words("x", "t99"), 400, "turn_unknown"),
        ({"participants": [{"participant_id": "spk_9", "name": "x"}]}, 400, "participant_unknown"),
        (words(""), 422, "validation_failed"),
        (words("  "), 422, "validation_failed"),
        (words("a\nb"), 422, "validation_failed"),
        (words("\ud800"), 422, "validation_failed"),
        ({"turns": [*words("a")["turns"], *words("b")["turns"]]}, 422, "validation_failed"),
        ({"turns": [{"turn_id": "t2"}]}, 422, "validation_failed"),
        ({"turns": {"t2": "a"}}, 422, "validation_failed"),
        ({"participants": [{"participant_id": "spk_0", "name": " "}]}, 422, "validation_failed"),
        ({"participants": [{"participant_id": "spk_0", "name": "x" * 257}]}, 422, "validation_failed"),
        ({"participants": [{"participant_id": "spk_0"}]}, 422, "validation_failed"),
    ],
)
async def test_wrong_correction_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, url: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.patch(url, content=json_ascii(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await client.get(url)).json()["job_status"] == "COMPLETED"
    assert (await client.get(f"{url}/corrections")).json() == {"corrections": [], "key_names": {}}


def json_ascii(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()  # half of a surrogate pair as its escape


async def test_correction_of_a_redacted_call_must_not_identify(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call_id = (await submit(client, redact_pii="true")).json()["call_id"]
    finish(store)
    url = f"/v1/calls/{call_id}"
    number = await client.patch(url, json=words("제 번호는 010-1234-5678이에요"))
    assert (number.status_code, number.json()["code"]) == (400, "correction_identifies")
    assert "[PHONE]" in number.json()["detail"]
    assert "1234-5678" not in number.text
    name = await client.patch(url, json={"participants": [{"participant_id": "spk_0", "name": "김민지"}]})
    assert name.json()["code"] == "correction_identifies"
    assert (await client.get(f"{url}/corrections")).json() == {"corrections": [], "key_names": {}}
    assert (await client.patch(url, json=words("제 번호는 [PHONE]이에요"))).status_code == 200


async def test_reading_the_history_is_in_the_audit(
    client: httpx.AsyncClient, store: CallStore, url: str
) -> None:
    await client.patch(url, json=words(TEXT))
    await client.get(f"{url}/corrections")
    assert [event.action for event in store.audit_events()][:2] == ["call.corrections_read", "call.corrected"]
