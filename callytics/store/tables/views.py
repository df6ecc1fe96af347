"""Views of the list of calls under a name."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, String, Text
from sqlmodel import Field, SQLModel

from callytics.store.records.calls import DEFAULT_TENANT
from callytics.store.tables.columns import tenant_column


class ViewRow(SQLModel, table=True):
    """A view of the list of calls under a name (store/views.py). ``owner``: the API key or person who made it;
    ``query``: the filters and the order, as GET /v1/calls takes them."""

    __tablename__ = "views"
    __table_args__ = (Index("ux_views_tenant_owner_name", "tenant_id", "owner", "name", unique=True),)

    id: str = Field(sa_column=Column(String(26), primary_key=True))
    tenant_id: str = Field(default=DEFAULT_TENANT, sa_column=tenant_column())
    owner: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    query: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    is_shared: bool = Field(sa_column=Column(Boolean, nullable=False))
    created_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
