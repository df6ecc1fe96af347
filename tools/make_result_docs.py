"""Writes docs/result.md and docs/result.schema.json from the models in callytics/result/schema/.

python tools/make_result_docs.py           writes both
python tools/make_result_docs.py --check   exit code 1 if they are stale
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from callytics.result.schema.call import CallResult

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, SCHEMA = DOCS / "result.md", DOCS / "result.schema.json"
EXAMPLE = "result.example.json"

INTRODUCTION = f"""# The result of a call

<!-- Generated from callytics/result/schema/ by tools/make_result_docs.py: change the descriptions there. -->

`GET /v1/calls/{{id}}/result`, `callytics analyze` and a batch all give this JSON. A whole one, of the sample call, is
[{EXAMPLE}]({EXAMPLE}); the JSON Schema is [result.schema.json](result.schema.json).

Times are integer milliseconds from the start of the recording. Offsets in text count Unicode code points and are
half-open. A field whose type says *or null* is always there. New fields may be added within schema 1; none is removed
or changes its meaning.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    stale = [path for path, text in documents().items() if not _is(path, text)]
    for path in stale:
        if check:
            print(f"{path.name} is stale: run python tools/make_result_docs.py", file=sys.stderr)
        else:
            path.write_text(documents()[path], encoding="utf-8")
            print(f"wrote docs/{path.name}")
    if check and stale:
        raise SystemExit(1)


def documents() -> dict[Path, str]:
    """The expected content of the files."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CallResult.model_json_schema(mode="serialization"),
    }
    return {PAGE: _page(), SCHEMA: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"}


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _page() -> str:
    sections = [INTRODUCTION]
    for model in _models(CallResult, []):
        sections.append(f"## {model.__name__}\n\n{_first_paragraph(model)}\n\n{_table(model)}\n")
    return "\n".join(sections)


def _models(model: type[BaseModel], seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """The model and all models of its fields, without duplicates, in reading order."""
    if model not in seen:
        seen.append(model)
        for field in model.model_fields.values():
            for part in _parts(field.annotation):
                if inspect.isclass(part) and issubclass(part, BaseModel):
                    _models(part, seen)
    return seen


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in typing.get_args(annotation):
        yield from _parts(argument)


def _first_paragraph(model: type[BaseModel]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")


def _table(model: type[BaseModel]) -> str:
    rows = [
        f"| `{name}` | {_type(field.annotation)} | {_meaning(field)} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])


def _meaning(field: FieldInfo) -> str:
    values = [
        " Values: " + ", ".join(f"`{value}`" for value in part) + "."
        for part in _parts(field.annotation)
        if inspect.isclass(part) and issubclass(part, StrEnum)
    ]
    return f"{field.description}{''.join(values)}"


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        named = [_type(argument) for argument in arguments if argument is not type(None)]
        return " or ".join([*named, *(["null"] if type(None) in arguments else [])])
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "object" if arguments[1] is Any else f"object of {_type(arguments[1])}"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return names.get(annotation, "string")


if __name__ == "__main__":
    main()
