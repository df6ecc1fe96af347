"""Turns, moods and the summary corrected over HTTP: bounds, refusals, and what a redacted call keeps to itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from callytics.store import CallStore
from tests.api.conftest import submit
from tests.store.samples import finish

pytestmark = pytest.mark.anyio


@pytest.fixture
async def url(client: httpx.AsyncClient, store: CallStore) -> str:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    return f"/v1/calls/{call_id}"


async def test_everything_in_one_patch(client: httpx.AsyncClient, url: str) -> None:
    body = {
        "turns": [{"turn_id": "t1", "participant_id": "spk_1", "sentiment": "NEGATIVE", "content": "네"}],
        "splits": [{"turn_id": "t2", "word": 2, "participant_id": "spk_0"}],
        "merges": [{"turn_id": "t3", "next_turn_id": "t4"}],
        "summary": {
            "issue": "  신발   환불 ",
            "outcome": "접수",
            "resolved": None,
            "action_items": [{"text": "전화", "owner": "AGENT"}],
        },
    }
    patched = await client.patch(url, json=body)
    assert patched.status_code == 200, patched.text
    assert patched.json()["job_status"] == "QUEUED"
    history = (await client.get(f"{url}/corrections")).json()["corrections"]
    assert [(c["kind"], c["turn_id"], c["field"]) for c in history] == [
        ("words", "t1", None), ("turn_speaker", "t1", None), ("mood", "t1", None), ("split", "t2", None),
        ("merge", "t3", None), ("summary", "", "issue"), ("summary", "", "outcome"), ("summary", "", "resolved"),
        ("summary", "", "action_items"),
    ]  # fmt: skip
    assert history[5]["after"] == "신발 환불"


LONG = "가" * 5001


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"turns": [{"turn_id": "t2", "sentiment": "ANGRY"}]}, 422, "validation_failed"),
        ({"turns": [{"turn_id": "t2", "participant_id": "spk_9"}]}, 400, "participant_unknown"),
        ({"splits": [{"turn_id": "t2", "word": 0}]}, 422, "validation_failed"),
        ({"splits": [{"turn_id": "t2", "word": 1.5}]}, 422, "validation_failed"),
        ({"splits": [{"turn_id": "t2", "word": 6}]}, 400, "word_unknown"),
        ({"splits": [{"turn_id": "t2", "word": 1}] * 2}, 422, "validation_failed"),
        ({"splits": [{"turn_id": f"t{i}", "word": 1} for i in range(101)]}, 422, "validation_failed"),
        ({"merges": [{"turn_id": "t1", "next_turn_id": "t4"}]}, 400, "turns_not_joinable"),
        (
            {"merges": [{"turn_id": "t1", "next_turn_id": "t2"}, {"turn_id": "t2", "next_turn_id": "t3"}]},
            422,
            "validation_failed",
        ),
        (
            {"splits": [{"turn_id": "t2", "word": 1}], "turns": [{"turn_id": "t2", "content": "x"}]},
            422,
            "validation_failed",
        ),
        ({"summary": {"issue": ""}}, 422, "validation_failed"),
        ({"summary": {"issue": LONG}}, 422, "validation_failed"),
        ({"summary": {"issue": "a\u0000b"}}, 422, "validation_failed"),
        ({"summary": {"topic": "x" * 257}}, 422, "validation_failed"),
        ({"summary": {"engine": "me"}}, 422, "validation_failed"),
        ({"summary": {"resolved": "perhaps"}}, 422, "validation_failed"),
        ({"summary": {"action_items": [{"text": "x"}]}}, 422, "validation_failed"),
        ({"summary": {"action_items": [{"text": "x", "owner": "AGENT"}] * 51}}, 422, "validation_failed"),
    ],
)
async def test_wrong_correction_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, url: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.patch(url, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await client.get(url)).json()["job_status"] == "COMPLETED"
    assert (await client.get(f"{url}/corrections")).json() == {"corrections": [], "key_names": {}}


async def test_patch_that_corrects_nothing_does_not_queue(client: httpx.AsyncClient, url: str) -> None:
    for body in ({"summary": {}}, {"turns": [], "splits": [], "merges": []}):
        assert (await client.patch(url, json=body)).json()["job_status"] == "COMPLETED"


@pytest.mark.parametrize(
    "body",
    [
        {"summary": {"issue": "010-1234-5678로 전화 주세요"}},
        {"summary": {"action_items": [{"text": "010-1234-5678로 전화", "owner": "AGENT"}]}},
        {"summary": {"action_items": [{"text": "전화", "owner": "AGENT", "due": "010-1234-5678"}]}},
    ],
)
async def test_correction_of_a_redacted_call_must_not_identify(
    client: httpx.AsyncClient, store: CallStore, body: dict[str, Any]
) -> None:
    call_id = (await submit(client, redact_pii="true")).json()["call_id"]
    finish(store)
    url = f"/v1/calls/{call_id}"
    answer = await client.patch(url, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "correction_identifies")
    assert "1234-5678" not in answer.text
    assert (await client.get(f"{url}/corrections")).json() == {"corrections": [], "key_names": {}}
    fine = {"summary": {"issue": "환불"}, "turns": [{"turn_id": "t2", "sentiment": "NEGATIVE"}]}
    assert (await client.patch(url, json=fine)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"splits": [{"turn_id": "t2", "word": 1}]},
        {"merges": [{"turn_id": "t1", "next_turn_id": "t2"}]},
    ],
)
async def test_turns_of_a_redacted_call_are_split_and_joined(
    client: httpx.AsyncClient, store: CallStore, body: dict[str, Any]
) -> None:
    """What stays hidden then: tests/redaction/test_regrouped.py."""
    call_id = (await submit(client, redact_pii="true")).json()["call_id"]
    finish(store)
    answer = await client.patch(f"/v1/calls/{call_id}", json=body)
    assert (answer.status_code, answer.json()["job_status"]) == (200, "QUEUED"), answer.text
