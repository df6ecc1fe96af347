"""Many calls at once: found by when they took place, counted, exported, deleted."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import httpx
import pytest

from callytics.api import bulk
from callytics.store import CallStore
from tests.api.conftest import blob_files, submit, wav_bytes
from tests.store.samples import finish

pytestmark = pytest.mark.anyio


async def three_calls(client: httpx.AsyncClient, store: CallStore) -> list[str]:
    made = []
    for number, started_at in enumerate(("2025-03-02T09:30:00+09:00", "2025-03-05T00:00:00Z", None)):
        metadata = {"external_id": f"=FC-{number}", **({"started_at": started_at} if started_at else {})}
        answer = await submit(client, wav_bytes(0.1, number), metadata=json.dumps(metadata))
        made.append(answer.json()["call_id"])
    finish(store)
    return made


async def test_calls_are_listed_by_when_they_took_place(client: httpx.AsyncClient, store: CallStore) -> None:
    made = await three_calls(client, store)
    march = {"started_from": "2025-03-01T00:00:00+09:00", "started_before": "2025-03-03T00:00:00+09:00"}
    page = (await client.get("/v1/calls", params={**march, "total": "true"})).json()
    assert ([call["call_id"] for call in page["calls"]], page["total"]) == ([made[0]], 1)
    by_time = (await client.get("/v1/calls", params={"sort": "-started_at"})).json()
    assert [call["call_id"] for call in by_time["calls"]] == [made[1], made[0], made[2]]
    assert by_time["total"] is None


@pytest.mark.parametrize("started_at", ["2025-03-02T09:30:00", "2025-03-02", "now"])
async def test_time_without_an_offset_is_refused(client: httpx.AsyncClient, started_at: str) -> None:
    for form in ({"started_at": started_at}, {"metadata": json.dumps({"started_at": started_at})}):
        assert (await submit(client, **form)).status_code == 422


async def test_spreadsheet_has_a_row_per_call(client: httpx.AsyncClient, store: CallStore) -> None:
    made = await three_calls(client, store)
    answer = await client.get("/v1/calls/export", params={"sort": "created_at"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.content.startswith(b"\xef\xbb\xbfcall_id,")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["call_id"] for row in rows] == made
    assert [row["external_id"] for row in rows] == ["'=FC-0", "'=FC-1", "'=FC-2"]
    assert [row["resolved"] for row in rows] == ["True", "", ""]
    assert (rows[0]["turns"], rows[0]["communication_quality"]) == ("4", "80.0")
    assert rows[0]["action_items"] == "AGENT: 환불"
    assert (rows[1]["job_status"], rows[1]["turns"]) == ("QUEUED", "")


async def test_lines_hold_whole_results(client: httpx.AsyncClient, store: CallStore) -> None:
    made = await three_calls(client, store)
    params = {"format": "jsonl", "sort": "created_at", "started_from": "2025-01-01T00:00:00Z"}
    answer = await client.get("/v1/calls/export", params=params)
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["call"]["call_id"] for line in lines] == made[:2]
    assert lines[0]["result"] == json.loads(store.get_report(made[0]))
    assert lines[1]["result"] is None


async def test_export_leaves_no_file_behind_and_is_in_the_audit(
    client: httpx.AsyncClient, store: CallStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    await three_calls(client, store)
    monkeypatch.setattr(tempfile, "tempdir", str(files))
    await client.get("/v1/calls/export")
    assert list(files.iterdir()) == []
    (event,) = [event for event in store.audit_events() if event.action == "calls.exported"]
    assert event.detail == {"format": "csv", "calls": 3}
    monkeypatch.setattr(bulk, "MAX_EXPORTED_CALLS", 2)
    refused = await client.get("/v1/calls/export")
    assert (refused.status_code, refused.json()["code"]) == (400, "export_too_large")


async def test_many_calls_are_deleted_and_unknown_ones_named(
    client: httpx.AsyncClient, store: CallStore, blob_root: Path
) -> None:
    made = await three_calls(client, store)
    answer = await client.post("/v1/calls/delete", json={"call_ids": [made[0], "nope", made[2], made[0]]})
    assert answer.json() == {"deleted": [made[0], made[2]], "not_found": ["nope"]}
    assert store.call_ids() == {made[1]}
    assert len(blob_files(blob_root)) == 1
    assert [event.subject for event in store.audit_events() if event.action == "call.deleted"] == [
        made[2],
        made[0],
    ]
    for wrong in ({"call_ids": []}, {"call_ids": ["x"] * 501}, {"filter": {}}):
        assert (await client.post("/v1/calls/delete", json=wrong)).status_code == 422
