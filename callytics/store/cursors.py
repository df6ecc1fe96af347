"""Where a page of a list ends, as a word that the next request brings back."""

from __future__ import annotations

import base64
import binascii

from callytics.errors import InvalidRequestError
from callytics.store.rows import is_id


def encode_cursor(order: str, key: int, row_id: str) -> str:
    """
    Args:
        order: which list, and what it is sorted by before the id.
        key: of the last row of the page, in this order.
    """
    return base64.urlsafe_b64encode(f"v2:{order}:{key}:{row_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str, order: str) -> tuple[int, str]:
    """Key and id of the last row of the page before.

    Raises:
        InvalidRequestError: ``cursor_invalid``; also where the order is another than that of the page before.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        version, of_order, key, row_id = text.split(":")
        if version == "v2" and of_order == order and len(row_id) == 26 and is_id(row_id):
            return int(key), row_id
    except (binascii.Error, ValueError):
        pass
    raise InvalidRequestError("cursor_invalid", "The cursor is not one that a list in this order returned.")
