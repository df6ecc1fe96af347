"""Columns that several tables have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String

from callytics.store.records.calls import DEFAULT_TENANT

AUTOINCREMENT_ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers only an INTEGER key


def call_reference(**options: Any) -> Column[str]:
    return Column(String(26), ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, **options)


def tenant_column() -> Column[str]:
    return Column(String(64), nullable=False, server_default=DEFAULT_TENANT)


def time_or_zero() -> Column[int]:
    return Column(BigInteger, nullable=False, server_default="0")
