"""What operators look at: queue and speed, versions side by side, batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.comparison import remote
from callytics.domain import StageRun, StageStatus
from callytics.store import AsyncStore, CallStore, JobStatus
from tests.api.conftest import submit, wav_bytes
from tests.store.samples import new_call, result_json
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def operator(services: Services, store: CallStore) -> AsyncIterator[httpx.AsyncClient]:
    async with of_operator(services, store) as operator:
        yield operator


def of_operator(services: Services, store: CallStore) -> httpx.AsyncClient:
    secret = store.create_api_key("operator", ["calls:read", "metrics:read"]).secret
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


def run_of(application: str, duration_s: float, status: StageStatus = StageStatus.COMPLETED) -> StageRun:
    return StageRun(
        "llm-analyzer", status, 1, duration_s, application, "an:Engine", "model", "r1", application
    )


def add_calls(store: CallStore, number: int, second_fails: bool = False) -> float:
    """Calls on which two versions of a stage worked; returns the length of one."""
    for _ in range(number):
        call = store.create_call(new_call(deduplicate=False)).call
        lease = store.lease("worker", 60.0)
        assert lease is not None
        store.record_stage(call.id, lease.token, run_of("llm-analyzer", 2.0), "key", None)
        status = StageStatus.FAILED if second_fails else StageStatus.COMPLETED
        store.record_shadow(call.id, run_of("llm-analyzer-v2", 1.0, status), None)
        store.complete(call.id, lease.token, JobStatus.COMPLETED, result_json(call.id))
    return call.media.duration_s


async def test_queue_and_speed(
    operator: httpx.AsyncClient, client: httpx.AsyncClient, store: CallStore
) -> None:
    nothing = (await operator.get("/v1/operations")).json()
    assert nothing == {
        "queue": {"queued": 0, "in_progress": 0, "oldest_queued_s": None, "webhooks_pending": 0},
        "speeds": [],
        "links": {"ray_dashboard": None, "grafana": None},
    }
    audio_s = add_calls(store, 3)
    await submit(client, wav_bytes(0.5))
    answer = (await operator.get("/v1/operations")).json()
    assert answer["queue"]["queued"] == 1
    assert 0 <= answer["queue"]["oldest_queued_s"] < 60
    first, second = answer["speeds"]
    assert (first["stage"], first["application"], first["runs"], first["shadow_runs"]) == (
        "llm-analyzer", "llm-analyzer", 3, 0,
    )  # fmt: skip
    assert first["seconds_per_minute"] == pytest.approx(60 * 2.0 / audio_s)
    assert (second["application"], second["shadow_runs"], second["failed"]) == ("llm-analyzer-v2", 3, 0)


async def test_links_are_those_of_the_settings(services: Services, store: CallStore) -> None:
    told = {"ray_dashboard_url": "http://127.0.0.1:8265", "grafana_url": "https://grafana.example.org"}
    settings = services.settings.model_copy(update=told)
    async with of_operator(replace(services, settings=settings), store) as operator:
        links = (await operator.get("/v1/operations")).json()["links"]
    assert links == {"ray_dashboard": told["ray_dashboard_url"], "grafana": told["grafana_url"]}


async def test_without_settings_links_are_what_up_started(
    operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLYTICS_RAY_DASHBOARD_URL", "http://127.0.0.1:8265")
    links = (await operator.get("/v1/operations")).json()["links"]
    assert links == {"ray_dashboard": "http://127.0.0.1:8265", "grafana": None}


@pytest.mark.parametrize(
    ("fails", "advice", "verdicts"),
    [
        (False, "not enough data", {"failures": "undecided", "time": "better", "errors": "undecided"}),
        (True, "keep", {"failures": "worse", "time": "undecided", "errors": "undecided"}),
    ],
)
async def test_versions_are_compared(
    operator: httpx.AsyncClient, store: CallStore, fails: bool, advice: str, verdicts: dict[str, str]
) -> None:
    add_calls(store, 25, second_fails=fails)
    listed = (await operator.get("/v1/comparisons")).json()
    assert listed["comparison"] is None
    assert [of["application"] for of in listed["applications"]] == ["llm-analyzer", "llm-analyzer-v2"]
    names = {"first": "llm-analyzer", "second": "llm-analyzer-v2"}
    response = await operator.get("/v1/comparisons", params=names)
    assert response.status_code == 200, response.text
    found = response.json()["comparison"]
    assert (found["stage"], found["first"]["calls"], found["second"]["shadow_calls"]) == (
        "llm-analyzer",
        25,
        25,
    )
    assert found["first"]["latency_p50_s"]["value"] == 2.0
    assert {one["name"]: one["verdict"] for one in found["criteria"]} == verdicts
    assert found["advice"] == advice
    json.dumps(found, allow_nan=False)


async def test_comparison_that_cannot_be_made_says_why(operator: httpx.AsyncClient, store: CallStore) -> None:
    add_calls(store, 1)

    async def ask(**params: str) -> httpx.Response:
        return await operator.get("/v1/comparisons", params=params)

    assert_problem(await ask(first="llm-analyzer"), 400, "not_comparable")
    assert_problem(await ask(first="llm-analyzer", second="llm-analyzer"), 400, "not_comparable")
    assert_problem(await ask(first="llm-analyzer", second="llm-analyzer-v9"), 404, "version_unknown")
    assert (await ask(days="0")).status_code == 422


async def test_one_comparison_is_made_at_a_time(
    services: Services, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the gateway answers meanwhile."""
    add_calls(store, 2)
    may_go_on = asyncio.Event()
    local = AsyncStore.local(store)

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if method == "version_runs":
            await may_go_on.wait()
        return await local._invoke(method, args, kwargs)

    names = {"first": "llm-analyzer", "second": "llm-analyzer-v2"}
    async with of_operator(replace(services, store=AsyncStore(invoke)), store) as operator:
        first = asyncio.create_task(operator.get("/v1/comparisons", params=names))
        async with asyncio.timeout(30):
            while not remote._running:
                await asyncio.sleep(0.01)
            assert_problem(await operator.get("/v1/comparisons", params=names), 503, "comparison_running")
            assert (await operator.get("/v1/calls")).status_code == 200
            may_go_on.set()
            assert (await first).status_code == 200
        assert (await operator.get("/v1/comparisons", params=names)).status_code == 200


async def test_the_newest_calls_are_compared(
    operator: httpx.AsyncClient, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MAX_CALLS", 3)
    add_calls(store, 5)
    names = {"first": "llm-analyzer", "second": "llm-analyzer-v2"}
    found = (await operator.get("/v1/comparisons", params=names)).json()["comparison"]
    assert (found["first"]["calls"], found["second"]["calls"]) == (3, 3)


async def test_batches_and_how_far_they_are(
    operator: httpx.AsyncClient, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = store.begin_batch("calls/a", 40)
    store.tell_batch(running, {"COMPLETED": 8, "SKIPPED": 2}, 600.0)
    failed = store.begin_batch("calls/b", 3)
    store.tell_batch(failed, {}, 0.0, has_ended=True, error="TimeoutError")
    store.begin_batch("calls/of-alpha", 1, "alpha")
    batches = {of["input"]: of for of in (await operator.get("/v1/batches")).json()["batches"]}
    assert batches.keys() == {"calls/a", "calls/b"}
    assert (batches["calls/a"]["status"], batches["calls/a"]["done"]) == ("running", 10)
    assert batches["calls/a"]["left_s"] >= 0
    assert (batches["calls/b"]["status"], batches["calls/b"]["left_s"]) == ("failed", None)
    monkeypatch.setattr("callytics.api.operations.SILENT_AFTER_S", -1)
    (silent,) = [of for of in (await operator.get("/v1/batches")).json()["batches"] if of["id"] == running]
    assert (silent["status"], silent["left_s"]) == ("silent", None)
