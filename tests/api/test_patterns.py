"""A person whose text does not fit is told so in words; a pattern is for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from callytics.api import ApiSettings
from callytics.api.patterns import IN_WORDS, message
from callytics.api.services import OidcSettings
from callytics.store import CallStore
from tests.support.applications import application


def patterns(node: Any) -> Iterator[str]:
    """Every ``pattern`` of a JSON schema."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from patterns(each)


def test_every_pattern_that_a_person_meets_has_words(tmp_path: Path) -> None:
    met = [application(tmp_path).openapi(), ApiSettings.model_json_schema(), OidcSettings.model_json_schema()]
    assert set(patterns(met)) == set(IN_WORDS)


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", "/v1/views", {"name": "a\nb", "query": {}}, "must have a character other than a space"),
        ("PUT", "/v1/views", {"name": " ", "query": {}}, "must have a character other than a space"),
        ("POST", "/v1/api-keys", {"name": "a\tb", "scopes": ["admin"]}, "must have no line breaks"),
        ("POST", "/v1/webhooks", {"url": "ftp://hooks.example.org"}, "must begin with https://"),
        ("GET", "/v1/calls?agent=a%01b", None, "must have no line breaks"),
    ],
)
@pytest.mark.anyio
async def test_answer_says_it_in_words(
    client: httpx.AsyncClient, store: CallStore, method: str, path: str, body: Any, words: str
) -> None:
    headers = {"Authorization": f"Bearer {store.create_api_key('admin', ['admin']).secret}"}
    answer = await client.request(method, path, json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"]
    assert words in answer.json()["errors"][0]["msg"]
    assert "pattern '" not in answer.text
    assert "\\\\x" not in answer.text


@pytest.mark.anyio
async def test_form_of_an_upload_says_it_in_words(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/calls", files={"file": ("a.wav", b"RIFF")}, data={"external_id": "a\x01b", "hotwords": "a\x01b"}
    )
    assert answer.status_code == 422, answer.text
    assert "must have no line breaks" in answer.json()["detail"]


def test_setting_that_does_not_fit_says_it_in_words() -> None:
    with pytest.raises(ValidationError) as raised:
        ApiSettings(grafana_url="http://grafana.example.org")
    (item,) = raised.value.errors()
    assert message(item).startswith("must begin with https://, or with http:// and 127.0.0.1")
