"""The OpenAPI document: FastAPI's, made to say what the API does about forms, absent values and errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from callytics.api.errors import Problem, problem_responses
from callytics.api.uploads import FILE_FIELD, URL_FIELD

_REFERENCE = "#/components/schemas/{model}"


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made at first use."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
        )
        schemas = document["components"]["schemas"]
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem_schema = Problem.model_json_schema(ref_template=_REFERENCE)
        schemas.update(problem_schema.pop("$defs"))
        schemas["Problem"] = problem_schema
        validation = problem_responses(422)[422]
        too_many = {
            **problem_responses(429)[429],
            "headers": {
                "Retry-After": {"schema": {"type": "integer"}},
                "RateLimit": {"schema": {"type": "string"}},
                "RateLimit-Policy": {"schema": {"type": "string"}},
            },
        }
        for path in document["paths"].values():
            for operation in path.values():
                if "security" in operation:
                    operation["responses"]["429"] = too_many
                    operation["responses"].setdefault("503", problem_responses(503)[503])
                if "requestBody" in operation:
                    operation["responses"]["408"] = problem_responses(408)[408]
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = validation
                for parameter in operation.get("parameters", []):
                    parameter["schema"] = _never_null(parameter["schema"])
        for path in document["webhooks"].values():
            path["post"]["responses"].pop("422", None)  # what a receiver of ours would answer, not theirs
        app.openapi_schema = document
    return app.openapi_schema


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
