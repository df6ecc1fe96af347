"""The published contract: every field is described, the documents are not stale, and a real result keeps to them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from callytics.result.schema.call import CallResult
from callytics.result.schema.work import JobDetails

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def example() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "result.example.json").read_text(encoding="utf-8"))
    return document


def schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "result.schema.json").read_text(encoding="utf-8"))
    return document


def undescribed(document: dict[str, Any]) -> Iterator[str]:
    for name, model in {"CallResult": document, **document["$defs"]}.items():
        for field, of in model.get("properties", {}).items():
            # pydantic leaves out a description that is word for word that of the model which the field holds
            of_model = document["$defs"].get(of.get("$ref", "").rpartition("/")[2], {})
            if not of.get("description") and not of_model.get("description"):
                yield f"{name}.{field}"


def test_every_field_has_a_description() -> None:
    assert list(undescribed(schema())) == []


def test_documents_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/make_result_docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_example_matches_the_schema() -> None:
    jsonschema.validate(example(), schema(), jsonschema.Draft202012Validator)
    assert CallResult.model_validate(example()).model_dump(mode="json") == example()


@pytest.mark.parametrize(
    ("path", "value"),
    [(("job_status",), "DONE"), (("participants", 0, "participant_role"), "agent"), (("call_id",), 7)],
)
def test_result_that_violates_the_contract_is_detected(path: tuple[Any, ...], value: Any) -> None:
    document = example()
    part: Any = document
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(), jsonschema.Draft202012Validator)


def test_result_from_before_0_2_0_is_read() -> None:
    assert JobDetails.model_validate({"stages": [], "skipped": [], "errors": []}) == JobDetails()
