"""What docs/adr/0015-traces.md says of Ray Serve's own tracing."""

from __future__ import annotations

import subprocess
import sys

from ray.serve.schema import ServeDeploySchema, TracingConfig


def test_tracing_of_serve_is_off_and_samples_one_percent_by_default() -> None:
    assert "tracing_config" in ServeDeploySchema.model_fields
    default = TracingConfig()
    assert (default.enabled, default.exporter_import_path, default.sampling_ratio) == (False, "", 0.01)


def test_tracing_of_serve_takes_the_global_provider_and_leaves_ours_alone() -> None:
    code = """
import os
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
from opentelemetry import trace
from callytics.telemetry import tracing
from ray.serve._private import tracing_utils
from ray.serve.schema import TracingConfig
tracing_utils.default_tracing_exporter = lambda name: []
before = trace.get_tracer_provider()
assert tracing.start("x")
assert trace.get_tracer_provider() is before, "the global provider is Serve's to set"
path = "ray.serve._private.tracing_utils:default_tracing_exporter"
assert tracing_utils.setup_tracing("x", "y", None, TracingConfig(enabled=True, exporter_import_path=path))
ours = tracing._provider
assert trace.get_tracer_provider() is not ours
with tracing.span("a") as span:
    assert span.traceparent
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
