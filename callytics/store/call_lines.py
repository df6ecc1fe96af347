"""What replicas logged while they worked on a call; it is kept and deleted with it. Parts of one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlmodel import Session, col, delete, select

from callytics.store.rows import fetch_call, is_id
from callytics.store.tables.calls import CallRow
from callytics.store.tables.events import CallLineRow

MAX_LINES_OF_A_CALL = 500
MAX_LINES_OF_A_TENANT = 200_000
"""Beyond either the oldest go: of a call at once, of a tenant with the upkeep of the store."""

MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class CallLine:
    """``number`` grows with the time at which lines arrived, ``at_ms`` is when they were written."""

    number: int
    at_ms: int
    level: str
    stage: str
    application: str
    version: str
    replica: str
    logger: str
    message: str
    traceback: str


_TEXTS = tuple(each.name for each in fields(CallLine) if each.name not in ("number", "at_ms"))


def append(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    """Lines of calls that are not there (any more) are left out; so is what a newer replica says beside."""
    named = sorted({str(line["call_id"]) for line in lines if is_id(str(line["call_id"]))})
    # A call that is being deleted is waited for, and then gone: no line comes after its deletion.
    locked = select(CallRow.id, CallRow.tenant_id).where(col(CallRow.id).in_(named))
    locked = locked.order_by(col(CallRow.id)).with_for_update(read=True, key_share=True)
    tenants = dict(session.exec(locked).all())
    for line in lines:
        call_id = str(line["call_id"])
        if (
            call_id in tenants and line["tenant"] == tenants[call_id]
        ):  # who asks for another's call adds nothing to it
            texts: Any = {name: _clean(line.get(name, "")) for name in _TEXTS}
            session.add(
                CallLineRow(call_id=call_id, tenant_id=line["tenant"], at_ms=int(line["at_ms"]), **texts)
            )
    session.flush()
    for call_id in tenants:
        _keep_newest(session, col(CallLineRow.call_id) == call_id, MAX_LINES_OF_A_CALL)


def _clean(value: Any) -> str:
    return str(value).replace("\0", "")[:MAX_CHARACTERS]  # which PostgreSQL does not take


def trim(session: Session, limit: int) -> None:
    """At most so many of each tenant."""
    for tenant in session.exec(select(CallLineRow.tenant_id).distinct()).all():
        _keep_newest(session, col(CallLineRow.tenant_id) == tenant, limit)


def _keep_newest(session: Session, which: Any, limit: int) -> None:
    numbers = select(CallLineRow.number).where(which).order_by(col(CallLineRow.number).desc())
    first_beyond = session.exec(numbers.offset(limit).limit(1)).first()
    if first_beyond is not None:
        session.exec(delete(CallLineRow).where(which, col(CallLineRow.number) <= first_beyond))


def of_call(
    session: Session, call_id: str, tenant: str | None, after: int, stage: str | None
) -> tuple[CallLine, ...]:
    """By time; those that arrived after a number, of one stage or all."""
    fetch_call(session, call_id, tenant)
    wanted = select(CallLineRow).where(col(CallLineRow.call_id) == call_id, col(CallLineRow.number) > after)
    if stage is not None:
        wanted = wanted.where(col(CallLineRow.stage) == stage)
    rows = session.exec(wanted.order_by(col(CallLineRow.at_ms), col(CallLineRow.number)))
    return tuple(
        CallLine(**{each.name: getattr(row, each.name) for each in fields(CallLine)}) for row in rows
    )
