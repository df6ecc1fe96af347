"""Uploads: what is taken, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import httpx
import pytest

from callytics.store import CallStore
from tests.api.conftest import blob_files, submit, wav_bytes

pytestmark = pytest.mark.anyio


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


async def test_the_priority_orders_the_calls_of_a_caller(client: httpx.AsyncClient, store: CallStore) -> None:
    later = (await submit(client, wav_bytes(0.1, 1), priority="low")).json()
    first = (await submit(client, wav_bytes(0.1, 2), priority="high")).json()
    assert (later["priority"], first["priority"]) == ("low", "high")
    assert (await submit(client, priority="urgent")).status_code == 422
    lease = store.lease("w", 60)
    assert lease is not None
    assert lease.call.id == first["call_id"]


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
