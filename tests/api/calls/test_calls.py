from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from callytics.domain import StageRun, StageStatus
from callytics.store import CallStore, JobStatus
from tests.api.conftest import blob_files, submit, wav_bytes
from tests.store.samples import finish, result_json

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(database_url: str) -> Iterator[CallStore]:
    """On SQLite and on PostgreSQL."""
    store = CallStore(database_url)
    yield store
    store.close()


async def test_submit_answers_202_with_the_place_of_the_call(
    client: httpx.AsyncClient, blob_root: Path
) -> None:
    metadata = json.dumps({"agent_id": "kim", "direction": "inbound", "custom": {"캠페인": "봄"}})
    response = await submit(
        client, language="ko", agent_channel="1", hotwords="환불, 반품", metadata=metadata
    )
    assert response.status_code == 202, response.text
    call = (await client.get(response.headers["Location"])).json()
    assert call["job_status"] == "QUEUED"
    assert call["progress"] == 0.0
    assert (call["options"]["language"], call["options"]["agent_channel"]) == ("ko", 1)
    assert call["options"]["hotwords"] == ["환불", "반품"]
    assert call["metadata"]["custom"] == {"캠페인": "봄"}
    assert call["media"]["duration_ms"] == 100
    assert call["filename"] == "call.wav"
    assert [stage["status"] for stage in call["stages"]] == ["PENDING"] * 6
    assert [path.read_bytes() for path in blob_files(blob_root)] == [wav_bytes()]


async def test_the_same_audio_twice_is_one_call(client: httpx.AsyncClient, blob_root: Path) -> None:
    first = (await submit(client)).json()
    again = (await submit(client)).json()
    assert (again["call_id"], first["duplicate"], again["duplicate"]) == (first["call_id"], False, True)
    assert len(blob_files(blob_root)) == 1
    assert (await submit(client, deduplicate="false")).json()["call_id"] != first["call_id"]


async def test_same_audio_with_other_metadata_is_found_by_it(client: httpx.AsyncClient) -> None:
    first = (await submit(client, metadata='{"external_id": "FC-A"}')).json()
    second = (await submit(client, metadata='{"external_id": "FC-B", "agent_id": "lee"}')).json()
    assert (second["duplicate"], second["call_id"] == first["call_id"]) == (False, False)
    found = (await client.get("/v1/calls", params={"external_id": "FC-B"})).json()["calls"]
    assert [(call["call_id"], call["metadata"]["agent_id"]) for call in found] == [(second["call_id"], "lee")]


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


async def test_idempotency_key_repeats_the_answer(client: httpx.AsyncClient) -> None:
    client.headers["Idempotency-Key"] = "k1"
    first = await submit(client, deduplicate="false")
    again = await submit(client, deduplicate="false")
    assert (again.status_code, again.json()["call_id"]) == (202, first.json()["call_id"])
    other = await submit(client, wav_bytes(0.2), deduplicate="false")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"language": "Klingon"}, "language"),
        ({"agent_channel": "left"}, "agent_channel"),
        ({"num_speakers": "0"}, "num_speakers"),
        ({"audio_format": "mp3"}, "audio_format"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": '{"custom": {"x": NaN}}'}, "metadata"),
        ({"metadata": '{"custom": {"x": "\\ud800"}}'}, "metadata"),
        ({"metadata": '{"agent_id": "\\ud800"}'}, "metadata"),
        ({"metadata": '{"agent_id": 5}'}, "metadata"),
        ({"metadata": '{"agentid": "kim"}'}, "metadata"),
        ({"langauge": "ko"}, "langauge"),
        ({"language": ["ko", "en"]}, "language"),
    ],
)
async def test_wrong_fields_are_named_and_leave_nothing(
    client: httpx.AsyncClient, blob_root: Path, form: dict[str, object], field: str
) -> None:
    response = await submit(client, **form)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed"), response.text
    assert field in [error["loc"][1] for error in response.json()["errors"]]
    assert blob_files(blob_root) == []
    assert (await client.get("/v1/calls")).json()["calls"] == []


@pytest.mark.parametrize(
    ("audio", "status", "code"),
    [
        (b"", 422, "media_empty"),
        (b"<html>not found</html>", 415, "media_undecodable"),
        (b"RIFF" + b"\0" * 1_000_000, 413, "media_too_large"),
        (b"RIFF" + b"\0" * 9_000_000, 413, "media_too_large"),
        (wav_bytes(21.0), 413, "media_too_long"),
    ],
)
async def test_bad_recordings_are_refused_and_leave_nothing(
    client: httpx.AsyncClient, store: CallStore, blob_root: Path, audio: bytes, status: int, code: str
) -> None:
    response = await submit(client, audio)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert blob_files(blob_root) == []
    assert store.call_ids() == frozenset()


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"filename*=UTF-8''%EC%83%81%EB%8B%B4.wav", "상담.wav"),
        (b"filename=\"__.wav\"; filename*=UTF-8''%EC%83%81%EB%8B%B4.wav", "상담.wav"),
        (b"filename*=UTF-8''..%2Fa%00b.wav", "ab.wav"),
        ('filename="상담.wav"'.encode("cp949"), "상담.wav"),
        (unicodedata.normalize("NFD", 'filename="상담.wav"').encode(), "상담.wav"),
        (b'filename="a%22b%0D%0A 100%.wav"', 'a"b 100%.wav'),
        (b"filename=\"a.wav\"; filename*=unknown''%FF.wav", "ÿ.wav"),
    ],
    ids=["extended", "both", "extended-hostile", "cp949", "nfd", "browser", "unknown-charset"],
)
async def test_file_names_are_read_as_clients_send_them(
    client: httpx.AsyncClient, header: bytes, shown: str
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; ' + header + b"\r\n\r\n"
    response = await client.post(
        "/v1/calls",
        content=body + wav_bytes() + b"\r\n--x--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert (response.status_code, response.json()["filename"]) == (202, shown)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "-rf --help;$(id).wav",
        "a\x00b.wav",
        "통화 녹음.wav",
        "‮vaw.exe",
        "x" * 1000,
        "",
        "..",
    ],
)
async def test_hostile_names_are_only_shown(client: httpx.AsyncClient, blob_root: Path, name: str) -> None:
    response = await client.post("/v1/calls", files={"file": (name, wav_bytes())})
    if name == "":
        assert response.status_code in (202, 400)
        return
    shown = response.json()["filename"]
    assert response.status_code == 202
    assert len(shown) <= 200
    assert not set(shown) & set("/\\\x00‮")
    (path,) = blob_files(blob_root)
    assert path.relative_to(blob_root).parts == ("calls", response.json()["call_id"], "recording")


async def test_requests_that_are_no_form(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/calls", json={})).json()["code"] == "multipart_expected"
    assert (await client.post("/v1/calls", data={"language": "ko"})).json()["code"] == "multipart_expected"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    cut_off = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
    assert (await client.post("/v1/calls", content=cut_off, headers=headers)).json()[
        "code"
    ] == "multipart_invalid"
    garbage = await client.post("/v1/calls", content=b"garbage", headers=headers)
    assert garbage.json()["code"] == "multipart_invalid"
    no_file = await client.post("/v1/calls", files={"audio": ("a.wav", b"x")})
    assert no_file.json()["code"] == "file_missing"
    two = await client.post("/v1/calls", files=[("file", ("a", b"x")), ("file", ("b", b"x"))])
    assert two.json()["code"] == "file_repeated"


async def test_upload_that_breaks_off_leaves_nothing(client: httpx.AsyncClient, blob_root: Path) -> None:
    async def half() -> object:
        yield (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + b"R" * 3_00_000
        )
        raise httpx.ReadError("connection lost")

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    await client.post("/v1/calls", content=half(), headers=headers)  # type: ignore[arg-type]
    assert blob_files(blob_root) == []


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


async def test_the_priority_orders_the_calls_of_a_caller(client: httpx.AsyncClient, store: CallStore) -> None:
    later = (await submit(client, wav_bytes(0.1, 1), priority="low")).json()
    first = (await submit(client, wav_bytes(0.1, 2), priority="high")).json()
    assert (later["priority"], first["priority"]) == ("low", "high")
    assert (await submit(client, priority="urgent")).status_code == 422
    lease = store.lease("w", 60)
    assert lease is not None
    assert lease.call.id == first["call_id"]


async def test_why_a_call_waits_is_shown(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    assert (await client.get(f"/v1/calls/{call_id}")).json()["next_attempt_at"] is None
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(call_id, lease.token, "speech-recognizer", "stage_lost", "gone", transient=True)
    call = (await client.get(f"/v1/calls/{call_id}")).json()
    assert (call["job_status"], call["error"]["code"]) == ("QUEUED", "stage_lost")
    assert call["next_attempt_at"] > call["created_at"]


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


@pytest.mark.parametrize("call_id", ["%00", "a%00b", "%ED%A0%80", "x" * 200, "1%27--"])
async def test_ids_that_are_none(client: httpx.AsyncClient, call_id: str) -> None:
    answers = [await client.get(f"/v1/calls/{call_id}{path}") for path in ("", "/result", "/events")]
    answers.append(await client.delete(f"/v1/calls/{call_id}"))
    assert {answer.status_code for answer in answers} == {404}


async def test_metadata_as_fields_of_the_form(client: httpx.AsyncClient) -> None:
    fields = {
        "external_id": "crm-7",
        "agent_id": "kim",
        "queue": "vip",
        "direction": "inbound",
        "started_at": "2026-11-22T09:30:00+09:00",
    }
    both = json.dumps({"agent_id": "kim", "custom": {"campaign": "spring"}})  # said twice, and alike
    response = await submit(client, **fields, metadata=both)
    assert response.status_code == 202, response.text
    assert response.json()["metadata"] == {**fields, "custom": {"campaign": "spring"}}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"agent_id": "kim", "metadata": '{"agent_id": "lee"}'}, "agent_id"),
        ({"queue": "vip", "metadata": '{"queue": null}'}, "queue"),
        ({"direction": "sideways"}, "direction"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"external_id": "x" * 300}, "external_id"),
        ({"custom": "{}"}, "custom"),
    ],
)
async def test_metadata_of_the_form_that_is_wrong_or_says_two_things(
    client: httpx.AsyncClient, blob_root: Path, form: dict[str, object], field: str
) -> None:
    response = await submit(client, **form)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed"), response.text
    assert field in [error["loc"][1] for error in response.json()["errors"]]
    assert blob_files(blob_root) == []


async def test_denoise_is_an_option_of_each_call(client: httpx.AsyncClient) -> None:
    plain, always = [
        (await client.post("/v1/calls", files={"file": ("call.wav", wav_bytes())}, data=fields)).json()
        for fields in ({}, {"denoise": "always"})
    ]
    assert plain["call_id"] != always["call_id"], "the same audio with another option is another call"
    found = [(await client.get(f"/v1/calls/{call['call_id']}")).json()["options"] for call in (plain, always)]
    assert [options["denoise"] for options in found] == [None, "always"]
    refused = await client.post(
        "/v1/calls", files={"file": ("call.wav", wav_bytes())}, data={"denoise": "sometimes"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


async def test_the_extension_of_an_upload_tells_the_format(client: httpx.AsyncClient) -> None:
    """A field overrules it; the recording of this test has a header, which overrules both."""
    answers = []
    for fields in (
        {"deduplicate": "false"},
        {"deduplicate": "false", "audio_format": "alaw", "audio_channels": "2"},
    ):
        files = {"file": ("call.sln16", wav_bytes())}
        answers.append((await client.post("/v1/calls", files=files, data=fields)).json())
    found = [(await client.get(f"/v1/calls/{answer['call_id']}")).json()["options"] for answer in answers]
    names = ("audio_format", "audio_sample_rate_hz", "audio_channels")
    assert [tuple(options[name] for name in names) for options in found] == [
        ("s16le", 16_000, None),
        ("alaw", None, 2),
    ]
