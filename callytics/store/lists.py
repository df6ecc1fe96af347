"""Lists of calls: conditions, order, pages. Parts of one transaction.

A page begins after a place: the sort value and the id of the last call of the page before. So calls that are added or
deleted in between move no page, and no call is shown twice unless its own sort value changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, literal, or_, tuple_
from sqlmodel import Session, col, select

from callytics.conversation.mood_change import HAPPY, UNHAPPY
from callytics.errors import InvalidRequestError
from callytics.store import findings, search
from callytics.store.calls import MAX_PAGE_SIZE
from callytics.store.cursors import decode_cursor, encode_cursor
from callytics.store.records.calls import WITH_RESULT
from callytics.store.records.findings import FindingsState
from callytics.store.records.lists import CallFilter, CallOrder, CallPage, Missing, Mood, Resolved
from callytics.store.rows import call_records
from callytics.store.tables.calls import CallRow, FindingFlagRow, FindingRow

AGENT = func.coalesce(func.nullif(CallRow.agent_id, ""), FindingRow.agent_name)
QUEUE = func.nullif(CallRow.queue, "")
_HAS_RESULT = col(CallRow.status).in_(WITH_RESULT)


@dataclass(frozen=True)
class _Order:
    key: Any
    kind: type[int | float | str] = int
    may_be_null: bool = True


_ORDERS: Mapping[str, _Order] = {
    CallOrder.CREATED: _Order(col(CallRow.created_at_ms), may_be_null=False),
    CallOrder.STARTED: _Order(col(CallRow.started_at_ms)),
    CallOrder.CALLED: _Order(col(CallRow.called_at_ms), may_be_null=False),
    CallOrder.DURATION: _Order(col(CallRow.duration_s), float, may_be_null=False),
    CallOrder.AGENT: _Order(AGENT, str),
    CallOrder.QUEUE: _Order(QUEUE, str),
    CallOrder.TOPIC: _Order(col(FindingRow.topic), str),
    CallOrder.MOOD: _Order(col(FindingRow.mood_end), float),
    CallOrder.QUALITY: _Order(col(FindingRow.quality), float),
    CallOrder.FLAGS: _Order(col(FindingRow.num_flags)),
}
"""What calls are sorted by, before their id."""


def page(
    session: Session, wanted: CallFilter, limit: int, cursor: str | None, order: CallOrder, with_total: bool
) -> CallPage:
    """
    Raises:
        InvalidRequestError: the cursor is invalid, or the text has nothing to search for.
    """
    terms = search.query_terms(wanted.text) if wanted.text else []
    if wanted.text and not terms:
        raise InvalidRequestError("query_empty", "q holds no letter or digit to search for.")
    conditions = conditions_of(wanted) + [search.calls_saying(session, term) for term in terms]
    sort, is_descending = _ORDERS[order.removeprefix("-")], order.startswith("-")
    # Only the places first: a database that sorts thousands of calls carries few columns of each.
    statement = joined(select(CallRow.id, sort.key)).where(*conditions)
    if cursor is not None:
        place = decode_cursor(cursor, order, sort.kind, sort.may_be_null)
        statement = statement.where(_after(sort, is_descending, *place))
    columns = [column.desc() if is_descending else column for column in (sort.key, col(CallRow.id))]
    statement = statement.order_by(*([sort.key.is_(None)] if sort.may_be_null else []), *columns)
    limit = max(1, min(limit, MAX_PAGE_SIZE))
    places: list[tuple[str, Any]] = session.exec(statement.limit(limit + 1)).all()
    shown = _rows(session, [call_id for call_id, _ in places[:limit]])
    last = places[limit - 1] if len(places) > limit else None
    return CallPage(
        calls=call_records(session, shown),
        next_cursor=encode_cursor(order, last[1], last[0]) if last is not None else None,
        matches=search.first_matches(session, [row.id for row in shown], terms) if terms else {},
        total=_count(session, wanted, conditions) if with_total else None,
        findings=findings.of_calls(session, shown),
    )


def _rows(session: Session, call_ids: Sequence[str]) -> list[CallRow]:
    rows = {row.id: row for row in session.exec(select(CallRow).where(col(CallRow.id).in_(call_ids)))}
    return [rows[call_id] for call_id in call_ids]


def _count(session: Session, wanted: CallFilter, conditions: Sequence[Any]) -> int:
    statement: Any = select(func.count()).select_from(CallRow)
    if any(getattr(wanted, name) not in (None, ()) for name in _OF_RESULTS):
        statement = joined(statement)
    total: int = session.exec(statement.where(*conditions)).one()
    return total


_OF_RESULTS = (
    *("agent", "topic", "mood", "mood_direction", "quality_from", "quality_before", "resolved"),
    *("findings", "without"),
)
"""Conditions on what the result says."""


def joined(statement: Any) -> Any:
    """A statement on calls, with what their results say beside them."""
    return statement.outerjoin(FindingRow, col(FindingRow.call_id) == col(CallRow.id))


def _after(sort: _Order, is_descending: bool, key: Any, call_id: str) -> Any:
    """Calls that come after a place. Those without a sort value come last."""
    row_id = col(CallRow.id)
    if key is None:
        return and_(sort.key.is_(None), row_id < call_id if is_descending else row_id > call_id)
    place, after = tuple_(sort.key, row_id), tuple_(literal(key), literal(call_id))
    beyond = place < after if is_descending else place > after
    return or_(beyond, sort.key.is_(None)) if sort.may_be_null else beyond


def conditions_of(wanted: CallFilter) -> list[Any]:
    """All but the search; the statement has to be ``joined``."""
    exact = {
        col(CallRow.tenant_id): wanted.tenant,
        col(CallRow.created_by): wanted.created_by,
        col(CallRow.language_code): wanted.language_code,
        col(CallRow.external_id): wanted.external_id,
        col(CallRow.agent_id): wanted.agent_id,
        col(CallRow.queue): wanted.queue,
        col(CallRow.direction): wanted.direction,
        AGENT: wanted.agent,
        col(FindingRow.topic): wanted.topic,
        col(FindingRow.mood_direction): wanted.mood_direction,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if wanted.statuses:
        conditions.append(col(CallRow.status).in_(wanted.statuses))
    for column, least, beyond in (
        (col(CallRow.created_at_ms), wanted.created_from_ms, wanted.created_before_ms),
        (col(CallRow.started_at_ms), wanted.started_from_ms, wanted.started_before_ms),
        (col(CallRow.called_at_ms), wanted.called_from_ms, wanted.called_before_ms),
        (col(CallRow.duration_s), wanted.duration_from_s, wanted.duration_before_s),
        (col(FindingRow.quality), wanted.quality_from, wanted.quality_before),
    ):
        if least is not None:
            conditions.append(column >= least)
        if beyond is not None:
            conditions.append(column < beyond)
    return conditions + _conditions_of_results(wanted)


def _conditions_of_results(wanted: CallFilter) -> list[Any]:
    flag = (col(FindingFlagRow.call_id) == col(CallRow.id), col(FindingFlagRow.code))
    conditions: list[Any] = [exists().where(flag[0], flag[1] == code) for code in wanted.flags]
    conditions += [_MISSING[what].is_(None) for what in wanted.without]
    if wanted.mood is not None:
        conditions.append(_MOODS[wanted.mood])
    if wanted.resolved is not None:
        conditions.append(_RESOLVED[wanted.resolved])
    if wanted.findings is not None:
        conditions.append(_STATES[wanted.findings])
    return conditions


_END = col(FindingRow.mood_end)
_MOODS = {
    Mood.NEGATIVE: _END <= UNHAPPY,
    Mood.NEUTRAL: and_(_END > UNHAPPY, _END < HAPPY),
    Mood.POSITIVE: _END >= HAPPY,
    Mood.ANY: _END.is_not(None),
}
_RESOLVED = {
    Resolved.YES: col(FindingRow.resolved).is_(True),
    Resolved.NO: col(FindingRow.resolved).is_(False),
    Resolved.UNKNOWN: and_(col(FindingRow.call_id).is_not(None), col(FindingRow.resolved).is_(None)),
}
_THERE = col(FindingRow.call_id).is_not(None)
_STATES = {
    FindingsState.CURRENT: and_(_THERE, _HAS_RESULT),
    FindingsState.EARLIER: and_(_THERE, ~_HAS_RESULT),
    FindingsState.ANY: _THERE,
    FindingsState.NONE: ~_THERE,
}
_MISSING = {
    Missing.AGENT: AGENT,
    Missing.QUEUE: QUEUE,
    Missing.TOPIC: col(FindingRow.topic),
    Missing.LANGUAGE: col(CallRow.language_code),
}


def mood_of(end: float) -> Mood:
    """The mood in whose list a call with this end is."""
    return Mood.NEGATIVE if end <= UNHAPPY else Mood.POSITIVE if end >= HAPPY else Mood.NEUTRAL
