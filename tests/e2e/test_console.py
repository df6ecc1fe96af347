"""The console before a live graph: from a recording to its report, a correction, and where the correction is seen;
two versions of a stage compared, and a batch."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from deployments.operations import local
from tests.e2e.conftest import SAMPLE, Graph
from tests.support.browser import chromium

__all__ = ["chromium"]

ANALYSED_MS = 180_000
CORRECTED_MS = 15_000
BATCH_S = 240
FIRST, SECOND = "sentiment-analyzer", "sentiment-analyzer-v2"


@pytest.fixture
def page(graph: Graph, chromium: Browser) -> Iterator[Page]:
    """Signed in by the link that `callytics up` prints."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda sent: requests.append(sent.url))
    link = graph.http.post("/v1/sessions/links").json()["path"]
    page.goto(graph.run.url + link)
    page.locator("header.bar").wait_for()
    yield page
    context.close()
    assert [url for url in requests if not url.startswith(graph.run.url)] == []


def test_recording_becomes_a_report_that_is_heard_corrected_and_found(graph: Graph, page: Page) -> None:
    page.goto(f"{graph.run.url}/#/calls")
    page.set_input_files("input[type=file]", SAMPLE)
    uploaded = page.locator(".uploads a")
    uploaded.wait_for(timeout=30_000)
    call_id = (uploaded.get_attribute("href") or "").rpartition("/")[2]
    uploaded.click()
    page.locator(".turn [data-at]").first.wait_for(timeout=ANALYSED_MS)
    expect(page.locator(".findings")).to_contain_text("Resolved")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    word = page.locator("[data-at]").nth(12)
    word.click()
    page.wait_for_function("() => !document.querySelector('audio').seeking")
    wanted_s = int(word.get_attribute("data-at") or -1) / 1000
    assert abs(page.evaluate("document.querySelector('audio').currentTime") - wanted_s) <= 0.15

    page.locator("#turn-t2").hover()
    page.locator("#turn-t2 .edit").click()
    page.get_by_role("textbox", name="Correct").fill("Hello, the zeppelin invoice came twice.")
    page.keyboard.press("Enter")
    expect(page.locator("#turn-t2 p")).to_contain_text("zeppelin", timeout=CORRECTED_MS)
    exported = page.request.get(f"{graph.run.url}/v1/calls/{call_id}/transcript?format=srt").text()
    assert "zeppelin" in exported
    page.goto(f"{graph.run.url}/#/calls?q=zeppelin")
    expect(page.locator(".match mark").first).to_have_text("zeppelin")


def test_call_is_seen_and_its_turns_and_summary_are_fixed(graph: Graph, page: Page) -> None:
    """A call of its own, so that others find the sample as it was recognised."""
    call_id = graph.submit(deduplicate="false")
    graph.wait(call_id)
    before = graph.result(call_id)
    with page.expect_response("**/waveform?*") as answer:
        page.goto(f"{graph.run.url}/#/calls/{call_id}")
    outline = answer.value.json()
    seconds = outline["length"] * outline["samples_per_pixel"] / outline["sample_rate"]
    assert abs(seconds - before["media"]["duration_ms"] / 1000) < 0.2
    assert (outline["channels"], max(outline["data"]) > 30) == (2, True)

    page.locator("#turn-t2").hover()
    page.locator("#turn-t2 .edit").click()
    page.get_by_role("button", name="Split").click()
    page.locator(".splitter .term").nth(1).click()
    items = before["transcript"][1]["items"]
    expect(page.locator("#turn-t3 p")).to_have_text(
        " ".join(item["content"] for item in items[2:]), timeout=CORRECTED_MS
    )
    exported = page.request.get(f"{graph.run.url}/v1/calls/{call_id}/transcript?format=json").json()
    assert [turn["id"] for turn in exported["transcript"]] == [
        f"t{number}" for number in range(1, len(before["transcript"]) + 2)
    ]

    page.get_by_role("button", name="Correct the summary").click()
    page.locator(".summary form").get_by_label("Outcome").fill("A zeppelin by Friday.")
    page.locator(".summary form").get_by_role("button", name="Save").click()
    shown = page.locator(".summary dd", has_text="A zeppelin by Friday.")
    expect(shown).to_be_visible(timeout=CORRECTED_MS)
    events = graph.http.get(f"/v1/calls/{call_id}/events").text.rsplit("event: call.corrected", 1)[1]
    assert "stage.completed" not in events, "no engine reads what a person says of the summary"
    assert [each["status"] for each in graph.result(call_id)["corrections"]] == ["APPLIED", "APPLIED"]
    page.keyboard.press("z")
    expect(shown).to_have_count(0, timeout=CORRECTED_MS)


def test_stages_of_the_graph_are_shown(graph: Graph, page: Page) -> None:
    page.goto(f"{graph.run.url}/#/stages")
    expect(page.locator("tbody tr", has_text="speech-recognizer")).to_contain_text("healthy")
    expect(page.locator(".links a", has_text="Ray")).to_have_attribute("href", graph.run.dashboard_url)


def test_page_outlives_a_gateway_that_is_killed_while_a_call_is_at_work(
    graph: Graph, sample_call: str, page: Page
) -> None:
    """Nothing is clicked or loaded again: the end of the call comes to the page that was open all the while."""
    graph.wait_until_healthy()
    page.goto(f"{graph.run.url}/#/calls")
    page.locator("tbody tr").first.wait_for()
    call_id = graph.submit(deduplicate="false")
    row = page.locator("tbody tr", has=page.locator(f'a[href*="{call_id}"]'))
    row.wait_for(timeout=60_000)
    graph.kill("api-gateway")
    graph.wait_until_healthy()
    assert graph.wait(call_id)["job_status"] == "COMPLETED"
    expect(row).to_contain_text("done", timeout=60_000)


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
    """The graph with a second sentiment-analyzer in the shadow; afterwards as it was."""
    graph.wait_until_healthy()
    document = with_a_second_version(yaml.safe_load(graph.config.read_text(encoding="utf-8")))
    config = tmp_path_factory.mktemp("versioned") / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    try:
        local.up(config, home=graph.home, pull_weights=False)
        yield graph
    finally:
        local.up(graph.config, home=graph.home, pull_weights=False)


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


def test_batch_is_followed_on_the_screen(graph: Graph, page: Page, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for number, size in enumerate((212_000, 252_000)):  # as no other test of this graph has
        (calls / f"{number}.mp3").write_bytes(SAMPLE.read_bytes()[:size])
    environment = {**os.environ, "CALLYTICS_HOME": str(graph.home)}
    environment.pop("RAY_ADDRESS", None)
    program = str(Path(sys.executable).parent / "callytics")
    command = [program, "backfill", "--input", str(calls), "--output", "parquet"]
    page.goto(f"{graph.run.url}/#/operations")
    page.get_by_role("heading", name="Batches").wait_for()
    job = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    row = page.get_by_role("region", name="Batches").locator("tbody tr", has_text=str(calls))
    expect(row).to_contain_text("running", timeout=BATCH_S * 1000)  # by itself: nothing is clicked
    expect(row).to_contain_text("/2)")
    output, _ = job.communicate(timeout=BATCH_S)
    assert job.returncode == 0, output
    expect(row).to_contain_text("done", timeout=30_000)
    expect(row).to_contain_text("100% (2/2)")
    expect(row).to_contain_text("done 2")
    batches = graph.http.get("/v1/batches").json()["batches"]
    (batch,) = (each for each in batches if each["input"] == str(calls))
    assert (batch["status"], batch["by_status"], batch["error"]) == ("done", {"COMPLETED": 2}, "")
