"""The OpenAPI document: FastAPI's, made to say what the API does about forms, absent values, keys and errors.

Clients are generated from it: operation ids are the names of the functions, and every field and parameter says what it
means (terms.py). tests/api/test_openapi.py holds that, and that linters find no fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from callytics.api.errors import MEDIA_TYPE, Problem, problem_responses
from callytics.api.terms import MODELS, TAGS, meaning
from callytics.api.uploads import FILE_FIELD, URL_FIELD

_REFERENCE = "#/components/schemas/{model}"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})

PUBLIC_PATHS = frozenset(
    {"/healthz", "/readyz", "/v1/sessions", "/v1/sessions/oidc", "/v1/sessions/oidc/callback"}
)
"""Paths that want no key."""

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`callytics keys create`), or a token of the configured OpenID Connect issuer",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same API key"},
}


def operation_id(route: APIRoute) -> str:
    return route.name


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made at first use."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary="Call-centre recordings in, analytics out",
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            servers=[_server(app.state.services.settings.public_url)],
            contact={"name": "Whoever runs this installation"},
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        components = document["components"]
        components["securitySchemes"] = _SECURITY_SCHEMES
        _replace_errors(components["schemas"])
        for path, operation in _operations(document["paths"]):
            _complete(path, operation)
        for _, operation in _operations(document["webhooks"]):
            operation["security"] = []  # their messages are signed
            operation["responses"].pop("422", None)  # what a receiver of ours would answer, not theirs
        used = {tag for _, operation in _operations(document["paths"]) for tag in operation.get("tags", [])}
        document["tags"] = [{"name": name, "description": TAGS.get(name, "")} for name in sorted(used)]
        _describe(document)
        _rename_bounds(document)
        app.openapi_schema = document
    return app.openapi_schema


_BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _rename_bounds(node: Any) -> None:
    """Where a validator stands before a bound, pydantic writes the bound under its own name, which is none of JSON
    Schema's."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            for own, standard in _BOUNDS.items():
                if own in node:
                    node[standard] = node.pop(own)
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            _rename_bounds(part)


def _server(public_url: str) -> dict[str, str]:
    if public_url:
        return {"url": public_url.rstrip("/"), "description": "This installation"}
    return {"url": "/", "description": "Where this document comes from"}


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in paths.items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, operation


def _replace_errors(schemas: dict[str, Any]) -> None:
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schema = Problem.model_json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    schemas[Problem.__name__] = schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    """What holds for every operation and so is declared at none."""
    responses = operation["responses"]
    is_public = path in PUBLIC_PATHS
    operation["security"] = [] if is_public else [{name: []} for name in _SECURITY_SCHEMES]
    if not is_public:
        for status, response in problem_responses(401, 403, 429, 503).items():
            responses.setdefault(str(status), response)
    if "requestBody" in operation:
        responses["408"] = problem_responses(408)[408]
    if "422" in responses:  # FastAPI's own form of it is none of ours
        responses["422"] = problem_responses(422)[422]
    for status in ("429", "503"):
        if MEDIA_TYPE in responses.get(status, {}).get("content", {}):
            headers = {"Retry-After": _RETRY_AFTER, **(_RATE_LIMITS if status == "429" else {})}
            responses[status] = {**responses[status], "headers": headers}
    operation["responses"] = dict(sorted(responses.items()))
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _never_null(parameter["schema"])


_RETRY_AFTER = {"description": "Seconds after which it is worth another try", "schema": {"type": "integer"}}


_RATE_LIMITS = {
    "RateLimit": {"description": "What is left of which limit, and until when", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The limits", "schema": {"type": "string"}},
}


def _describe(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if described := schema.get("description") or MODELS.get(name):
            schema["description"] = described
        _describe_properties(schema, name)
    for _, operation in [*_operations(document["paths"]), *_operations(document["webhooks"])]:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _describe_properties(content["schema"])
        for parameter in operation.get("parameters", []):
            described = parameter.get("description") or parameter["schema"].get("description")
            if described or meaning(parameter["name"], "parameter"):
                parameter["description"] = described or meaning(parameter["name"], "parameter")


def _describe_properties(schema: dict[str, Any], model: str = "") -> None:
    for name, field in schema.get("properties", {}).items():
        if "description" not in field and (described := meaning(name, model)):
            field["description"] = described


def multipart_body(form: type[BaseModel], file_description: str) -> dict[str, Any]:
    """The request body of a form that is streamed, and so not declared to FastAPI."""
    schema = form.model_json_schema(ref_template=_REFERENCE)
    schema.pop("$defs", None)
    fields = {name: _never_null(field) for name, field in schema["properties"].items()}
    if "metadata" in fields:  # JSON inside of a field
        fields["metadata"] = {
            "type": "string",
            "description": fields["metadata"]["description"],
            "examples": ['{"agent_id": "kim.minji", "direction": "inbound"}'],
        }
    file_field = {"type": "string", "format": "binary", "description": file_description}
    schema["properties"] = {FILE_FIELD: file_field, **fields}
    file_needed = [] if URL_FIELD in fields else [FILE_FIELD]
    schema["required"] = [*file_needed, *schema.get("required", [])]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Without null: a parameter or a form field is absent instead."""
    if "anyOf" not in schema:
        return schema
    choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
    others = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**others, **choices[0]} if len(choices) == 1 else {**others, "anyOf": choices}
