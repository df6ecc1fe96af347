"""A remark of any stage for the reader of the result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """A remark for the reader of the result. ``code`` is stable, e.g. "dual_mono", "truncated"."""

    code: str
    message: str
