"""Spans: off they are nothing, on they reach a collector, and a collector that is away or slow holds up nothing."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from callytics.errors import InvalidMediaError
from callytics.telemetry import tracing

pytest.importorskip(
    "opentelemetry.exporter.otlp.proto.http", reason="the exporter of callytics[traces] is not installed"
)
from tests.support.otlp_collector import Collector, collecting

CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        assert tracing.start("test")
        yield collector
        tracing.stop()


def test_tracing_is_off_without_an_endpoint_and_imports_nothing() -> None:
    code = (
        "import sys\nfrom callytics.telemetry import tracing\nassert not tracing.start('test')\n"
        "with tracing.span('x', {'a': 1}, parent='00-1-2-01') as span:\n    span.note({'b': 2}); span.fail('c')\n"
        "assert span.traceparent is None\ntracing.flush()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    environment = {"PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_inner_span_has_the_outer_one_as_parent(collector: Collector) -> None:
    with tracing.span("outer", {"callytics.call_id": "c1"}), tracing.span("inner"):
        pass
    tracing.flush()
    (outer,), (inner,) = collector.named("outer"), collector.named("inner")
    assert (inner.trace_id, inner.parent_id) == (outer.trace_id, outer.span_id)
    assert outer.parent_id == ""
    assert outer.attributes == {"callytics.call_id": "c1"}
    assert outer.service == "test"


def test_trace_of_a_caller_is_continued(collector: Collector) -> None:
    with tracing.span("accept", parent=CLIENT) as span:
        pass
    tracing.flush()
    (accept,) = collector.spans
    assert (accept.trace_id, accept.parent_id) == (CLIENT.split("-")[1], CLIENT.split("-")[2])
    assert span.traceparent is not None
    assert span.traceparent.startswith(f"00-{accept.trace_id}-{accept.span_id}-")


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "x",
        CLIENT[:-3],
        CLIENT.replace("b7ad", "B7AG"),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "\x00" * 55,
    ],
)
def test_malformed_traceparent_is_ignored(collector: Collector, malformed: str) -> None:
    with tracing.span("accept", parent=malformed):
        pass
    tracing.flush()
    assert [span.parent_id for span in collector.spans] == [""]


def test_caller_that_does_not_sample_is_not_traced(collector: Collector) -> None:
    with tracing.span("accept", parent=CLIENT[:-2] + "00") as span:
        pass
    tracing.flush()
    assert collector.spans == []
    assert span.traceparent is not None
    assert int(span.traceparent[-2:], 16) & 1 == 0  # the flag "sampled"


def test_error_is_named_by_its_code_and_never_by_its_message(collector: Collector) -> None:
    with pytest.raises(InvalidMediaError), tracing.span("accept"):
        raise InvalidMediaError("media_undecodable", "secret-call.wav cannot be read")
    with pytest.raises(RuntimeError), tracing.span("accept"):
        raise RuntimeError("secret-call.wav")
    tracing.flush()
    assert [span.error for span in collector.named("accept")] == ["media_undecodable", "RuntimeError"]
    assert not any(b"secret-call" in body for body in collector.raw)


@pytest.mark.parametrize(("status", "delay_s"), [(200, 60.0), (503, 0.0)])
def test_slow_or_broken_collector_delays_nothing(collector: Collector, status: int, delay_s: float) -> None:
    collector.status, collector.delay_s = status, delay_s
    began = time.monotonic()
    for _ in range(3000):  # more than the queue of the SDK holds
        with tracing.span("x"):
            pass
    assert time.monotonic() - began < 20.0  # far less than one answer of the collector takes
    began = time.monotonic()
    tracing.flush(0.5)
    tracing.stop(0.5)
    assert time.monotonic() - began < 10.0


def test_collector_that_is_away_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert tracing.start("test")
    try:
        with tracing.span("x") as span:
            assert span.traceparent
    finally:
        tracing.stop()


def test_missing_exporter_is_reported_and_turns_traces_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.ERROR):
        assert not tracing.start("test")
    assert "callytics[traces]" in caplog.text
    with tracing.span("x") as span:
        assert span.traceparent is None


def test_wrong_variable_turns_traces_off_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")
    assert not tracing.start("test")
    assert "OTEL_" in caplog.text
