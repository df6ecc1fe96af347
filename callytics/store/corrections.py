"""People's corrections of a call: separate data, which no later run of the call writes or removes. Parts of one
transaction.

The row of a correction stays even if it is undone: the rows are the history. The lease passes the corrections that are
not undone to the worker, oldest first, and the graph applies them (callytics/conversation/corrections.py).
"""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session

from callytics.domain import CorrectionKind, JobStatus
from callytics.errors import ConflictError, NotFoundError
from callytics.store import calls, codec
from callytics.store.correction_rows import new_rows
from callytics.store.records.calls import WITH_RESULT, new_call_id
from callytics.store.records.corrections import CorrectionRecord, Corrections
from callytics.store.rows import add_event, correction_rows, fetch_call, is_id
from callytics.store.tables.calls import CallRow, CorrectionRow, ReportRow


def correct(
    session: Session, call_id: str, wanted: Corrections, actor: str, now_ms: int, tenant: str | None
) -> tuple[CallRow, list[CorrectionRow]]:
    """Store corrections and queue the call again. Corrections equal to the result are dropped; if none remain, the call
    is not queued.

    Raises:
        ConflictError: ``call_not_finished``: there is no result to correct, or a new one is in progress.
        InvalidRequestError: ``turn_unknown``, ``participant_unknown``, ``word_unknown``, ``turns_not_joinable``,
            ``split_in_redaction``.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    rows = new_rows(_result(session, row), wanted)
    for number, each in enumerate(rows):
        each.id, each.number = new_call_id(), number
        each.call_id, each.tenant_id, each.actor, each.created_at_ms = call_id, row.tenant_id, actor, now_ms
        session.add(each)
    if rows:
        add_event(session, call_id, "call.corrected", {"corrections": [each.id for each in rows]}, now_ms)
        roles = {each.participant_id: each.after for each in rows if each.kind == CorrectionKind.ROLE}
        if roles:
            add_event(session, call_id, "call.roles_corrected", {"roles": roles}, now_ms)
        calls.enqueue(session, row, now_ms, "corrected")
    return row, rows


def undo(
    session: Session, call_id: str, correction_id: str, actor: str, now_ms: int, tenant: str | None
) -> CallRow:
    """Undo a correction and queue the call again; the correction stays in the history. Roles that were given in one
    request go back together: half of a swap would leave two agents.

    Raises:
        NotFoundError: ``correction_not_found``.
        ConflictError: ``correction_undone``, ``call_not_finished``.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    found = session.get(CorrectionRow, correction_id) if is_id(correction_id) else None
    if found is None or found.call_id != call_id:
        raise NotFoundError("correction_not_found", f"Call {call_id} has no correction {correction_id!r}.")
    if found.undone_at_ms is not None:
        raise ConflictError("correction_undone", f"Correction {correction_id} was undone before.")
    _result(session, row)
    together = _given_with(session, found)
    for each in together:
        each.undone_at_ms, each.undone_by = now_ms, actor
    undone = {"corrections": [each.id for each in together]}
    add_event(session, call_id, "call.correction_undone", undone, now_ms)
    calls.enqueue(session, row, now_ms, "correction_undone")
    return row


def _given_with(session: Session, found: CorrectionRow) -> list[CorrectionRow]:
    """The correction; of a role, all roles of its request that hold."""
    if found.kind != CorrectionKind.ROLE:
        return [found]
    asked = (found.kind, found.created_at_ms, found.actor)
    return [
        row
        for row in correction_rows(session, found.call_id)
        if (row.kind, row.created_at_ms, row.actor) == asked and row.undone_at_ms is None
    ]


def history(session: Session, call_id: str, tenant: str | None) -> tuple[CorrectionRecord, ...]:
    """Every correction of a call, including undone ones, oldest first."""
    fetch_call(session, call_id, tenant)
    return tuple(_record(row) for row in correction_rows(session, call_id))


def _result(session: Session, row: CallRow) -> dict[str, Any]:
    report = session.get(ReportRow, row.id)
    if JobStatus(row.status) not in WITH_RESULT or report is None:
        raise ConflictError(
            "call_not_finished",
            f"Call {row.id} is {row.status}: a call is corrected when it is COMPLETED or "
            "PARTIAL; wait for its end.",
        )
    result: dict[str, Any] = json.loads(codec.unpack(report.body))
    return result


def _record(row: CorrectionRow) -> CorrectionRecord:
    names = CorrectionRecord.__dataclass_fields__
    return CorrectionRecord(**{name: getattr(row, name) for name in names})
