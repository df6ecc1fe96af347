"""Where a page of a list ends, as a word that the next request brings back."""

from __future__ import annotations

import base64
import binascii
import json
import math

from callytics.errors import InvalidRequestError
from callytics.store.rows import is_id

Key = int | float | str | None
"""What a list is sorted by before the id; None: the row has no value."""

_VERSION = "v3"


def encode_cursor(order: str, key: Key, row_id: str) -> str:
    """
    Args:
        order: which list, and what it is sorted by before the id.
        key: of the last row of the page, in this order.
    """
    text = json.dumps([_VERSION, order, key, row_id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(
    cursor: str, order: str, kind: type[int | float | str] = int, may_be_null: bool = False
) -> tuple[Key, str]:
    """Key and id of the last row of the page before.

    Args:
        kind: of the key in this order.
        may_be_null: rows may have no key.

    Raises:
        InvalidRequestError: ``cursor_invalid``; also where the order is another than that of the page before.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        version, of_order, key, row_id = json.loads(text)
        is_key = _is_key(key, kind) or (key is None and may_be_null)
        if (version, of_order) == (_VERSION, order) and is_key and _is_row_id(row_id):
            return key, row_id
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise InvalidRequestError("cursor_invalid", "The cursor is not one that a list in this order returned.")


def _is_key(key: object, kind: type[int | float | str]) -> bool:
    """Whether the database can compare with it."""
    if isinstance(key, str):
        return (
            kind is str and "\0" not in key and key.encode() is not None
        )  # half a surrogate pair: ValueError
    if isinstance(key, bool) or not isinstance(key, int | float) or kind is str:
        return False
    return math.isfinite(key) if kind is float else isinstance(key, int) and abs(key) < 1 << 63


def _is_row_id(row_id: object) -> bool:
    return isinstance(row_id, str) and len(row_id) == 26 and is_id(row_id)
