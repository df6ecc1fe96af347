"""What people correct in a call: words, speakers, turns, moods, summary; its history, and how it is undone."""

from __future__ import annotations

import json
from itertools import pairwise

from fastapi import APIRouter

from callytics.api.auth import Principal, Reader, Writer
from callytics.api.errors import problem_responses
from callytics.api.schemas.calls import CallView
from callytics.api.schemas.correction_history import CorrectionList, CorrectionView
from callytics.api.schemas.corrections import CallPatch
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of, view_for
from callytics.domain import Role, SentimentLabel
from callytics.errors import InvalidRequestError, NotFoundError
from callytics.redaction.detector import find_pii
from callytics.result.judgements import texts_of
from callytics.store import CallRecord, CallStore, CorrectionRecord, Corrections, Split

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls/{call_id}/corrections", tags=["calls"])


async def correct(services: Services, call: CallRecord, patch: CallPatch, principal: Principal) -> CallRecord:
    """All corrections of a request, in one transaction.

    Raises:
        ConflictError: ``call_not_finished``.
        InvalidRequestError: ``turn_unknown``, ``participant_unknown``, ``word_unknown``, ``turns_not_joinable``,
            ``split_in_redaction``, ``correction_identifies``.
    """
    turns = patch.turns or []
    wanted = Corrections(
        words={turn.turn_id: " ".join(turn.content.split()) for turn in turns if turn.content is not None},
        speakers={turn.turn_id: turn.participant_id for turn in turns if turn.participant_id is not None},
        moods={turn.turn_id: SentimentLabel(turn.sentiment) for turn in turns if turn.sentiment},
        names={each.participant_id: _name(each.name) for each in patch.participants or []},
        roles={party: Role(role) for party, role in (patch.roles or {}).items()},
        splits={each.turn_id: Split(each.word, each.participant_id) for each in patch.splits or []},
        merges={each.turn_id: each.next_turn_id for each in patch.merges or []},
        summary=patch.summary.model_dump(mode="json", exclude_unset=True) if patch.summary else {},
    )
    if call.options.redact_pii:
        await _check_redacted(services, call, wanted)
    return await services.store(CallStore.correct_call, call.id, wanted, principal.tenant, principal.id)


def _name(name: str | None) -> str | None:
    return " ".join(name.split()) if name is not None else None


async def _check_redacted(services: Services, call: CallRecord, wanted: Corrections) -> None:
    """What redaction takes out does not come back through a correction, nor is it kept in the history."""
    if any(name is not None for name in wanted.names.values()):
        raise InvalidRequestError(
            "correction_identifies",
            "This call is redacted: its result, and so its participants, name nobody.",
        )
    for name, value in wanted.summary.items():
        _check_text(f"the text for {name}", texts_of(value))
    try:
        turns = json.loads(await services.store(CallStore.get_report, call.id, call.tenant))["transcript"]
    except NotFoundError:
        return  # correct_call says that the call has no result
    asked_by = {after["id"]: before["content"] for before, after in pairwise(turns)}
    for turn_id, text in wanted.words.items():
        _check_text(f"the text for {turn_id}", [text], asked_by.get(turn_id, ""))


def _check_text(what: str, texts: list[str], before: str = "") -> None:
    if kinds := sorted({span.kind.value for text in texts for span in find_pii(text, before)}):
        raise InvalidRequestError(
            "correction_identifies",
            f"This call is redacted, and {what} says what its result must not: "
            f"{', '.join(kinds)}. Write {' or '.join(f'[{kind}]' for kind in kinds)} where the result does.",
        )


@router.get("", response_model=CorrectionList, responses=problem_responses(401, 403, 404))
async def list_corrections(call_id: str, services: ServicesDep, principal: Reader) -> CorrectionList:
    """What people corrected in a call, the oldest first, with what it read before. `PATCH /v1/calls/{call_id}`
    corrects."""
    found = await services.store(CallStore.list_corrections, call_id, principal.tenant)
    await services.store(
        CallStore.record_audit, principal.id, "call.corrections_read", call_id, {}, principal.tenant
    )
    people = {record.actor for record in found} | {record.undone_by for record in found}
    keys = await services.store(CallStore.list_api_keys, principal.tenant) if found else ()
    return CorrectionList(
        corrections=[_view(record) for record in found],
        key_names={key.id: key.name for key in keys if key.id in people},
    )


@router.post(
    "/{correction_id}/undo",
    status_code=202,
    response_model=CallView,
    responses=problem_responses(401, 403, 404, 409),
)
async def undo_correction(
    call_id: str, correction_id: str, services: ServicesDep, principal: Writer
) -> CallView:
    """Take a correction back: what depends on it is analysed again without it. The correction stays in the history;
    where it had replaced an earlier one, that holds again. Roles of one request are taken back together."""
    call = await services.store(
        CallStore.undo_correction, call_id, correction_id, principal.tenant, principal.id
    )
    return view_for(principal, call, services.settings.public_url)


def _view(record: CorrectionRecord) -> CorrectionView:
    return CorrectionView(
        correction_id=record.id,
        kind=record.kind,
        turn_id=record.turn_id,
        participant_id=record.participant_id,
        field=json.loads(record.detail or "{}").get("field"),
        begin_offset_ms=record.begin_offset_ms,
        end_offset_ms=record.end_offset_ms,
        before=record.before,
        after=record.after,
        created_by=record.actor,
        created_at=time_of(record.created_at_ms),
        undone_by=record.undone_by,
        undone_at=time_of(record.undone_at_ms) if record.undone_at_ms is not None else None,
    )
