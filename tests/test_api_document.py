"""Every name of ours in the tables of docs/api.md is one that the API has: the page cannot go stale unnoticed."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from callytics import errors
from callytics.api import ApiSettings, Services, create_app
from callytics.domain import Role, SentimentLabel

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "api.md"
OURS = "Callytics"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


@cache
def openapi() -> dict[str, Any]:
    nothing: Any = None  # the document needs none of them
    return create_app(Services(nothing, nothing, nothing, nothing, ApiSettings())).openapi()


def names_of(part: Any) -> Iterator[str]:
    """Properties, parameters and values of enumerations, wherever in the document."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield from part["properties"]
        if "in" in part and "name" in part:
            yield part["name"]
        yield from (value for value in part.get("enum", ()) if isinstance(value, str))
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from names_of(item)


@cache
def texts_of_the_code() -> frozenset[str]:
    """Codes of errors, names of headers: whole string constants of the library and of what answers for it."""
    found = set()
    for path in (*(ROOT / "callytics").rglob("*.py"), *(ROOT / "deployments").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


@cache
def known() -> frozenset[str]:
    values = {role.value for role in Role} | {label.value for label in SentimentLabel}
    return frozenset(names_of(openapi())) | frozenset(ApiSettings.model_fields) | frozenset(values)


def our_cells(text: str) -> Iterator[str]:
    """Those of the column whose head names us, of every table."""
    column = None
    for line in text.splitlines():
        if not line.startswith("|"):
            column = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if column is None:
            (column,) = [n for n, cell in enumerate(cells) if cell.startswith(OURS)]
        yield cells[column]


def compared() -> str:
    """The page up to the section on OpenAI, whose names are OpenAI's: tests/api/openai holds those."""
    text, section, _ = DOCUMENT.read_text(encoding="utf-8").partition("\n## OpenAI\n")
    assert section
    return text


def our_names(text: str) -> list[str]:
    return list(dict.fromkeys(name for cell in our_cells(text) for name in re.findall(r"`([^`]+)`", cell)))


def is_there(name: str) -> bool:
    method, _, rest = name.partition(" ")
    if method in METHODS or name.startswith("/"):
        path, _, query = (rest or name).partition("?")
        operations = openapi()["paths"].get(path, {})
        parameters = {p["name"] for o in operations.values() for p in o.get("parameters", ())}
        asked = {part.partition("=")[0] for part in query.split("&") if part}
        return bool(operations) and (not rest or method.lower() in operations) and asked <= parameters
    if re.fullmatch(r"\[[A-Z]+\]", name):  # what stands for something redacted
        return any(name.strip("[]") in text for text in texts_of_the_code())
    name = name.removeprefix("Authorization: Bearer ") if name.startswith("Authorization") else name
    return name in known() or name in texts_of_the_code() or name == "cly_..."


NAMES = our_names(compared())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_ours_is_one_that_the_api_has(name: str) -> None:
    assert is_there(name)


def test_the_tables_are_read() -> None:
    assert len(NAMES) > 100
    assert {
        "media_url",
        "hotwords",
        "contact_summary",
        "webhook-signature",
        "GET /v1/calls/{call_id}",
    } <= set(NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "hot_words",
        "GET /v1/call",
        "PUT /v1/calls",
        "GET /v1/calls?colour=red",
        "X-No-Such-Header",
        "[SHOE]",
        "/v1/x",
    ],
)
def test_what_the_api_has_not_is_found(name: str) -> None:
    assert our_names(f"| | {OURS} | other |\n|---|---|---|\n| a | `{name}` | `{name}x` |") == [name]
    assert not is_there(name)


def test_every_field_of_a_form_is_compared() -> None:
    """Who adds one says here what it is elsewhere."""
    body = openapi()["paths"]["/v1/calls"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert set(body["schema"]["properties"]) <= set(NAMES)


RAISED_BY = ("api", "options", "store", "engines/audio/media.py", "engines/audio/convert.py")
INSIDE = {"lease_lost"}
"""Told to workers, never to a client."""


def raised() -> dict[str, set[int]]:
    """Code -> statuses, of the errors that the code makes with their code written out."""
    found: dict[str, set[int]] = defaultdict(set)
    places = [ROOT / "callytics" / place for place in RAISED_BY]
    for path in (file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            kind, code = getattr(errors, node.func.id, None), node.args[0]
            if (
                kind is None
                or not isinstance(code, ast.Constant)
                or not isinstance(code.value, str)
                or node.func.id == "ConfigError"
            ):
                continue
            if isinstance(kind, type) and issubclass(kind, errors.CallyticsError):
                found[code.value].add(kind(code.value, "").http_status)
    return {code: statuses for code, statuses in found.items() if code not in INSIDE}


def documented_codes() -> dict[str, int]:
    section = DOCUMENT.read_text(encoding="utf-8").partition("All codes of the API")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d{3})[^|]*\| ([^|]+) \|$", section, re.MULTILINE)
    return {code: int(status) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}


def test_every_code_is_documented_with_its_status() -> None:
    found, written = raised(), documented_codes()
    assert len(found) > 60
    assert {code: statuses for code, statuses in found.items() if statuses != {written.get(code)}} == {}


def test_no_code_is_documented_that_nobody_raises() -> None:
    assert sorted(code for code in documented_codes() if code not in texts_of_the_code()) == []
