"""The OpenAPI document is what clients are generated from: complete, typed, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from fastapi import FastAPI

from tests.support.applications import application

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return application(tmp_path_factory.mktemp("app"))


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_it_says_where_the_api_is(document: dict[str, Any], tmp_path: Path) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]
    public = application(tmp_path, public_url="https://calls.example.org/").openapi()
    assert [server["url"] for server in public["servers"]] == ["https://calls.example.org"]
    assert document["info"]["license"]["identifier"] == "Apache-2.0"


def test_operations_have_names_of_their_own_that_people_can_read(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 30
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids), ids
    named = {f"{method} {path}": o["operationId"] for method, path, o in operations(document)}
    assert named["post /v1/calls"] == "create_call"
    assert named["get /v1/calls"] == "list_calls"
    assert named["patch /v1/calls/{call_id}"] == "update_call"
    assert named["get /v1/calls/{call_id}/result"] == "get_result"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_documented_keys_hold_for_every_operation(app: FastAPI, document: dict[str, Any]) -> None:
    """401 without a key where it declares ``security``, and nowhere else."""
    schemes = set(document["components"]["securitySchemes"])
    public = set()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method, path, operation in operations(document):
            declared = {name for choice in operation["security"] for name in choice}
            assert declared <= schemes
            answer = await client.request(method, re.sub(r"{\w+}", "0" * 26, path))
            assert (answer.status_code == 401) == bool(declared), (method, path)
            public |= set() if declared else {path}
    issuer = {"/v1/sessions/oidc", "/v1/sessions/oidc/callback"}
    assert public == {"/healthz", "/readyz", "/v1/sessions", *issuer}


def test_every_operation_tells_the_errors_that_each_may_answer(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        responses = operation["responses"]
        if operation["security"]:
            assert {"401", "403", "429", "503"} <= set(responses), (method, path)
            for status in ("429", "503"):
                assert "Retry-After" in responses[status]["headers"]
        for status, response in responses.items():
            if status >= "400" and (status, path) != ("503", "/readyz"):
                assert set(response["content"]) == {PROBLEM}, (method, path, status)


def test_every_answer_with_a_body_has_a_schema(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            assert response["description"]
            for media_type, content in response.get("content", {}).items():
                assert content.get("schema"), (method, path, status, media_type)


def test_tags_are_described(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for method, path, operation in operations(document):
        assert operation["tags"], (method, path)
        assert set(operation["tags"]) <= described, (method, path)


def test_every_operation_parameter_and_field_says_what_it_means(document: dict[str, Any]) -> None:
    """A new one without a ``description``: give it one, or add the term to callytics/api/terms.py."""
    silent = [
        f"{model}.{name}"
        for model, schema in document["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if not field.get("description")
    ]
    silent += [
        model for model, schema in document["components"]["schemas"].items() if not schema.get("description")
    ]
    for method, path, operation in operations(document):
        here = f"{method} {path}"
        silent += [here] * (not operation.get("description"))
        silent += [f"{here} {p['name']}" for p in operation.get("parameters", []) if not p.get("description")]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            fields = content["schema"].get("properties", {})
            silent += [f"{here} {name}" for name, field in fields.items() if not field.get("description")]
    assert silent == []


def test_every_example_is_one(document: dict[str, Any]) -> None:
    found = list(_examples(document, document))
    assert len(found) > 20
    for where, schema, example in found:
        rooted = {**schema, "components": document["components"]}
        errors = [e.message for e in jsonschema.Draft202012Validator(rooted).iter_errors(example)]
        assert errors == [], (where, example)


def _examples(node: Any, document: dict[str, Any], where: str = "#") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("schema"), dict) and "example" in node:
            yield where, node["schema"], node["example"]
        if isinstance(node.get("examples"), list):
            yield from ((where, node, example) for example in node["examples"])
        if "example" in node and ("type" in node or "properties" in node):
            yield where, node, node["example"]
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        if name not in ("example", "examples"):
            yield from _examples(child, document, f"{where}/{name}")


def test_the_answers_of_openai_are_typed(document: dict[str, Any]) -> None:
    answer = document["paths"]["/v1/audio/transcriptions"]["post"]["responses"]
    (schema,) = [answer["200"]["content"]["application/json"]["schema"]]
    assert {choice["$ref"].rsplit("/", 1)[1] for choice in schema["anyOf"]} == {
        "Transcription",
        "VerboseTranscription",
        "DiarizedTranscription",
    }
    assert answer["400"]["content"][PROBLEM]["schema"]["$ref"].endswith("/Problem")
    error = document["components"]["schemas"]["ErrorObject"]["properties"]
    assert set(error) == {"message", "type", "param", "code"}


def test_form_says_its_fields_and_which_are_needed(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/calls"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"file", "metadata", "external_id", "agent_id", "queue", "direction", "started_at"} <= set(
        body["properties"]
    )
    assert "null" not in str(body["properties"]["agent_id"])
