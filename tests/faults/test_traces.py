"""The trace of a call over the processes of a live graph, also where some of them are killed; and its timeline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from callytics.config import ENGINE_STAGES
from callytics.pipeline import PURE_STEPS
from tests.faults.graph import RECORDING, FaultGraph
from tests.support.otlp_collector import CollectedSpan
from tests.support.webhook_receiver import Receiver, receiving

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http", reason="the exporter of callytics[traces] is not installed"
)

HELD_S = 2.0
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class TracedCall:
    """One upload whose analysis stage hangs until `let_go`."""

    def __init__(self, graph: FaultGraph, headers: dict[str, str] | None = None) -> None:
        self._graph = graph
        (graph.home / "hang").touch()
        self._http = graph.client()
        files = {"file": ("secret-name.wav", RECORDING)}
        self.uploaded_at_s = time.time()
        answer = self._http.post(
            "/v1/calls", files=files, data={"deduplicate": "false"}, headers=headers or {}
        )
        assert answer.status_code == 202, answer.text
        self.id = answer.json()["call_id"]

    def wait_until_analysed(self) -> None:
        """The stage that hangs has it."""
        self._wait(
            lambda call: any(s["name"] == "llm-analyzer" and s["status"] == "RUNNING" for s in call["stages"])
        )

    def let_go(self) -> dict[str, Any]:
        (self._graph.home / "hang").unlink()
        return self._wait(lambda call: call["job_status"] in ("COMPLETED", "PARTIAL", "FAILED"))

    def timeline(self) -> dict[str, Any]:
        document: dict[str, Any] = self._http.get(f"/v1/calls/{self.id}/timeline").json()
        return document

    def spans(self, name: str) -> list[CollectedSpan]:
        return [
            span
            for span in self._graph.collector.named(name)
            if span.trace_id == self.trace_id or span.attributes.get("callytics.call_id") == self.id
        ]

    @property
    def trace_id(self) -> str:
        collector = self._graph.collector
        (accept,) = (s for s in collector.named("accept") if s.attributes.get("callytics.call_id") == self.id)
        return accept.trace_id

    def wait_for_spans(self, name: str, count: int = 1) -> list[CollectedSpan]:
        self._graph.collector.wait_for(
            lambda: any(
                s.attributes.get("callytics.call_id") == self.id
                for s in self._graph.collector.named("accept")
            )
        )
        self._graph.collector.wait_for(lambda: len(self.spans(name)) >= count)
        return self.spans(name)

    def _wait(self, done: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 90
        while not done(call := self._http.get(f"/v1/calls/{self.id}").json()):
            assert time.monotonic() < deadline, call
            time.sleep(0.05)
        return dict(call)


def test_one_trace_from_the_upload_to_the_webhook(graph: FaultGraph, receiver: Receiver) -> None:
    graph.store.create_webhook("default", receiver.url, ["call.completed"])
    call = TracedCall(graph, {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    call.wait_until_analysed()
    time.sleep(HELD_S)
    ended = call.let_go()
    assert ended["job_status"] == "COMPLETED"
    (webhook,) = call.wait_for_spans("webhook")
    (accept,), (queue,), (pipeline,) = map(call.spans, ("accept", "queue wait", "pipeline"))

    spans = [span for span in graph.collector.spans if span.trace_id == TRACE]
    assert len({span.span_id for span in spans}) == len(spans)
    assert accept.parent_id == PARENT
    assert {span.parent_id for span in (queue, pipeline, webhook)} == {accept.span_id}
    assert (accept.service, pipeline.service, webhook.service) == (
        "api-gateway",
        "call-pipeline",
        "api-gateway",
    )
    for name in (*ENGINE_STAGES, *PURE_STEPS, "store result"):
        (span,) = call.spans(name)
        assert span.parent_id == pipeline.span_id, name
    (recognizer,) = call.spans("speech-recognizer")
    assert (
        recognizer.attributes.items()
        >= {
            "callytics.application": "speech-recognizer",
            "callytics.engine": "tests.deployments.tiny_engines:TinyRecognizer",
            "callytics.model": "tiny",
            "callytics.model_revision": "1",
            "callytics.attempt": 1,
        }.items()
    )
    (headers,) = [headers for headers, body in receiver.got if call.id.encode() in body]
    assert headers["traceparent"].startswith(f"00-{TRACE}-{webhook.span_id}-")

    wall_s = pipeline.end_s - call.uploaded_at_s
    sum_s = accept.duration_s + queue.duration_s + pipeline.duration_s
    print(
        f"wall {wall_s:.3f} s; accept {accept.duration_s:.3f}, queue {queue.duration_s:.3f}, "
        f"pipeline {pipeline.duration_s:.3f}: {sum_s / wall_s:.1%}"
    )
    assert sum_s == pytest.approx(wall_s, rel=0.05)
    for body in graph.collector.raw:
        assert b"secret-name" not in body
        assert b"Hello." not in body
        assert graph.key.encode() not in body


def test_killed_replica_makes_a_second_span_of_the_stage(graph: FaultGraph) -> None:
    call = TracedCall(graph)
    call.wait_until_analysed()
    graph.kill_application("llm-analyzer")
    time.sleep(0.5)
    ended = call.let_go()
    assert ended["job_status"] == "COMPLETED"
    call.wait_for_spans("pipeline")
    first, second = call.spans("llm-analyzer")
    assert [span.attributes["callytics.attempt"] for span in (first, second)] == [1, 2]
    assert first.error
    assert not second.error
    assert first.end_s < second.start_s
    assert {first.trace_id, second.trace_id} == {call.trace_id}
    attempts = [entry for entry in call.timeline()["entries"] if entry["name"] == "llm-analyzer"]
    assert [(e["attempt"], e["status"]) for e in attempts] == [(1, "FAILED"), (2, "COMPLETED")]
    assert attempts[0]["ended_at"] < attempts[1]["started_at"]


def test_another_worker_continues_the_trace(graph: FaultGraph) -> None:
    call = TracedCall(graph)
    call.wait_until_analysed()
    time.sleep(0.5)  # what has ended is sent
    graph.kill_application("call-pipeline")
    time.sleep(1.0)
    ended = call.let_go()
    assert ended["job_status"] == "COMPLETED"
    (pipeline,) = call.wait_for_spans("pipeline")  # that of the first worker died with it
    assert pipeline.attributes["callytics.attempt"] == 2
    assert len(call.spans("queue wait")) == 2
    assert {span.trace_id for span in call.spans("speech-recognizer")} == {call.trace_id}
    (accept,) = call.spans("accept")
    assert pipeline.parent_id == accept.span_id
    runs = [entry for entry in call.timeline()["entries"] if entry["kind"] == "RUN"]
    assert [(run["attempt"], run["status"]) for run in runs] == [(1, "LOST"), (2, "COMPLETED")]
    assert runs[0]["ended_at"] is None
