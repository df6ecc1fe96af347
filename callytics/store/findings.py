"""The findings of a call: what a list shows of its result, in columns that can be filtered, sorted and counted.

They are read from the stored result only, so they show no more than the result does: what redaction removed is in
neither. They are written in the transaction of the result, replaced with it, and deleted with the call. A call that is
analysed again keeps its earlier result, and with it its earlier findings (``FindingsState.EARLIER``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, delete, select

from callytics.domain import JobStatus, MoodDirection, Role
from callytics.store import codec
from callytics.store.records.calls import WITH_RESULT
from callytics.store.records.findings import Findings, FindingsState
from callytics.store.rows import plain_text
from callytics.store.tables.calls import CallRow, FindingFlagRow, FindingRow, ReportRow

VERSION = 1
"""Version of read(): rows of an earlier one are written again in the background (fill)."""

_MAX_CODE = 64


def write(session: Session, call_id: str, result: Mapping[str, Any], result_at_ms: int) -> None:
    """Replace the findings of a call with those of this result."""
    session.merge(read(call_id, result, result_at_ms))
    session.exec(delete(FindingFlagRow).where(col(FindingFlagRow.call_id) == call_id))
    session.flush()
    session.add_all([FindingFlagRow(call_id=call_id, code=code) for code in _flags(result)])


def read(call_id: str, result: Mapping[str, Any], result_at_ms: int) -> FindingRow:
    """
    Args:
        result: JSON of result.md. Results of earlier versions lack some parts; their columns are empty.
    """
    summary = result.get("contact_summary") or {}
    quality = result.get("communication_quality") or {}
    characteristics = result.get("conversation_characteristics") or {}
    mood = _customer_mood(characteristics)
    criteria = quality.get("criteria") or []
    return FindingRow(
        call_id=call_id,
        version=VERSION,
        result_at_ms=result_at_ms,
        result_status=result.get("job_status") or JobStatus.COMPLETED,
        language_code=result.get("language_code"),
        agent_name=_agent_name(result.get("participants") or []),
        topic=_line(summary.get("topic")),
        issue=_line(summary.get("issue")),
        resolved=summary.get("resolved"),
        mood_overall=mood.get("overall"),
        mood_start=mood.get("start"),
        mood_end=mood.get("end"),
        mood_direction=mood.get("direction"),
        mood_quarters=[quarter["score"] for quarter in mood.get("by_quarter") or []],
        quality=quality.get("overall"),
        quality_criteria=quality.get("judged_criteria")
        or sum(one.get("score") is not None for one in criteria),
        num_flags=len(_flags(result)),
        duration_ms=(result.get("media") or {}).get("duration_ms") or 0,
    )


def _line(text: str | None) -> str | None:
    """One line; None if there is nothing on it."""
    return " ".join(plain_text(text).split()) or None if text else None


def _agent_name(participants: Sequence[Mapping[str, Any]]) -> str | None:
    """Names of the agents, as known voices or people gave them; several in the order of the result."""
    named = [p.get("name") for p in participants if p.get("participant_role") == Role.AGENT]
    return _line(", ".join(dict.fromkeys(name for name in named if name)))


def _customer_mood(characteristics: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mood of the customer; of several, of the one who speaks most."""
    moods = {one["participant_id"]: one for one in characteristics.get("sentiment") or []}
    talk = (characteristics.get("talk_time") or {}).get("details_by_participant") or []
    spoken_ms = {one["participant_id"]: one["total_time_ms"] for one in talk}
    customers = [one for one in moods.values() if one["participant_role"] == Role.CUSTOMER]
    return max(customers, key=lambda one: spoken_ms.get(one["participant_id"], 0), default={})


def _flags(result: Mapping[str, Any]) -> list[str]:
    """Codes of the remarks, each once; results of the first versions have codes only."""
    codes = (str(flag["code"] if isinstance(flag, Mapping) else flag) for flag in result.get("flags") or [])
    return sorted({plain_text(code)[:_MAX_CODE] for code in codes})


def fill(session: Session, limit: int) -> int:
    """Write the findings of results from before there were any, from an earlier VERSION, or of a result that was
    replaced by a replica of an older release, which knows no findings. Returns their number, 0 if none remain."""
    of_result = col(FindingRow.result_at_ms) == col(ReportRow.created_at_ms)
    outdated = (
        select(ReportRow)
        .outerjoin(FindingRow, col(FindingRow.call_id) == col(ReportRow.call_id))
        .where(or_(col(FindingRow.call_id).is_(None), col(FindingRow.version) < VERSION, ~of_result))
        .order_by(col(ReportRow.call_id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=ReportRow)
    )
    reports = session.exec(outdated).all()
    for report in reports:
        write(session, report.call_id, json.loads(codec.unpack(report.body)), report.created_at_ms)
    if not reports:
        _date_calls(session)
    return len(reports)


def _date_calls(session: Session) -> None:
    """Calls that a replica of an older release queued have no ``called_at_ms``."""
    session.execute(
        update(CallRow)
        .where(col(CallRow.called_at_ms) == 0)
        .values(called_at_ms=func.coalesce(CallRow.started_at_ms, CallRow.created_at_ms))
    )


def of_calls(session: Session, rows: Sequence[CallRow]) -> dict[str, Findings]:
    """By call; without calls that have no findings (yet)."""
    ids = [row.id for row in rows]
    flags: dict[str, list[str]] = {}
    found = (
        select(FindingFlagRow).where(col(FindingFlagRow.call_id).in_(ids)).order_by(col(FindingFlagRow.code))
    )
    for flag in session.exec(found):
        flags.setdefault(flag.call_id, []).append(flag.code)
    statuses = {row.id: row.status for row in rows}
    return {
        row.call_id: _record(row, statuses[row.call_id], flags.get(row.call_id, []))
        for row in session.exec(select(FindingRow).where(col(FindingRow.call_id).in_(ids)))
    }


def _record(row: FindingRow, status: str, flags: Sequence[str]) -> Findings:
    is_current = JobStatus(status) in WITH_RESULT
    return Findings(
        state=FindingsState.CURRENT if is_current else FindingsState.EARLIER,
        result_at_ms=row.result_at_ms,
        result_status=JobStatus(row.result_status),
        language_code=row.language_code,
        agent_name=row.agent_name,
        topic=row.topic,
        issue=row.issue,
        resolved=row.resolved,
        mood_overall=row.mood_overall,
        mood_start=row.mood_start,
        mood_end=row.mood_end,
        mood_direction=MoodDirection(row.mood_direction) if row.mood_direction else None,
        mood_quarters=tuple(row.mood_quarters),
        quality=row.quality,
        quality_criteria=row.quality_criteria,
        flags=tuple(flags),
        duration_ms=row.duration_ms,
    )
