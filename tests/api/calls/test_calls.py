"""Calls after their upload: status, lists, changes, deletion, retry, cancel, reprocessing."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from callytics.domain import StageRun, StageStatus
from callytics.store import CallStore, JobStatus
from tests.api.conftest import blob_files, submit, wav_bytes
from tests.store.samples import finish, result_json

pytestmark = pytest.mark.anyio


async def test_status_shows_progress_stage_by_stage(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    lease = store.lease("w", 60)
    assert lease is not None
    done = StageRun("audio-processor", StageStatus.COMPLETED, 1, 0.25, model="ffmpeg")
    store.record_stage(call_id, lease.token, done)
    store.record_stage(call_id, lease.token, StageRun("speech-recognizer", StageStatus.RUNNING, 1))
    call = (await client.get(f"/v1/calls/{call_id}")).json()
    assert (call["job_status"], call["progress"], call["attempts"]) == ("IN_PROGRESS", 0.17, 1)
    stages = {stage["name"]: stage for stage in call["stages"]}
    assert (stages["audio-processor"]["status"], stages["audio-processor"]["duration_ms"]) == (
        "COMPLETED",
        250,
    )
    assert stages["speech-recognizer"]["status"] == "RUNNING"
    (listed,) = (await client.get("/v1/calls")).json()["calls"]
    assert listed["stages"] == call["stages"]


async def test_lists_page_filter_and_search(client: httpx.AsyncClient, store: CallStore) -> None:
    ids = []
    for number in range(3):
        metadata = json.dumps({"agent_id": f"a{number}"})
        ids.append((await submit(client, wav_bytes(0.1, number), metadata=metadata)).json()["call_id"])
    finish(store)
    first = (await client.get("/v1/calls", params={"limit": 2})).json()
    second = (await client.get("/v1/calls", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [call["call_id"] for call in first["calls"] + second["calls"]] == ids[::-1]
    assert second["next_cursor"] is None
    found = (await client.get("/v1/calls", params={"q": "환불"})).json()["calls"]
    assert [call["call_id"] for call in found] == [ids[0]]
    assert "환불" in found[0]["matches"][0]["content"]
    queued = (await client.get("/v1/calls", params={"status": ["QUEUED", "FAILED"], "agent_id": "a1"})).json()
    assert [call["call_id"] for call in queued["calls"]] == [ids[1]]
    since = (await client.get("/v1/calls", params={"created_from": "2000-01-01T00:00:00Z"})).json()
    assert len(since["calls"]) == 3


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"cursor": "x"}, 400, "cursor_invalid"),
        ({"limit": 0}, 422, "validation_failed"),
        ({"status": "DONE"}, 422, "validation_failed"),
        ({"page": 2}, 422, "validation_failed"),
        ({"created_from": "yesterday"}, 422, "validation_failed"),
        ({"q": "?!"}, 400, "query_empty"),
    ],
)
async def test_wrong_queries(
    client: httpx.AsyncClient, params: dict[str, object], status: int, code: str
) -> None:
    response = await client.get("/v1/calls", params=params)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


async def test_metadata_and_roles_are_patched(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    url = f"/v1/calls/{call_id}"
    assert (await client.patch(url, json={"metadata": {"queue": "vip"}})).json()["metadata"]["queue"] == "vip"
    early = await client.patch(url, json={"roles": {"spk_0": "CUSTOMER"}})
    assert (early.status_code, early.json()["code"]) == (409, "call_not_finished")
    finish(store)
    nobody = await client.patch(url, json={"roles": {"spk_9": "CUSTOMER"}})
    assert (nobody.status_code, nobody.json()["code"]) == (400, "participant_unknown")
    patched = (
        await client.patch(url, json={"roles": {"spk_0": "CUSTOMER"}, "metadata": {"queue": None}})
    ).json()
    assert (patched["job_status"], patched["options"]["roles"]) == ("QUEUED", {})  # a correction, no option
    (made,) = (await client.get(f"{url}/corrections")).json()["corrections"]
    assert (made["kind"], made["participant_id"], made["after"]) == ("role", "spk_0", "CUSTOMER")
    assert patched["metadata"]["queue"] is None


@pytest.mark.parametrize(
    "body",
    [{"roles": {"spk_0": "BOSS"}}, {"status": "COMPLETED"}, {"metadata": {"started_at": "now"}}, [], "x"],
)
async def test_wrong_patches(client: httpx.AsyncClient, body: object) -> None:
    call_id = (await submit(client)).json()["call_id"]
    response = await client.patch(f"/v1/calls/{call_id}", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_delete_removes_call_and_blobs(
    client: httpx.AsyncClient, store: CallStore, blob_root: Path
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    assert (await client.delete(f"/v1/calls/{call_id}")).status_code == 204
    assert blob_files(blob_root) == []
    for path in ("", "/result", "/transcript", "/audio", "/events"):
        assert (await client.get(f"/v1/calls/{call_id}{path}")).json()["code"] == "call_not_found"
    assert (await client.delete(f"/v1/calls/{call_id}")).status_code == 404


async def test_retry_and_cancel(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    url = f"/v1/calls/{call_id}"
    assert (await client.post(f"{url}/retry")).json()["code"] == "nothing_to_retry"
    assert (await client.post(f"{url}/cancel")).json()["job_status"] == "CANCELLED"
    assert (await client.get(f"{url}/result")).json()["code"] == "call_cancelled"
    retried = await client.post(f"{url}/retry")
    assert (retried.status_code, retried.json()["job_status"]) == (202, "QUEUED")
    lease = store.lease("w", 60)
    assert lease is not None
    partial = result_json(call_id, failed="llm-analyzer")
    store.complete(call_id, lease.token, JobStatus.PARTIAL, partial)
    assert (await client.post(f"{url}/cancel")).json()["code"] == "call_finished"
    assert (await client.post(f"{url}/retry")).json()["job_status"] == "QUEUED"


async def test_cancelled_call_stops_where_it_is(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    lease = store.lease("w", 60)
    assert lease is not None
    store.record_stage(call_id, lease.token, StageRun("audio-processor", StageStatus.RUNNING, 1))
    cancelled = (await client.post(f"/v1/calls/{call_id}/cancel")).json()
    stages = {stage["name"]: stage["status"] for stage in cancelled["stages"]}
    assert (cancelled["job_status"], stages["audio-processor"]) == ("CANCELLED", "SKIPPED")
    assert not store.renew(call_id, lease.token, 60)


ALL = ["audio-processor", "speaker-diarizer", "speech-recognizer", "punctuation-restorer"]
ALL += ["sentiment-analyzer", "llm-analyzer"]


@pytest.mark.parametrize(
    ("body", "forgotten"),
    [
        (None, ALL),
        ({"from": "audio"}, ALL),
        ({"from": "recognition"}, ALL[2:]),
        ({"from": "punctuation"}, ALL[3:]),
        ({"from": "roles"}, ALL[4:]),
        ({"from": "analysis"}, ALL[5:]),
    ],
)
async def test_reprocess_forgets_a_step_and_what_depends_on_it(
    client: httpx.AsyncClient, store: CallStore, body: dict[str, str] | None, forgotten: list[str]
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    url = f"/v1/calls/{call_id}/reprocess"
    early = await client.post(url, json=body)
    assert (early.status_code, early.json()["code"]) == (409, "call_not_finished")
    lease = store.lease("w", 60)
    assert lease is not None
    for name in ALL:
        store.record_stage(call_id, lease.token, StageRun(name, StageStatus.COMPLETED, 1))
    store.complete(call_id, lease.token, JobStatus.COMPLETED, result_json(call_id))
    again = await client.post(url, json=body)
    assert (again.status_code, again.json()["job_status"]) == (202, "QUEUED"), again.text
    assert [s["name"] for s in again.json()["stages"] if s["status"] == "PENDING"] == forgotten
    assert (await client.post(url, json=body)).json()["code"] == "call_not_finished"
    finish(store)
    assert (await client.get(f"/v1/calls/{call_id}/result")).status_code == 200


@pytest.mark.parametrize("ends", ["fails", "cancelled"])
async def test_call_that_is_analysed_again_in_vain_keeps_its_result(
    client: httpx.AsyncClient, store: CallStore, ends: str
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    url = f"/v1/calls/{call_id}"
    assert (await client.get(url)).json()["result_at"] is None
    finish(store)
    before = (await client.get(f"{url}/result")).json()
    result_at = (await client.get(url)).json()["result_at"]
    await client.post(f"{url}/reprocess")
    waiting = (await client.get(f"{url}/result")).json()
    assert waiting == {**before, "job_status": "QUEUED"}
    error = {"stage": "speech-recognizer", "code": "stage_crashed", "message": "boom"}
    if ends == "fails":
        lease = store.lease("w", 60)
        assert lease is not None
        store.fail(call_id, lease.token, *error.values())
    else:
        await client.post(f"{url}/cancel")
    call, after = (await client.get(url)).json(), (await client.get(f"{url}/result")).json()
    status, errors = ("FAILED", [error]) if ends == "fails" else ("CANCELLED", [])
    assert (call["job_status"], call["result_at"], call["error"]) == (status, result_at, *(errors or [None]))
    details = {**before["job_details"], "errors": [*before["job_details"]["errors"], *errors]}
    assert after == {**before, "job_status": status, "job_details": details}
    assert (await client.get(f"{url}/transcript?format=txt")).text.startswith("[00:00] AGENT")


@pytest.mark.parametrize("body", [{"from": "punctuate"}, {"to": "roles"}, {"from": None}, []])
async def test_wrong_reprocessing(client: httpx.AsyncClient, body: object) -> None:
    response = await client.post("/v1/calls/nope/reprocess", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert (await client.post("/v1/calls/nope/reprocess")).json()["code"] == "call_not_found"


async def test_why_a_call_waits_is_shown(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    assert (await client.get(f"/v1/calls/{call_id}")).json()["next_attempt_at"] is None
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(call_id, lease.token, "speech-recognizer", "stage_lost", "gone", transient=True)
    call = (await client.get(f"/v1/calls/{call_id}")).json()
    assert (call["job_status"], call["error"]["code"]) == ("QUEUED", "stage_lost")
    assert call["next_attempt_at"] > call["created_at"]


@pytest.mark.parametrize("call_id", ["%00", "a%00b", "%ED%A0%80", "x" * 200, "1%27--"])
async def test_ids_that_are_none(client: httpx.AsyncClient, call_id: str) -> None:
    answers = [await client.get(f"/v1/calls/{call_id}{path}") for path in ("", "/result", "/events")]
    answers.append(await client.delete(f"/v1/calls/{call_id}"))
    assert {answer.status_code for answer in answers} == {404}
