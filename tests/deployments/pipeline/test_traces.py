"""The spans of one call in the pipeline: what is measured, what belongs to what, and what is not said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ray.exceptions import ActorDiedError

from callytics.config import ENGINE_STAGES
from callytics.pipeline import PURE_STEPS
from callytics.store import NewCall
from callytics.telemetry import tracing
from tests.deployments import tiny_engines
from tests.deployments.conftest import FakeGraph

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http", reason="the exporter of callytics[traces] is not installed"
)
from tests.support.otlp_collector import Collector, collecting

TRACE, ACCEPT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        assert tracing.start("call-pipeline")
        yield collector
        tracing.stop()


def submit(graph: FakeGraph, traceparent: str | None = f"00-{TRACE}-{ACCEPT}-01") -> None:
    new = NewCall("c1", "secret-name.wav", 1, tiny_engines.MEDIA, "secret-name.wav", traceparent=traceparent)
    graph.store.create_call(new)


def test_every_step_is_a_span_of_the_trace_that_the_call_came_with(
    graph: FakeGraph, collector: Collector
) -> None:
    submit(graph)
    graph.work()
    tracing.flush()
    (queue,), (pipeline,) = collector.named("queue wait"), collector.named("pipeline")
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert (queue.parent_id, pipeline.parent_id) == (ACCEPT, ACCEPT)
    for name in (*ENGINE_STAGES, *PURE_STEPS, "store result"):
        (span,) = collector.named(name)
        assert span.parent_id == pipeline.span_id, name
        assert pipeline.start_s <= span.start_s <= span.end_s <= pipeline.end_s
    assert abs(queue.end_s - pipeline.start_s) < 0.1
    assert pipeline.attributes == {
        "callytics.call_id": "c1",
        "callytics.tenant": "default",
        "callytics.attempt": 1,
        "callytics.job_status": "COMPLETED",
    }
    for body in collector.raw:
        assert b"secret-name" not in body
        assert b"Hello." not in body


def test_attempts_of_a_stage_are_spans_of_their_own(graph: FakeGraph, collector: Collector) -> None:
    graph.stages["speech-recognizer"].errors = [ActorDiedError()]
    submit(graph)
    graph.work()
    tracing.flush()
    first, second = collector.named("speech-recognizer")
    assert [span.attributes["callytics.attempt"] for span in (first, second)] == [1, 2]
    assert (first.error, second.error) == ("ActorDiedError", "")
    assert (
        second.attributes.items()
        >= {
            "callytics.stage": "speech-recognizer",
            "callytics.application": "speech-recognizer",
            "callytics.engine": "TinyRecognizer",
            "callytics.model": "tiny",
            "callytics.model_revision": "1",
            "callytics.engine_duration_s": 0.01,
        }.items()
    )


def test_call_that_waits_for_a_stage_has_two_waits_and_two_runs_in_one_trace(
    graph: FakeGraph, collector: Collector
) -> None:
    stage = graph.stages["punctuation-restorer"]
    stage.away = ActorDiedError()
    submit(graph)
    graph.work()
    stage.away = None
    graph.pass_time(400)
    graph.work()
    tracing.flush()
    runs = collector.named("pipeline")
    assert [run.error for run in runs] == ["stage_unavailable", ""]
    assert len(collector.named("queue wait")) == 2
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert len(collector.named("speech-recognizer")) == 1  # its result was kept


def test_call_from_before_traces_were_on_has_one_trace(graph: FakeGraph, collector: Collector) -> None:
    submit(graph, None)
    graph.work()
    tracing.flush()
    (queue,) = collector.named("queue wait")
    assert {span.trace_id for span in collector.spans} == {queue.trace_id}
