"""An OpenTelemetry collector on the loopback: takes spans over OTLP/HTTP and keeps them."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.loopback import running


@dataclass(frozen=True)
class CollectedSpan:
    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    start_s: float
    end_s: float
    attributes: dict[str, Any]
    error: str
    kind: int

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


class Collector:
    """``delay_s``: how long it takes to answer; ``status``: with what."""

    def __init__(self) -> None:
        self.spans: list[CollectedSpan] = []
        self.raw: list[bytes] = []
        self.status = 200
        self.delay_s = 0.0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(collector.delay_s)
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if self.path == "/v1/traces" and collector.status == 200:
                    collector.raw.append(body)
                    collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def named(self, name: str) -> list[CollectedSpan]:
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.start_s)

    def wait_for(self, found: Callable[[], Any], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while not found():
            assert time.monotonic() < deadline, sorted((span.name, span.trace_id) for span in self.spans)
            time.sleep(0.05)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    with running(collector.server):
        yield collector


def _spans(request: ExportTraceServiceRequest) -> Iterator[CollectedSpan]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield CollectedSpan(
                    span.name,
                    resource["service.name"],
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.start_time_unix_nano / 1e9,
                    span.end_time_unix_nano / 1e9,
                    _attributes(span.attributes),
                    span.status.message if span.status.code == 2 else "",
                    span.kind,
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
