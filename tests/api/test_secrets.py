"""Secrets are in no log, no error, no list, no configuration; headers keep browsers in their place."""

from __future__ import annotations

import logging
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.errors import CallyticsError
from callytics.store import CallStore
from callytics.store.database import open_database
from tests.api.conftest import submit

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
LOOKS_SECRET = re.compile(
    r"cly_[A-Za-z0-9_-]{43}|whsec_[A-Za-z0-9+/]{40,}|BEGIN [A-Z ]*PRIVATE KEY|sk-[A-Za-z0-9]{32,}|AKIA[0-9A-Z]{16}"
)


def test_no_committed_file_holds_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            assert not LOOKS_SECRET.search(path.read_text(encoding="utf-8", errors="ignore")), name


async def test_keys_are_in_no_log_and_no_answer(
    client: httpx.AsyncClient, store: CallStore, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "cly_" + "w" * 43
    answers = [
        await submit(client),
        await client.get("/v1/calls"),
        await client.get("/v1/calls/unknown"),
        await client.get("/v1/calls", headers={"Authorization": f"Bearer {wrong}"}),
        await client.get("/v1/calls", headers={"X-API-Key": wrong, "Authorization": ""}),
        await client.post("/v1/api-keys", json={"name": "x"}),
    ]
    assert [answer.status_code for answer in answers][3] == 401
    fields = "".join(str(vars(record)) for record in caplog.records)  # a formatter may write all of them
    texts = "".join(answer.text for answer in answers) + caplog.text + fields
    assert key not in texts
    assert wrong not in texts
    assert key not in str(store.list_api_keys())


@pytest.mark.parametrize(
    "url", ["postgresql://user:pa55word@127.0.0.1:9/x", "mysql://user:pa55word@h/x", "user:pa55word"]
)
def test_the_password_of_the_database_is_in_no_error_and_no_log(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CallyticsError) as error:
        open_database(url)
    assert "pa55word" not in f"{error.value}{error.value!r}{caplog.text}"


async def test_headers_keep_browsers_in_their_place(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/calls")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    page = await client.get("/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in page.headers


async def test_only_named_origins_may_use_the_api_from_a_browser(services: Services) -> None:
    update = {"cors_origins": ("https://desk.example.org",), "public_url": "https://calls.example.org"}
    settings = services.settings.model_copy(update=update)
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for origin, app, allowed in (
        ("https://desk.example.org", create_app(replace(services, settings=settings)), True),
        ("https://evil.example.org", create_app(replace(services, settings=settings)), False),
        ("https://desk.example.org", create_app(services), False),
    ):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            preflight = await browser.options("/v1/calls", headers={"Origin": origin, **asked})
            answer = await browser.get("/healthz", headers={"Origin": origin})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
        assert (preflight.status_code == 200) is allowed
        assert ("Strict-Transport-Security" in answer.headers) is (app.state.services.settings is settings)
