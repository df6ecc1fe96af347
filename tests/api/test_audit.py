from __future__ import annotations

import httpx
import pytest

from callytics.store import CallStore
from tests.api.conftest import submit
from tests.store.samples import finish
from tests.support.auditing import noted

pytestmark = pytest.mark.anyio


async def test_audit_names_actor_and_action(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    path = f"/v1/calls/{call_id}"
    requests = [
        client.get(f"{path}/result"),
        client.get(f"{path}/transcript?format=srt"),
        client.get(f"{path}/audio", headers={"Range": "bytes=10-19"}),
        client.get("/v1/calls?q=환불"),
        client.patch(path, json={"metadata": {"queue": "x"}}),
        client.post(f"{path}/reprocess"),
        client.post(f"{path}/cancel"),
        client.post(f"{path}/retry"),
        client.delete(path),
    ]
    for request in requests:
        answer = await request
        assert answer.is_success
        if "/audio" in str(answer.request.url):  # noted a moment later
            await noted(store, "call.audio_read")
    root = {"Authorization": f"Bearer {store.create_api_key('root', ['admin']).secret}"}
    page = (await client.get("/v1/audit-events", headers=root)).json()
    (key,) = [key for key in store.list_api_keys() if key.name == "test"]
    by_key = [event for event in page["audit_events"] if event["actor"] == key.id]
    assert [event["action"] for event in reversed(by_key)] == [
        "call.submitted",
        "call.result_read",
        "call.transcript_read",
        "call.audio_read",
        "calls.searched",
        "call.metadata_changed",
        "call.reprocessed",
        "call.cancelled",
        "call.retried",
        "call.deleted",
    ]
    assert next(event for event in by_key if event["action"] == "calls.searched")["detail"]["call_ids"] == [
        call_id
    ]
    assert "환불" not in str(page)
    about = (
        await client.get("/v1/audit-events", params={"subject": call_id, "limit": 2}, headers=root)
    ).json()
    assert [event["action"] for event in about["audit_events"]] == ["call.deleted", "call.retried"]
    params = {"subject": call_id, "limit": 200, "before": about["next_before"]}
    older = (await client.get("/v1/audit-events", params=params, headers=root)).json()
    assert older["audit_events"][0]["action"] == "call.cancelled"
    assert older["next_before"] is None


async def test_the_audit_is_for_admins(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/audit-events")).status_code == 403


async def test_refused_actions_are_not_audited(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    assert (await client.post(f"/v1/calls/{call_id}/retry")).status_code == 409
    assert (await client.get(f"/v1/calls/{call_id}/result")).status_code == 409
    assert [event.action for event in store.audit_events(subject=call_id)] == ["call.submitted"]
