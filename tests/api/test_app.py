"""What holds for the whole API: errors, keys, limits, documentation, health, metrics."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from callytics.api import Services, StageHealth, create_app
from callytics.errors import UnavailableError
from callytics.store import CallStore, NewCall
from tests.api.conftest import blob_files, submit
from tests.store.samples import DURATION_S, finish
from tests.support.played_store import play
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio


async def test_errors_are_problem_details(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nothing/here"), 404, "not_found")
    wrong_method = await client.put("/v1/calls/x")
    assert_problem(wrong_method, 405, "method_not_allowed")
    assert wrong_method.headers["Allow"] == "DELETE, GET, PATCH"
    assert_problem(await client.get("/v1/calls/unknown"), 404, "call_not_found")
    assert_problem(await client.patch("/v1/calls/unknown", content=b"{"), 422, "validation_failed")


async def test_crash_tells_nothing_of_the_inside(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("secret path /srv/keys")

    play(monkeypatch, services.store, CallStore.get_call, crash)
    response = await client.get("/v1/calls/x")
    assert_problem(response, 500, "internal_error")
    assert "secret" not in response.text


async def test_unavailable_says_when_to_come_back(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch, blob_root: Path
) -> None:
    async def busy(*_: object) -> None:
        raise UnavailableError("stage_unavailable", "audio-processor starts.")

    monkeypatch.setattr(services.audio, "probe", busy)
    response = await submit(client)
    assert_problem(response, 503, "stage_unavailable")
    assert response.headers["Retry-After"] == "5"
    assert blob_files(blob_root) == []


async def test_lost_answer_of_the_store_loses_no_recording(
    client: httpx.AsyncClient,
    services: Services,
    store: CallStore,
    monkeypatch: pytest.MonkeyPatch,
    blob_root: Path,
) -> None:
    async def written_but_not_answered(new: NewCall) -> None:
        store.create_call(new)
        raise UnavailableError("database_unavailable", "The call store does not answer.")

    play(monkeypatch, services.store, CallStore.create_call, written_but_not_answered)
    assert_problem(await submit(client), 503, "database_unavailable")
    monkeypatch.undo()
    again = (await submit(client)).json()
    assert again["duplicate"]
    (path,) = blob_files(blob_root)
    assert path.parent.name == again["call_id"]


async def test_keys_open_what_their_scopes_allow(client: httpx.AsyncClient, store: CallStore) -> None:
    reader = store.create_api_key("reader", ["calls:read"])
    headers = {"Authorization": f"Bearer {reader.secret}"}
    assert (await client.get("/v1/calls", headers=headers)).status_code == 200
    for request in (
        client.post("/v1/calls", files={"file": b"x"}, headers=headers),
        client.post("/v1/audio/transcriptions", files={"file": b"x"}, headers=headers),
        client.patch("/v1/calls/x", json={}, headers=headers),
        client.delete("/v1/calls/x", headers=headers),
        client.post("/v1/calls/x/retry", headers=headers),
        client.get("/v1/api-keys", headers=headers),
    ):
        assert_problem(await request, 403, "scope_missing")
    store.revoke_api_key(reader.key.id)
    assert_problem(await client.get("/v1/calls", headers=headers), 401, "api_key_invalid")


async def test_without_a_key_only_the_open_pages(services: Services, key: str) -> None:
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
        for path in (
            "/v1/calls",
            "/v1/calls/x/audio",
            "/v1/stages",
            "/v1/models",
            "/metrics",
            "/v1/api-keys",
        ):
            response = await stranger.get(path)
            assert_problem(response, 401, "api_key_missing")
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert (await stranger.get(path)).status_code == 200
        assert (await stranger.get("/v1/calls", headers={"X-API-Key": key})).status_code == 200


async def test_admins_manage_keys(client: httpx.AsyncClient, store: CallStore) -> None:
    client.headers["Authorization"] = f"Bearer {store.create_api_key('root', ['admin']).secret}"
    made = await client.post("/v1/api-keys", json={"name": "crm", "scopes": ["calls:read"]})
    assert made.status_code == 201
    own = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert (await client.get("/v1/calls", headers=own)).status_code == 200
    listed = (await client.get("/v1/api-keys")).json()["api_keys"]
    assert [item["name"] for item in listed][-1] == "crm"
    assert all("secret" not in item for item in listed)
    assert (await client.delete(f"/v1/api-keys/{made.json()['id']}")).status_code == 204
    assert (await client.get("/v1/calls", headers=own)).status_code == 401
    assert_problem(await client.delete("/v1/api-keys/x"), 404, "api_key_not_found")
    wrong = await client.post("/v1/api-keys", json={"name": "x", "scopes": ["root"]})
    assert_problem(wrong, 422, "validation_failed")


async def test_bodies_are_limited_whatever_they_declare(client: httpx.AsyncClient, blob_root: Path) -> None:
    async def endless() -> object:
        for _ in range(40):
            yield b"x" * 100_000

    response = await client.patch("/v1/calls/x", content=endless())  # type: ignore[arg-type]
    assert_problem(response, 413, "request_too_large")
    assert blob_files(blob_root) == []


async def test_health_and_readiness(client: httpx.AsyncClient, services: Services) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json()["status"] == "ready"
    services.health.health.append(  # type: ignore[attr-defined]
        StageHealth("llm-analyzer", False, "UNHEALTHY", "kiwipiepy is not installed")
    )
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["not_ready"] == {"llm-analyzer": "kiwipiepy is not installed"}
    stages = (await client.get("/v1/stages")).json()["stages"]
    assert [(stage["name"], stage["healthy"]) for stage in stages][-1] == ("llm-analyzer", False)


async def test_metrics_are_counted_in_the_store(client: httpx.AsyncClient, store: CallStore) -> None:
    await submit(client)
    finish(store)
    families = {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families((await client.get("/metrics")).text)
    }
    assert families["callytics_calls"][("COMPLETED",)] == 1
    assert families["callytics_calls"][("QUEUED",)] == 0
    assert families["callytics_audio_seconds"][()] == DURATION_S  # as decoded
    assert families["callytics_stage_results"][("speech-recognizer", "COMPLETED")] == 1
    assert families["callytics_stage_healthy"][("speech-recognizer",)] == 1


async def test_metrics_that_a_deletion_lowers_are_gauges(client: httpx.AsyncClient, store: CallStore) -> None:
    call_id = (await submit(client)).json()["call_id"]
    finish(store)

    async def scraped() -> dict[str, float]:
        families = list(text_string_to_metric_families((await client.get("/metrics")).text))
        assert {family.type for family in families} == {"gauge"}
        assert not [family.name for family in families if family.name.endswith("_total")]
        return {sample.name: sample.value for family in families for sample in family.samples}

    before = await scraped()
    assert (await client.delete(f"/v1/calls/{call_id}")).status_code == 204
    assert (await scraped())["callytics_audio_bytes"] < before["callytics_audio_bytes"]


async def test_each_replica_of_the_gateway_tells_the_same(
    client: httpx.AsyncClient, services: Services, key: str, store: CallStore
) -> None:
    await submit(client)
    finish(store)
    other = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=other, base_url="http://other") as second:
        answer = await second.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.text == (await client.get("/metrics")).text


async def test_metrics_are_told_without_monitoring(services: Services, key: str) -> None:
    class Away:
        async def stages(self) -> list[StageHealth]:
            raise UnavailableError("stage_unavailable", "monitoring does not answer")

    app = create_app(replace(services, health=Away()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert 'callytics_calls{status="QUEUED"} 0.0' in answer.text
    assert "callytics_stage_healthy{" not in answer.text


async def test_the_documentation_is_whole(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in str(document)
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) >= 20
    for method, path, operation in operations:
        assert operation.get("description"), (method, path)
        assert any(status[0] in "23" for status in operation["responses"]), (method, path)
        if path not in ("/healthz", "/readyz", "/v1/sessions"):
            assert bool(operation["security"]) is not path.startswith("/v1/sessions/oidc"), (method, path)
            assert "application/problem+json" in str(operation["responses"]), (method, path)
    form = document["paths"]["/v1/calls"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"file", "language", "agent_channel", "metadata"} <= set(form["properties"])
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= set(document["components"]["schemas"])


async def test_the_documentation_needs_no_other_server(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 2
    for asset in assets:
        assert asset.startswith("/"), asset
        assert (await client.get(asset)).status_code == 200, asset


async def test_orphaned_blobs_are_swept_at_the_start(services: Services, blob_root: Path) -> None:
    orphan = blob_root / "calls" / "01orphan"
    orphan.mkdir(parents=True)
    (orphan / "recording").write_bytes(b"x")
    os.utime(orphan, (0, 0))
    app = create_app(services)
    async with app.router.lifespan_context(app):
        for _ in range(100):
            if not orphan.exists():
                break
            await asyncio.sleep(0.02)
    assert not orphan.exists()


async def test_authentication_can_be_off(services: Services) -> None:
    from dataclasses import replace

    settings = services.settings.model_copy(update={"auth_enabled": False})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
        assert (await submit(stranger)).status_code == 202
