"""Traces and the timeline as the API has them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import httpx
import pytest

from callytics.api import webhook_delivery
from callytics.api.outbound import Reach
from callytics.store import CallStore
from callytics.telemetry import tracing
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import finish
from tests.support.webhook_receiver import receiving

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http", reason="the exporter of callytics[traces] is not installed"
)
from tests.support.otlp_collector import Collector, collecting

pytestmark = pytest.mark.anyio
CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REACH = Reach(trusted=(ipaddress.ip_network("127.0.0.1/32"),))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        assert tracing.start("api-gateway")
        yield collector
        tracing.stop()


async def test_trace_of_the_client_is_stored_with_the_call(
    client: httpx.AsyncClient, store: CallStore, collector: Collector
) -> None:
    client.headers["traceparent"] = CLIENT
    call_id = (await submit(client)).json()["call_id"]
    tracing.flush()
    (accept,) = collector.named("accept")
    assert accept.parent_id == CLIENT.split("-")[2]
    assert accept.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/calls",
        "callytics.tenant": "default",
        "callytics.call_id": call_id,
        "callytics.duplicate": False,
    }
    traceparent = finish(store).traceparent
    assert traceparent is not None
    assert traceparent.startswith(f"00-{accept.trace_id}-{accept.span_id}-")


async def test_repeated_upload_names_the_call_that_it_repeats(
    client: httpx.AsyncClient, collector: Collector
) -> None:
    call_id = (await submit(client)).json()["call_id"]
    await submit(client)
    tracing.flush()
    _, again = collector.named("accept")
    assert (again.attributes["callytics.call_id"], again.attributes["callytics.duplicate"]) == (call_id, True)


async def test_malformed_traceparent_is_ignored(client: httpx.AsyncClient, collector: Collector) -> None:
    client.headers["traceparent"] = "00-nonsense"
    assert (await submit(client)).status_code == 202
    tracing.flush()
    assert [span.parent_id for span in collector.named("accept")] == [""]


async def test_refused_upload_has_its_code_and_nothing_of_the_file(
    client: httpx.AsyncClient, collector: Collector, key: str
) -> None:
    files = {"file": ("secret-name.wav", b"no sound")}
    assert (await client.post("/v1/calls", files=files)).status_code == 415
    tracing.flush()
    assert [span.error for span in collector.named("accept")] == ["media_undecodable"]
    for body in collector.raw:
        assert b"secret-name" not in body
        assert key.encode() not in body


async def test_traceparent_is_not_stored_while_traces_are_off(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    client.headers["traceparent"] = CLIENT
    await submit(client)
    assert finish(store).traceparent is None


async def test_webhook_is_a_span_and_carries_it(
    client: httpx.AsyncClient, store: CallStore, collector: Collector
) -> None:
    with receiving() as receiver:
        store.create_webhook("default", receiver.url, ["call.completed"])
        await submit(client)
        lease = finish(store)
        (delivery,) = store.lease_deliveries(10, 60.0, 10, {})
        outcome = await webhook_delivery.attempt(REACH, delivery, 5.0)
        receiver.status = 500
        await webhook_delivery.attempt(REACH, delivery, 5.0)
        tracing.flush()
        arrived, refused = collector.named("webhook")
        assert outcome.error == ""
        assert lease.traceparent is not None
        assert arrived.trace_id == lease.traceparent.split("-")[1]
        assert arrived.parent_id == lease.traceparent.split("-")[2]
        assert arrived.attributes["http.response.status_code"] == 204
        assert (arrived.error, refused.error) == ("", "webhook_not_delivered")
        assert receiver.got[0][0]["traceparent"].startswith(f"00-{arrived.trace_id}-{arrived.span_id}-")
        assert not any(receiver.url.encode() in body for body in collector.raw)


async def test_webhook_carries_no_traceparent_while_traces_are_off(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    with receiving() as receiver:
        store.create_webhook("default", receiver.url, ["call.completed"])
        await submit(client)
        finish(store)
        (delivery,) = store.lease_deliveries(10, 60.0, 10, {})
        await webhook_delivery.attempt(REACH, delivery, 5.0)
        assert "traceparent" not in {name.lower() for name in receiver.got[0][0]}


async def test_timeline_has_the_stages_and_none_of_the_words(
    client: httpx.AsyncClient, store: CallStore
) -> None:
    call_id = (await submit(client, wav_bytes(value=1))).json()["call_id"]
    finish(store)
    answer = await client.get(f"/v1/calls/{call_id}/timeline")
    assert answer.status_code == 200
    document = answer.json()
    assert document["job_status"] == "COMPLETED"
    assert [(entry["kind"], entry["name"], entry["status"]) for entry in document["entries"]] == [
        ("QUEUE", "queue", "ENDED"),
        ("RUN", "pipeline", "COMPLETED"),
        ("STAGE", "speech-recognizer", "COMPLETED"),
    ]
    stage = document["entries"][-1]
    assert (stage["model"], stage["worked_ms"], stage["attempt"], stage["run"]) == ("base", 1500, 1, 1)
    assert "call.wav" not in answer.text
    assert "환불" not in answer.text
