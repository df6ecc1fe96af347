"""Series that Prometheus finds on a live graph, and its probes while a stage restarts."""

from __future__ import annotations

import time
from typing import Any

import httpx

from callytics.config import ENGINE_STAGES
from callytics.store import FINISHED
from callytics.telemetry import SERIES, Kind
from tests.faults.graph import RECORDING, FaultGraph
from tests.support.scraping import Scrape, scrape_until

CALLS = "ray_callytics_calls_total"


def upload(graph: FaultGraph) -> str:
    with graph.client() as http:
        files, fields = {"file": ("010-1234-5678.wav", RECORDING)}, {"deduplicate": "false"}
        answer = http.post("/v1/calls", files=files, data={**fields, "external_id": "customer-4711"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["call_id"])


def finished(graph: FaultGraph, call_id: str, timeout_s: float = 90.0) -> str:
    deadline = time.monotonic() + timeout_s
    while (record := graph.store.get_call(call_id)).status not in FINISHED:
        assert time.monotonic() < deadline, record
        time.sleep(0.2)
    return record.status


REPORT_S = 10.0
"""Two report intervals of Ray's agent (conftest.py) and some."""


def test_calls_are_counted_where_prometheus_finds_them(graph: FaultGraph) -> None:
    time.sleep(REPORT_S)  # calls of the tests before this one are exported with the next reports
    before = Scrape(graph.home)
    call_id = upload(graph)
    assert finished(graph, call_id) == "COMPLETED"
    with graph.client() as http:
        answer = http.post(
            "/v1/audio/transcriptions", files={"file": ("a.wav", RECORDING)}, data={"model": "callytics"}
        )
        assert answer.status_code == 200, answer.text
        assert http.delete(f"/v1/calls/{call_id}").status_code == 204

    def grown(found: Scrape, name: str, **labels: str) -> float:
        return found.total(name, **labels) - before.total(name, **labels)

    def all_there(found: Scrape) -> bool:
        analysed = {"stage": "llm-analyzer", "status": "COMPLETED"}
        return (
            grown(found, CALLS, status="COMPLETED") >= 2
            and grown(found, "ray_callytics_stage_duration_seconds_count", **analysed) >= 2
            and grown(found, "ray_callytics_recognition_confidence_count") >= 2
            and found.total("ray_callytics_database_up") == 1
        )

    found = scrape_until(graph.home, all_there)
    assert grown(found, CALLS, tenant_class="operator", language="en") == 2
    assert grown(found, "ray_callytics_audio_seconds_total") == 4.0  # two of two seconds, one of them deleted
    for name in ("call_duration_seconds", "call_waiting_seconds", "recognition_confidence"):
        assert grown(found, f"ray_callytics_{name}_count") == 2, name
        assert grown(found, f"ray_callytics_{name}_bucket", le="+Inf") == 2, name
    for stage in ENGINE_STAGES:
        assert grown(found, "ray_callytics_stage_duration_seconds_count", stage=stage, version=stage) == 2
        assert found.total("ray_callytics_stage_healthy", stage=stage) == 1
        assert found.total("ray_callytics_stage_replicas", stage=stage) == 1
    assert grown(found, "ray_callytics_stage_real_time_factor_count") == 2 * len(ENGINE_STAGES)
    assert grown(found, "ray_callytics_turns_total", sentiment="NEUTRAL", role="AGENT") == 2
    assert found.has("ray_callytics_queue_oldest_seconds")
    assert 0 < found.total("ray_callytics_disk_free_ratio", folder="blobs") < 1


def test_series_have_the_types_and_labels_of_their_definitions(graph: FaultGraph) -> None:
    found = scrape_until(graph.home, lambda found: found.has("ray_callytics_stage_healthy"))
    types = {name: of for name, of in found.types.items() if name.startswith("ray_callytics_")}
    defined = {
        each.exported_name.removesuffix("_total") if each.kind is Kind.COUNTER else each.exported_name: each
        for each in SERIES
    }
    assert types
    for name, found_type in types.items():
        assert found_type == defined[name].kind, name
    for name, labels, _ in found.samples:
        if name.startswith("ray_callytics_"):
            base = (
                name.removesuffix("_total")
                .removesuffix("_bucket")
                .removesuffix("_count")
                .removesuffix("_sum")
            )
            assert {label.name for label in defined[base].labels} <= set(labels), name
    values = found.label_values("ray_callytics_")
    for planted in ("010-1234-5678", "customer-4711", "Hello", str(graph.home)):
        assert not [value for value in values if planted in value]


def test_call_of_a_killed_worker_counts_once(graph: FaultGraph) -> None:
    before = Scrape(graph.home)
    hang = graph.home / "hang"
    hang.touch()
    try:
        call_id = upload(graph)
        deadline = time.monotonic() + 30
        while not graph.store.get_call(call_id).stages:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        graph.kill_application("call-pipeline")
    finally:
        hang.unlink()
    assert finished(graph, call_id) in ("COMPLETED", "PARTIAL")
    found = scrape_until(graph.home, lambda found: found.total(CALLS) > before.total(CALLS))
    time.sleep(REPORT_S)  # a second count would come with the next report
    assert Scrape(graph.home).total(CALLS) == found.total(CALLS) == before.total(CALLS) + 1


def test_restarting_stage_is_not_ready_and_not_dead(graph: FaultGraph) -> None:
    def ask(path: str) -> tuple[int, dict[str, Any]]:
        answer = httpx.get(f"{graph.run.url}{path}", timeout=30)
        return answer.status_code, answer.json()

    def wait_for(status: int, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while (found := ask("/readyz"))[0] != status:
            assert ask("/healthz")[0] == 200
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found[1]

    wait_for(200, 60)
    broken = graph.home / "broken"
    broken.touch()  # it is not back before anyone looked
    graph.kill_application("sentiment-analyzer")
    try:
        assert "sentiment-analyzer" in wait_for(503, 60)["not_ready"]
    finally:
        broken.unlink()
    assert ask("/healthz")[0] == 200
    assert (
        httpx.get(f"{graph.run.url}/-/healthz", timeout=30).text == "success"
    )  # what Serve itself says of its proxy
    assert wait_for(200, 90)["not_ready"] == {}
