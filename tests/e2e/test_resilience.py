"""Whatever is killed in the middle of a call, the call is completed, once, and nothing is done twice needlessly."""

from __future__ import annotations

import time

import pytest

from tests.e2e.conftest import Graph


@pytest.fixture(autouse=True)
def whole_graph(graph: Graph) -> None:
    graph.wait_until_healthy()


def test_the_recognizer_is_killed_in_the_middle_of_a_call(graph: Graph) -> None:
    call_id = graph.submit(deduplicate="false")
    graph.wait_for_stage(call_id, "speech-recognizer", "RUNNING")
    time.sleep(1.0)
    graph.kill("speech-recognizer")
    assert graph.wait(call_id)["job_status"] == "COMPLETED"
    assert graph.stage(call_id, "speech-recognizer")["attempts"] >= 2
    assert graph.stage(call_id, "audio-processor")["attempts"] == 1
    assert len(graph.result(call_id)["transcript"]) > 5


def test_the_pipeline_is_killed_in_the_middle_of_a_call(graph: Graph) -> None:
    """Another replica takes the call up when the lease is over, after the stages that were finished."""
    call_id = graph.submit(deduplicate="false")
    graph.wait_for_stage(call_id, "speaker-diarizer", "COMPLETED")
    assert graph.stage(call_id, "speech-recognizer")["status"] == "RUNNING", "too late to show anything"
    started = graph.http.get(f"/v1/calls/{call_id}").json()["attempts"]
    graph.kill("call-pipeline")
    status = graph.wait(call_id)
    assert status["job_status"] == "COMPLETED"
    assert status["attempts"] == started + 1
    stages = {stage["name"]: stage for stage in status["stages"]}
    assert stages["speaker-diarizer"]["attempts"] == 1
    events = graph.http.get("/v1/calls").json()
    assert sum(call["call_id"] == call_id for call in events["calls" if "calls" in events else "data"]) == 1


def test_store_and_gateway_are_killed_in_the_middle_of_a_call(graph: Graph) -> None:
    call_id = graph.submit(deduplicate="false")
    graph.wait_for_stage(call_id, "audio-processor", "COMPLETED")
    graph.kill("database-service")
    graph.kill("api-gateway")
    graph.wait_until_healthy()
    assert graph.wait(call_id)["job_status"] == "COMPLETED"
