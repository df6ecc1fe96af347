"""API keys and sessions of browsers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.tables.columns import tenant_column, time_or_zero


class ApiKeyRow(SQLModel, table=True):
    """An API key; only the SHA-256 of the secret is kept. ``limits``: the key's own limits, instead of those in the
    service's settings."""

    __tablename__ = "api_keys"

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    name: str
    prefix: str
    sha256: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    revoked_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_used_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    expires_at_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())
    limits: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}")
    )


class SessionRow(SQLModel, table=True):
    """A browser that is signed in, or a link that signs one in (store/sessions.py); only the SHA-256 of the secret is
    kept. It stands for the API key ``key_id``; or, with a ``subject``, for a person whom the issuer knows, with the
    rights that the issuer granted until ``renew_at_ms``. ``sealed``: the refresh token, readable with the cookie only.
    ``claimed_at_ms``: one replica renews it since then."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_expires_at_ms", "expires_at_ms"),)

    sha256: str = Field(sa_column=Column(String(64), primary_key=True))
    key_id: str = Field(sa_column=Column(String(26), nullable=False))
    kind: str = Field(sa_column=Column(String(8), nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    subject: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    tenant_id: str = Field(default="", sa_column=Column(String(64), nullable=False, server_default=""))
    scopes: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    renew_at_ms: int = Field(default=0, sa_column=time_or_zero())
    claimed_at_ms: int = Field(default=0, sa_column=time_or_zero())
    sealed: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
