"""One live graph for the tests that hurt it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deployments.tiny_graph import state_folder
from tests.faults.graph import FaultGraph
from tests.support.otlp_collector import collecting


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "graph" in getattr(item, "fixturenames", ()) and "tests/faults/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="package")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultGraph]:
    home = tmp_path_factory.mktemp("faults")
    # Ray's own interval is 10 s; its agent forgets a gauge after two, and those of monitoring are set every 5 s.
    reports = {"RAY_metrics_report_interval_ms": "4000"}
    # Traces are on: what is hurt here must not be hurt by them. The collector is stopped last.
    with (
        collecting() as collector,
        state_folder(
            home, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="200", **reports
        ),
    ):
        graph = FaultGraph(home)
        graph.collector = collector
        yield graph
        graph.close()
