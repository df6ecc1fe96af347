"""Patterns of text fields, and each in words: what a person who typed something else is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
READABLE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
"""PRINTABLE with at least one character other than a space."""
WEB = r"^https?://"
TLS_OR_LOCAL = r"^(https://|http://(127\.0\.0\.1|localhost)[:/])"
TLS_OR_LOCAL_OR_EMPTY = rf"^$|{TLS_OR_LOCAL}"
FINGERPRINT = r"^[0-9A-Za-z]{1,64}$"

IN_WORDS = {
    PRINTABLE: "must have no line breaks, tabs or other control characters",
    READABLE: "must have a character other than a space, and no line breaks, tabs or other control characters",
    WEB: "must begin with https:// or http://",
    TLS_OR_LOCAL: "must begin with https://, or with http:// and 127.0.0.1 or localhost",
    TLS_OR_LOCAL_OR_EMPTY: "must begin with https://, or with http:// and 127.0.0.1 or localhost, or be empty",
    FINGERPRINT: "must be 1 to 64 letters and digits",
}


def message(item: Mapping[str, Any]) -> str:
    """What is wrong about a field, of an item of pydantic's ``ValidationError.errors()``. A pattern of
    another module, such as one of an engine that is not ours, is told as pydantic tells it."""
    context = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        return IN_WORDS.get(context["pattern"], str(item["msg"]))
    return f"{item['msg']}: {context['error']}" if item["type"] == "json_invalid" else str(item["msg"])
