"""Traces of calls (OpenTelemetry): one per call, from its upload through the queue and the stages to its webhooks.

Off by default: without an endpoint in the environment nothing of OpenTelemetry is imported and a span is nothing. On,
spans end in a queue of this process, and a thread sends them: where the collector is slow or away they are dropped,
and no call waits or fails for them. docs/adr/0015 says why Serve's own ``tracing_config`` does not do this.

No span holds words of a call, names of files, messages of errors, or keys: only ids, versions, codes and times.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

logger = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Environment variables of OpenTelemetry; either turns traces on."""

FLUSH_WITHIN_S = 2.0
"""How long the end of a replica waits for spans that are still to be sent."""

Attributes = Mapping[str, str | int | float | bool]
Kind = Literal["internal", "server", "client"]


class Span:
    """A piece of work that is measured. This one measures nothing: traces are off.

    Attributes:
        traceparent: what a later part of the same trace is given (W3C Trace Context); None: traces are off.
    """

    traceparent: str | None = None

    def note(self, attributes: Attributes) -> None:
        """Add what is known only now."""

    def fail(self, code: str) -> None:
        """Mark the work as failed."""


class _RecordedSpan(Span):
    def __init__(self, span: Any) -> None:
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(span))
        self.traceparent = carrier.get("traceparent")
        self._span = span

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def fail(self, code: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR, code))


_OFF = Span()
_provider: Any = None
_tracer: Any = None


def start(service: str) -> bool:
    """Turn traces on in this process, where the environment names an endpoint. A second call changes nothing.

    Args:
        service: ``service.name`` of the spans, unless OTEL_SERVICE_NAME is set.

    Returns:
        Whether they are on. A package that is missing turns them off with an error in the log; no call fails.
    """
    global _provider, _tracer
    if _tracer is not None or not any(os.environ.get(name) for name in ENDPOINTS):
        return _tracer is not None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        logger.error("no traces: %s; install them with: pip install 'callytics[traces]'", error)
        return False
    version = importlib.metadata.version("callytics")
    resource = Resource.create(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME") or service,
            "service.namespace": "callytics",
            "service.version": version,
        }
    )
    try:
        # No hook at exit: it would wait up to half a minute for a collector that is away. Replicas call `flush`.
        _provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except Exception:  # a wrong OTEL_... variable must not keep a replica from starting
        logger.exception("no traces: the OTEL_ variables of the environment cannot be used")
        _provider = None
        return False
    _tracer = _provider.get_tracer("callytics", version)
    return True


@contextmanager
def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    parent: str | None = None,
    kind: Kind = "internal",
    start_ms: int | None = None,
) -> Iterator[Span]:
    """Measure what is done within. An exception that passes marks it as failed with its code, never its message.

    Args:
        parent: traceparent of a span in another process or of earlier; None: the span around this one. One that is
            malformed is as if there were none.
        start_ms: since the epoch, of what began before.
    """
    if _tracer is None:
        yield _OFF
        return
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = (
        None
        if parent is None
        else TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())
    )
    with _tracer.start_as_current_span(
        name,
        context=context,
        kind=SpanKind[kind.upper()],
        attributes=dict(attributes or {}),
        start_time=None if start_ms is None else start_ms * 1_000_000,
        record_exception=False,  # messages of errors may quote the call
        set_status_on_exception=False,
    ) as recorded:
        measured = _RecordedSpan(recorded)
        try:
            yield measured
        except BaseException as error:
            measured.fail(str(getattr(error, "code", "")) or type(error).__name__)
            raise


def flush(within_s: float = FLUSH_WITHIN_S) -> None:
    """Send what is waiting, for a limited time."""
    if _provider is not None:
        _for_a_while(_provider.force_flush, within_s)


def stop(within_s: float = FLUSH_WITHIN_S) -> None:
    """Turn traces off again; what waits is sent, for a limited time."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        _for_a_while(provider.shutdown, within_s)


def _for_a_while(send: Callable[[], Any], within_s: float) -> None:
    """In a thread: the SDK's own methods know no limit, or one of half a minute."""
    thread = threading.Thread(target=send, name="last spans", daemon=True)
    thread.start()
    thread.join(within_s)
