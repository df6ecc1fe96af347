"""The console's screens that need a graph at work: two versions of a stage compared, a batch, and a correction in a
call of ten minutes. A second sentiment-analyzer is deployed beside the first meanwhile, in its shadow."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from deployments.operations import local
from tests.e2e.conftest import SAMPLE, Graph
from tests.support.browser import chromium

__all__ = ["chromium"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FIRST, SECOND = "sentiment-analyzer", "sentiment-analyzer-v2"
TEN_MINUTES_S = 600
CORRECTED_WITHIN_S = 5.0
BATCH_S = 240


def with_a_second_version(document: dict[str, object]) -> dict[str, object]:
    """Every call goes through both; what the second says is kept beside."""
    applications = document["applications"]
    assert isinstance(applications, list)
    (first,) = (each for each in applications if each["name"] == FIRST)
    applications.insert(applications.index(first) + 1, {**copy.deepcopy(first), "name": SECOND})
    (pipeline,) = (each for each in applications if each["name"] == "call-pipeline")
    pipeline["deployments"][0]["user_config"] = {"routes": {FIRST: {"shadow": {SECOND: 1}}}}
    return document


@pytest.fixture(scope="module")
def versioned(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph of the package, with the second version as long as these tests run."""
    graph.wait_until_healthy()
    document = with_a_second_version(yaml.safe_load(graph.config.read_text(encoding="utf-8")))
    config = tmp_path_factory.mktemp("versioned") / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    try:
        local.up(config, home=graph.home, pull_weights=False, timeout_s=400)
        yield graph
    finally:
        local.up(graph.config, home=graph.home, pull_weights=False, timeout_s=400)


@pytest.fixture
def page(versioned: Graph, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(versioned.run.url + versioned.http.post("/v1/sessions/links").json()["path"])
    page.locator("header.bar").wait_for()
    yield page
    context.close()


def test_two_versions_are_compared_on_the_screen(versioned: Graph, page: Page) -> None:
    for _ in range(2):
        assert versioned.wait(versioned.submit(deduplicate="false"))["job_status"] == "COMPLETED"
    deadline = time.monotonic() + 60
    while True:  # a shadow is written after the call
        speeds = {one["application"]: one for one in versioned.http.get("/v1/operations").json()["speeds"]}
        if speeds.get(SECOND, {}).get("runs") == 2:
            break
        assert time.monotonic() < deadline, speeds
        time.sleep(0.5)
    assert speeds[SECOND]["shadow_runs"] == 2
    page.goto(f"{versioned.run.url}/#/operations")
    page.get_by_label("In use → instead").select_option(f"{FIRST} {SECOND}")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Recommendation:")).to_contain_text("not enough data", timeout=60_000)
    table = page.get_by_role("region", name="In use → instead")
    expect(table.locator("tr", has_text="Calls")).to_contain_text("2 (2 in the shadow)")
    expect(table.locator("tr", has_text="p95")).to_contain_text("s")
    expect(page.get_by_role("region", name="Criterion").locator("tbody tr")).not_to_have_count(0)
    expect(page.locator("tbody tr", has_text=SECOND).first).to_contain_text("healthy")


def test_batch_is_followed_on_the_screen(versioned: Graph, page: Page, tmp_path: Path) -> None:
    calls = tmp_path / "followed-calls"
    calls.mkdir()
    for number, size in enumerate((200_000, 260_000)):
        (calls / f"{number}.mp3").write_bytes(SAMPLE.read_bytes()[:size])
    environment = {**os.environ, "CALLYTICS_HOME": str(versioned.home)}
    environment.pop("RAY_ADDRESS", None)
    command = [
        str(Path(sys.executable).parent / "callytics"),
        "backfill",
        "--input",
        calls.name,
        "--output",
        "parquet",
    ]
    page.goto(f"{versioned.run.url}/#/operations")
    batches = page.get_by_role("region", name="Batches")
    expect(page.get_by_text("No batch yet.").or_(batches.locator("tbody tr").first)).to_be_visible()
    row = batches.locator("tbody tr", has_text=calls.name)
    expect(row).to_have_count(0)
    job = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    expect(row).to_contain_text("running", timeout=BATCH_S * 1000)  # by itself: nothing is clicked
    expect(row).to_contain_text("/2)")
    output, _ = job.communicate(timeout=BATCH_S)
    assert job.returncode == 0, output
    expect(row).to_contain_text("done", timeout=30_000)
    expect(row).to_contain_text("100% (2/2)")
    expect(row).to_contain_text("done 2")
    listed = versioned.http.get("/v1/batches").json()["batches"]
    (batch,) = (each for each in listed if each["input"].endswith(calls.name))
    assert (batch["status"], batch["by_status"], batch["error"]) == ("done", {"COMPLETED": 2}, "")


def looped(path: Path, lasts_s: float) -> Path:
    """The sample, again and again until it is so long; packets are copied, nothing is encoded."""
    with av.open(str(path), "w") as output:
        stream, shift = None, 0
        while stream is None or float(shift * stream.time_base) < lasts_s:
            with av.open(str(SAMPLE)) as source:
                (track,) = source.streams.audio
                if stream is None:
                    stream = output.add_stream_from_template(track)
                last = 0
                for packet in source.demux(track):
                    if packet.dts is None:
                        continue
                    last = max(last, packet.pts + packet.duration)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    output.mux(packet)
                shift += last
    return path


@pytest.mark.slow
def test_correction_of_a_call_of_ten_minutes_is_there_within_seconds(
    versioned: Graph, page: Page, tmp_path: Path
) -> None:
    """From the moment at which it is sent until the new result is stored: only what depends on it runs again."""
    call_id = versioned.submit(looped(tmp_path / "long.mp3", TEN_MINUTES_S))
    before = versioned.wait(call_id, timeout_s=700)
    assert before["job_status"] == "COMPLETED"
    assert before["media"]["duration_ms"] >= TEN_MINUTES_S * 1000
    measured = []
    for number, body in enumerate(
        (
            {"turns": [{"turn_id": "t2", "content": "Hello, the zeppelin invoice came twice."}]},
            {"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}},
            {"summary": {"outcome": "A zeppelin by Friday."}},
        )
    ):
        last = versioned.status(call_id)["result_at"]
        start_s = time.monotonic()
        assert versioned.http.patch(f"/v1/calls/{call_id}", json=body).status_code == 200
        while versioned.status(call_id)["result_at"] == last:
            assert time.monotonic() - start_s < 120
            time.sleep(0.05)
        measured.append(time.monotonic() - start_s)
        result = versioned.result(call_id)
        assert len(result["corrections"]) >= number + 1
        ran = {stage["name"]: stage["duration_ms"] for stage in versioned.status(call_id)["stages"]}
        print(f"correction {number}: {measured[-1]:.2f} s; load {os.getloadavg()[0]:.1f}; {ran}")
    assert "zeppelin" in versioned.result(call_id)["transcript"][1]["content"]
    assert max(measured) <= CORRECTED_WITHIN_S, measured
