"""What a key sees of calls: not what it may not read, and nothing of another tenant."""

from __future__ import annotations

import httpx
import pytest

from callytics.store import CallStore, JobStatus
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import finish

pytestmark = pytest.mark.anyio


async def test_key_that_may_only_write_sees_no_metadata_of_others(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    writer = {"Authorization": f"Bearer {store.create_api_key('writer', ('calls:write',)).secret}"}
    call_id = (await submit(client, metadata='{"agent_id": "kim"}')).json()["call_id"]
    path = f"/v1/calls/{call_id}"
    noted = {"metadata": {"queue": "vip", "custom": {"note": "lawsuit"}}}
    assert (await client.patch(path, json=noted)).json()["metadata"]["queue"] == "vip"
    again = await client.post(
        "/v1/calls",
        files={"file": ("call.wav", wav_bytes())},
        data={"metadata": '{"agent_id": "kim"}'},
        headers=writer,
    )
    assert (again.json()["duplicate"], again.json()["call_id"]) == (True, call_id)
    assert again.json()["metadata"]["agent_id"] == "kim"
    changed = await client.patch(path, json={"metadata": {"direction": "inbound"}}, headers=writer)
    cancelled = await client.post(f"{path}/cancel", headers=writer)
    retried = await client.post(f"{path}/retry", headers=writer)
    await client.post(f"{path}/cancel")
    reprocessed = await client.post(f"{path}/reprocess", headers=writer)
    for answer in (again, changed, cancelled, retried, reprocessed):
        assert answer.status_code in (200, 202)
        assert "vip" not in answer.text
        assert "lawsuit" not in answer.text
    assert (await client.get(path)).json()["metadata"]["queue"] == "vip"


async def test_another_tenant_sees_nothing(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    other = store.create_api_key("other", ["calls:read", "calls:write", "calls:delete"], tenant="other")
    client.headers["Authorization"] = f"Bearer {other.secret}"
    url = f"/v1/calls/{call_id}"
    answers = [
        await client.get(f"{url}{path}") for path in ("", "/result", "/transcript", "/audio", "/events")
    ]
    answers += [await client.post(f"{url}/{action}") for action in ("retry", "cancel", "reprocess")]
    answers += [await client.patch(url, json={"metadata": {"queue": "x"}}), await client.delete(url)]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "call_not_found")}
    assert (await client.get("/v1/calls")).json()["calls"] == []
    own = await submit(client)  # the same audio
    assert own.json()["duplicate"] is False
    assert store.get_call(call_id).status is JobStatus.COMPLETED
