"""Views of the list of calls under a name: private to who made them, or shared with the tenant. Parts of one
transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, delete, func, or_, select

from callytics.errors import ConflictError, ForbiddenError, NotFoundError
from callytics.store.leases import ensure_tenant
from callytics.store.records.calls import new_call_id
from callytics.store.rows import add_audit, is_id
from callytics.store.tables.views import ViewRow

MAX_VIEWS_OF_OWNER = 100


@dataclass(frozen=True)
class ViewRecord:
    """``query``: filters and order, as GET /v1/calls takes them; ``owner``: id of an API key or person."""

    id: str
    owner: str
    name: str
    query: Mapping[str, str]
    is_shared: bool
    updated_at_ms: int


def visible(session: Session, tenant: str, owner: str) -> tuple[ViewRecord, ...]:
    """Those of the owner and those that others share, by name."""
    rows = session.exec(
        select(ViewRow)
        .where(col(ViewRow.tenant_id) == tenant)
        .where(or_(col(ViewRow.owner) == owner, col(ViewRow.is_shared)))
    )
    return tuple(_record(row) for row in sorted(rows, key=lambda row: (row.name.casefold(), row.id)))


def save(
    session: Session,
    tenant: str,
    owner: str,
    name: str,
    query: Mapping[str, str],
    is_shared: bool,
    now_ms: int,
) -> ViewRecord:
    """A new view of the owner, or what the one with this name shows from now on.

    Raises:
        ConflictError: ``too_many_views``.
    """
    ensure_tenant(session, tenant, now_ms)
    own = (col(ViewRow.tenant_id) == tenant, col(ViewRow.owner) == owner)
    row = session.exec(select(ViewRow).where(*own, col(ViewRow.name) == name).with_for_update()).first()
    if row is None:
        count = session.exec(select(func.count()).select_from(ViewRow).where(*own)).one()
        if count >= MAX_VIEWS_OF_OWNER:
            raise ConflictError(
                "too_many_views",
                f"There are {count} views already; {MAX_VIEWS_OF_OWNER} is the limit. Delete one.",
            )
        row = ViewRow(
            id=new_call_id(),
            tenant_id=tenant,
            owner=owner,
            name=name,
            query={},
            is_shared=False,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
    row.query, row.is_shared, row.updated_at_ms = dict(query), is_shared, now_ms
    session.add(row)
    add_audit(session, owner, "view.saved", row.id, {"is_shared": is_shared}, now_ms, tenant)
    return _record(row)


def remove(
    session: Session, tenant: str, view_id: str, actor: str, may_remove_shared: bool, now_ms: int
) -> None:
    """
    Raises:
        NotFoundError: ``view_not_found``, also where it is another's and not shared.
        ForbiddenError: ``view_of_another``: it is shared, and the actor may not remove what others share.
    """
    row = session.get(ViewRow, view_id) if is_id(view_id) else None
    if row is None or row.tenant_id != tenant or (row.owner != actor and not row.is_shared):
        raise NotFoundError("view_not_found", f"There is no view {view_id!r}.")
    if row.owner != actor and not may_remove_shared:
        raise ForbiddenError(
            "view_of_another", "Another person shares this view, and only editors may delete it."
        )
    add_audit(session, actor, "view.deleted", row.id, {"is_shared": row.is_shared}, now_ms, tenant)
    session.delete(row)


def forget(session: Session, tenant: str, owner: str) -> None:
    """Remove the private views of a key that is revoked: they can no longer be seen."""
    session.exec(
        delete(ViewRow)
        .where(col(ViewRow.tenant_id) == tenant, col(ViewRow.owner) == owner)
        .where(~col(ViewRow.is_shared))
    )


def _record(row: ViewRow) -> ViewRecord:
    return ViewRecord(row.id, row.owner, row.name, row.query, row.is_shared, row.updated_at_ms)
