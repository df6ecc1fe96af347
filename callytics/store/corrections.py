"""People's corrections of a call: separate data, which no later run of the call writes or removes. Parts of one
transaction.

The row of a correction stays even if it is undone: the rows are the history. The lease passes the corrections that are
not undone to the worker, oldest first, and the graph applies them (callytics/conversation/corrections.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from callytics.domain import CorrectionKind
from callytics.errors import ConflictError, InvalidRequestError, NotFoundError
from callytics.store import calls, codec
from callytics.store.records import WITH_RESULT, CorrectionRecord, Corrections, JobStatus, new_call_id
from callytics.store.rows import add_event, correction_rows, fetch_call, is_id, plain_text
from callytics.store.tables import CallRow, CorrectionRow, ReportRow

Part = Mapping[str, Any]
"""A turn or a participant of a result, as JSON."""


def correct(
    session: Session, call_id: str, wanted: Corrections, actor: str, now_ms: int, tenant: str | None
) -> tuple[CallRow, list[CorrectionRow]]:
    """Store corrections and queue the call again. Corrections equal to the result are dropped; if none remain, the call
    is not queued.

    Raises:
        ConflictError: ``call_not_finished``: there is no result to correct, or a new one is in progress.
        InvalidRequestError: ``turn_unknown``, ``participant_unknown``.
    """
    row = fetch_call(session, call_id, tenant, lock=True)
    result = _result(session, row)
    rows = [*_words(result, wanted.words), *_names(result, wanted.names)]
    _check_participants(result, wanted.roles)
    for number, each in enumerate(rows):
        each.id, each.number = new_call_id(), number
        each.call_id, each.tenant_id, each.actor, each.created_at_ms = call_id, row.tenant_id, actor, now_ms
        session.add(each)
    if rows:
        add_event(session, call_id, "call.corrected", {"corrections": [each.id for each in rows]}, now_ms)
    if wanted.roles:
        calls.apply_roles(session, row, wanted.roles, now_ms)
    if rows or wanted.roles:
        calls.enqueue(session, row, now_ms, "corrected" if rows else "roles_corrected")
    return row, rows


def undo(
    session: Session, call_id: str, correction_id: str, actor: str, now_ms: int, tenant: str | None
) -> CallRow:
    """Undo a correction and queue the call again; the correction stays in the history.

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
    found.undone_at_ms, found.undone_by = now_ms, actor
    add_event(session, call_id, "call.correction_undone", {"corrections": [correction_id]}, now_ms)
    calls.enqueue(session, row, now_ms, "correction_undone")
    return row


def history(session: Session, call_id: str, tenant: str | None) -> tuple[CorrectionRecord, ...]:
    """Every correction of a call, including undone ones, oldest first."""
    fetch_call(session, call_id, tenant)
    return tuple(_record(row) for row in correction_rows(session, call_id))


def _result(session: Session, row: CallRow) -> dict[str, Any]:
    report = session.get(ReportRow, row.id)
    if JobStatus(row.status) not in WITH_RESULT or report is None:
        raise ConflictError(
            "call_not_finished",
            f"Call {row.id} is {row.status}: words, names and roles are corrected in calls that are COMPLETED or "
            "PARTIAL; wait for its end.",
        )
    result: dict[str, Any] = json.loads(codec.unpack(report.body))
    return result


def _words(result: Part, wanted: Mapping[str, str]) -> list[CorrectionRow]:
    turns = {turn["id"]: turn for turn in result["transcript"]}
    if unknown := sorted(set(wanted) - set(turns)):
        raise InvalidRequestError("turn_unknown", f"No turn {', '.join(unknown)} in the result of this call.")
    channels = _channels(result)
    return [
        CorrectionRow(
            kind=CorrectionKind.WORDS,
            turn_id=turn_id,
            participant_id=turns[turn_id]["participant_id"],
            channel_index=channels.get(turns[turn_id]["participant_id"]),
            begin_offset_ms=turns[turn_id]["begin_offset_ms"],
            end_offset_ms=turns[turn_id]["end_offset_ms"],
            before=turns[turn_id]["content"],
            after=plain_text(content),
        )
        for turn_id, content in wanted.items()
        if content != turns[turn_id]["content"]
    ]


def _names(result: Part, wanted: Mapping[str, str | None]) -> list[CorrectionRow]:
    _check_participants(result, wanted)
    known = {participant["participant_id"]: participant.get("name") for participant in result["participants"]}
    channels = _channels(result)
    rows = []
    for participant_id, name in wanted.items():
        if name == known[participant_id]:
            continue
        turns = [turn for turn in result["transcript"] if turn["participant_id"] == participant_id]
        longest = max(turns, key=lambda turn: turn["end_offset_ms"] - turn["begin_offset_ms"], default=None)
        rows.append(
            CorrectionRow(
                kind=CorrectionKind.SPEAKER_NAME,
                turn_id="",
                participant_id=participant_id,
                channel_index=channels.get(participant_id),
                begin_offset_ms=longest["begin_offset_ms"] if longest else 0,
                end_offset_ms=longest["end_offset_ms"] if longest else 0,
                before=known[participant_id] or "",
                after=plain_text(name) if name is not None else None,
            )
        )
    return rows


def _channels(result: Part) -> dict[str, int | None]:
    """Channels of the parties, where they have channels of their own; several people may share one after each other.

    In a mono call, the voices may be numbered differently next time.
    """
    found = {p["participant_id"]: p["channel_index"] for p in result["participants"]}
    return found if len(set(found.values())) > 1 else dict.fromkeys(found)


def _check_participants(result: Part, wanted: Mapping[str, Any]) -> None:
    known = {participant["participant_id"] for participant in result["participants"]}
    if unknown := sorted(set(wanted) - known):
        raise InvalidRequestError(
            "participant_unknown",
            f"No participant {', '.join(unknown)} in this call; there are {', '.join(sorted(known)) or 'none'}.",
        )


def _record(row: CorrectionRow) -> CorrectionRecord:
    names = CorrectionRecord.__dataclass_fields__
    return CorrectionRecord(**{name: getattr(row, name) for name in names})
