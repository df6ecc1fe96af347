from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from callytics.api import Services
from callytics.result.schema.call import CallResult
from callytics.store import CallStore
from tests.api.conftest import submit
from tests.store.samples import finish
from tests.support.played_store import play

pytestmark = pytest.mark.anyio


async def test_result_has_the_metadata_of_today(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    waiting = await client.get(f"/v1/calls/{call_id}/result")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "call_not_finished")
    finish(store)
    await client.patch(f"/v1/calls/{call_id}", json={"metadata": {"agent_id": "lee"}})
    result = CallResult.model_validate((await client.get(f"/v1/calls/{call_id}/result")).json())
    assert (result.call_id, result.job_status, result.metadata.agent_id) == (call_id, "COMPLETED", "lee")
    assert len(result.transcript) == 4


async def test_failed_call_says_why(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    lease = store.lease("w", 60)
    assert lease is not None
    store.fail(call_id, lease.token, "speech-recognizer", "weights_missing", "Run callytics models pull.")
    response = await client.get(f"/v1/calls/{call_id}/result")
    assert (response.status_code, response.json()["code"]) == (409, "call_failed")
    assert "callytics models pull" in response.json()["detail"]
    assert (await client.get(f"/v1/calls/{call_id}")).json()["error"]["code"] == "weights_missing"


@pytest.mark.parametrize(
    ("transcript_format", "content_type", "beginning"),
    [
        ("json", "application/json", "{"),
        ("txt", "text/plain", "[00:00] AGENT: "),
        ("srt", "application/x-subrip", "1\n00:00:00,500 --> "),
        ("vtt", "text/vtt", "WEBVTT\n"),
        ("rttm", "text/plain", "SPEAKER "),
        ("csv", "text/csv", "\ufeffid,participant_id"),
    ],
)
async def test_transcripts(
    client: httpx.AsyncClient, store: CallStore, transcript_format: str, content_type: str, beginning: str
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    response = await client.get(f"/v1/calls/{call_id}/transcript", params={"format": transcript_format})
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] == content_type
    assert response.text.startswith(beginning)
    assert "환불" in response.text or transcript_format == "rttm"


async def test_transcript_options_reach_the_export(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)
    path = f"/v1/calls/{call_id}/transcript"
    plain = await client.get(path, params={"format": "csv", "encoding": "cp949"})
    assert plain.headers["Content-Type"] == "text/csv; charset=cp949"
    assert "환불" in plain.content.decode("cp949")
    narrow = await client.get(path, params={"format": "srt", "line_characters": 16, "lines": 1})
    lines = [line for line in narrow.text.splitlines() if line and "-->" not in line]
    assert max(map(len, lines)) <= 16
    table = await client.get(path, params={"format": "csv", "written": "true"})
    assert table.text.splitlines()[0].endswith(",written")
    timed = await client.get(path, params={"format": "srt", "written": "true"})
    assert (timed.status_code, timed.json()["code"]) == (400, "written_without_times")
    for wrong in ({"encoding": "latin-1"}, {"line_characters": 9}, {"lines": 0}, {"cue_seconds": 0.5}):
        refused = await client.get(path, params={"format": "srt", **wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


async def test_unknown_transcript_formats(client: httpx.AsyncClient) -> None:
    call_id = (await submit(client)).json()["call_id"]
    response = await client.get(f"/v1/calls/{call_id}/transcript", params={"format": "docx"})
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def events_of(client: httpx.AsyncClient, call_id: str, last: str | None = None) -> list[dict[str, Any]]:
    headers = {"Last-Event-ID": last} if last else {}
    text = (await client.get(f"/v1/calls/{call_id}/events", headers=headers)).text
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "event" in fields:
            events.append(
                {"id": fields.get("id"), "type": fields["event"], "data": json.loads(fields["data"])}
            )
    return events


async def test_events_are_streamed_until_the_end_and_resume(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    listening = asyncio.create_task(events_of(client, call_id))
    await asyncio.sleep(0.25)  # longer than the heartbeat of the test's settings
    assert not listening.done()
    await asyncio.to_thread(finish, store)
    events = await asyncio.wait_for(listening, 60)
    assert [event["type"] for event in events] == [
        "call.queued",
        "call.started",
        "stage.running",
        "stage.completed",
        "call.completed",
    ]
    assert events[3]["data"]["stage"] == "speech-recognizer"
    assert events[3]["data"]["duration_ms"] == 1500
    resumed = await events_of(client, call_id, events[2]["id"])
    assert [event["id"] for event in resumed] == [events[3]["id"], events[4]["id"]]
    over = await client.get(f"/v1/calls/{call_id}/events", headers={"Last-Event-ID": events[4]["id"]})
    assert over.status_code == 204


async def test_stream_ends_when_its_call_is_deleted(
    client: httpx.AsyncClient, services: Services, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    has_begun = asyncio.Event()

    async def noticed(after: Mapping[str, int]) -> object:
        found = store.news(after)
        has_begun.set()
        return found

    play(monkeypatch, services.store, CallStore.news, noticed)
    listening = asyncio.create_task(events_of(client, call_id))
    await asyncio.wait_for(has_begun.wait(), 60)
    await client.delete(f"/v1/calls/{call_id}")
    assert [event["type"] for event in await asyncio.wait_for(listening, 60)] == [
        "call.queued",
        "call.deleted",
    ]


async def test_strange_last_event_id_is_refused(client: httpx.AsyncClient) -> None:
    call_id = (await submit(client)).json()["call_id"]
    response = await client.get(f"/v1/calls/{call_id}/events", headers={"Last-Event-ID": "abc"})
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
