"""/v1/calls: submit, list, read, change, delete, retry, reprocess, cancel."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Request, Response

from callytics.api.auth import Deleter, Principal, Reader, Writer
from callytics.api.corrections import correct
from callytics.api.errors import problem_responses
from callytics.api.listening import view_mark
from callytics.api.openapi import multipart_body
from callytics.api.schemas.calls import CallView, ReprocessBody, Step, SubmittedCall
from callytics.api.schemas.corrections import CallPatch
from callytics.api.schemas.lists import CallList
from callytics.api.schemas.queries import ListQuery
from callytics.api.schemas.submission import CallForm
from callytics.api.services import Services, ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.submission import parse_fields, submit
from callytics.api.uploads import Upload
from callytics.api.views import call_url, call_view, listed_view, match_view, view_for
from callytics.domain import CallOptions
from callytics.pipeline import dependants
from callytics.store import CallStore, ReadRecord

router = APIRouter(route_class=StrictRoute, prefix="/v1/calls", tags=["calls"])

STEPS: dict[Step, str] = {
    "audio": "audio-processor",
    "diarization": "speaker-diarizer",
    "recognition": "speech-recognizer",
    "punctuation": "punctuation-restorer",
    "roles": "roles",
    "sentiment": "sentiment-analyzer",
    "analysis": "llm-analyzer",
}
"""What POST /reprocess takes as ``from``, and the step of the pipeline that it means."""


@router.post(
    "",
    operation_id="create_call",
    status_code=202,
    response_model=SubmittedCall,
    responses=problem_responses(400, 401, 403, 409, 413, 415, 422, 503),
    openapi_extra=multipart_body(CallForm, "The recording: any format that ffmpeg reads"),
)
async def submit_call(
    request: Request,
    response: Response,
    services: ServicesDep,
    principal: Writer,
    idempotency_key: Annotated[str | None, Header(max_length=255, examples=["crm-2026-11-22-0001"])] = None,
) -> SubmittedCall:
    """Upload a recording. It is stored, checked and queued; its analysis is followed at `Location`.

    The same audio with the same options and metadata is one call: the earlier one is answered with `duplicate: true`.
    With other metadata it is a call of its own, which uses what the stages found in the earlier one.
    A request repeated with its `Idempotency-Key` is answered with the call that it made.

        curl -H "Authorization: Bearer $KEY" -F file=@call.wav -F language=ko -F agent_channel=0 \\
             -F agent_id=kim.minji -F 'metadata={"custom": {"campaign": "spring"}}' http://127.0.0.1:8000/v1/calls
    """

    sent: dict[str, Any] = {}

    def read_form(upload: Upload) -> tuple[CallOptions, dict[str, Any]]:
        form = parse_fields(upload, CallForm, repeated=frozenset({"hotwords"}))
        sent.update(form.metadata_json())
        key = f"{principal.id}:{idempotency_key}" if idempotency_key else None
        return form.options(), {
            "metadata": sent,
            "deduplicate": form.deduplicate,
            "idempotency_key": key,
            "priority": form.priority,
            "tenant": principal.tenant,
            "created_by": principal.id,
        }

    submission = await submit(request, services, read_form)
    view = view_for(principal, submission.call, services.settings.public_url, sent)
    response.headers["Location"] = call_url(submission.call.id, services.settings.public_url)
    return SubmittedCall(**view.model_dump(), duplicate=not submission.created)


@router.get("", response_model=CallList, responses=problem_responses(400, 401, 403, 422))
async def list_calls(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[ListQuery, Query()]
) -> CallList:
    """Calls, the latest upload first or as `sort` says: filtered by what is known and what was found, searched in what
    was said, page by page. `findings` of a call say which result they are of."""
    wanted = query.wanted(principal.tenant)
    page = await services.store(
        CallStore.list_calls, wanted, query.limit, query.cursor, query.sort, query.total
    )
    await _note_list(request, principal, query, [call.id for call in page.calls])
    return CallList(
        calls=[
            listed_view(call, page, services.settings.public_url).model_copy(
                update={
                    "matches": [match_view(match) for match in page.matches.get(call.id, ())]
                    if query.q
                    else None
                }
            )
            for call in page.calls
        ],
        next_cursor=page.next_cursor,
        total=page.total,
    )


async def _note_list(request: Request, principal: Principal, query: ListQuery, call_ids: list[str]) -> None:
    """Once per view and a few minutes, however often a browser asks: a search before it is answered, since that quotes
    what was said; a list, which has a line of each call, like listening. The query itself may name a person."""
    asked = query.model_dump(mode="json", exclude={"limit", "total"})
    if query.q is None:
        detail = {
            "view": view_mark(asked),
            "filters": sorted(query.model_fields_set - {"cursor", "limit", "total"}),
        }
        request.app.state.listening.note(principal, "calls.listed", "", {**detail, "call_ids": call_ids})
        return
    detail = {"view": view_mark([asked, call_ids]), "call_ids": call_ids}
    at_ms = round(time.time() * 1000)
    read = ReadRecord(at_ms, principal.tenant, principal.id, "calls.searched", "", detail)
    services: Services = request.app.state.services
    await services.store(CallStore.record_reads, [read])


@router.get("/{call_id}", response_model=CallView, responses=problem_responses(401, 403, 404))
async def get_call(call_id: str, services: ServicesDep, principal: Reader) -> CallView:
    """Status and progress of a call, stage by stage."""
    return call_view(
        await services.store(CallStore.get_call, call_id, principal.tenant), services.settings.public_url
    )


@router.patch(
    "/{call_id}",
    operation_id="update_call",
    response_model=CallView,
    responses=problem_responses(400, 401, 403, 404, 409, 422),
)
async def patch_call(call_id: str, patch: CallPatch, services: ServicesDep, principal: Writer) -> CallView:
    """Change metadata, or correct what was said, who speaks, where turns begin, how they sound, and the summary.

    A call is corrected when it has a result; what depends on the correction is analysed again, nothing that listens
    (and no stage at all for a sentiment or a field of the summary), and meanwhile the call is queued (409 for who
    corrects it then). A correction outlives every later run: `retry`, `reprocess` and a batch keep it, and
    `corrections` of the result tells whether it could be applied. If two people correct the same, the last one wins;
    `GET /v1/calls/{call_id}/corrections` has what each of them wrote, and both can be undone.

        curl -X PATCH -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/v1/calls/$ID \\
             --json '{"turns": [{"turn_id": "t3", "content": "I would like a refund."}]}'
    """
    call = await services.store(CallStore.get_call, call_id, principal.tenant)
    if patch.corrects:
        call = await correct(services, call, patch, principal)
    changes: dict[str, Any] = {}
    if patch.metadata is not None:
        changes = patch.metadata.model_dump(exclude_unset=True)
        call = await services.store(
            CallStore.patch_metadata, call_id, changes, principal.tenant, principal.id
        )
    return view_for(principal, call, services.settings.public_url, changes)


@router.delete("/{call_id}", status_code=204, responses=problem_responses(401, 403, 404))
async def delete_call(call_id: str, services: ServicesDep, principal: Deleter) -> None:
    """Remove the recording and everything that was derived from it. That it happened is kept in the audit."""
    await services.store(CallStore.delete_call, call_id, actor=principal.id, tenant=principal.tenant)
    await asyncio.to_thread(services.blobs.delete_call, call_id)


@router.post(
    "/{call_id}/retry",
    status_code=202,
    response_model=CallView,
    responses=problem_responses(401, 403, 404, 409),
)
async def retry_call(call_id: str, services: ServicesDep, principal: Writer) -> CallView:
    """Run again what failed, and only that: finished stages keep their results."""
    call = await services.store(CallStore.retry_call, call_id, principal.tenant, principal.id)
    return view_for(principal, call, services.settings.public_url)


@router.post(
    "/{call_id}/reprocess",
    status_code=202,
    response_model=CallView,
    responses=problem_responses(400, 401, 403, 404, 409, 422),
)
async def reprocess_call(
    call_id: str,
    services: ServicesDep,
    principal: Writer,
    body: Annotated[ReprocessBody | None, Body()] = None,
) -> CallView:
    """Run a finished call again: from a step on, with all that depends on it, or wholly. What comes before keeps
    its result, unless its engine was changed since; the result of the call stays until there is a new one,
    also where this run fails.

        curl -H "Authorization: Bearer $KEY" --json '{"from": "punctuation"}' http://127.0.0.1:8000/v1/calls/$ID/reprocess
    """
    stages = dependants(STEPS[(body or ReprocessBody()).from_])
    call = await services.store(CallStore.reprocess_call, call_id, stages, principal.tenant, principal.id)
    return view_for(principal, call, services.settings.public_url)


@router.post("/{call_id}/cancel", response_model=CallView, responses=problem_responses(401, 403, 404, 409))
async def cancel_call(call_id: str, services: ServicesDep, principal: Writer) -> CallView:
    """Stop the analysis of a call."""
    call = await services.store(CallStore.cancel_call, call_id, principal.tenant, principal.id)
    return view_for(principal, call, services.settings.public_url)
