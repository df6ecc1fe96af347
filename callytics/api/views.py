"""Records of the store as bodies of responses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from callytics.api.auth import Principal
from callytics.api.schemas.calls import CallView, ErrorView, MediaView, OptionsView, StageView
from callytics.api.schemas.lists import FindingsView, ListedCall, MatchView
from callytics.config import ENGINE_STAGES
from callytics.domain import Role, StageRun, StageStatus
from callytics.result.schema.recording import CallMetadata
from callytics.store import FINISHED, CallPage, CallRecord, Findings, JobStatus
from callytics.store.records.lists import TurnMatch

_ENDED = (StageStatus.COMPLETED, StageStatus.FAILED, StageStatus.SKIPPED)


def call_view(call: CallRecord, public_url: str = "") -> CallView:
    stages = _all_stages(call)
    return CallView(
        call_id=call.id,
        job_status=call.status,
        progress=1.0
        if call.status in FINISHED
        else round(sum(run.status in _ENDED for run in stages) / len(stages), 2),
        created_at=time_of(call.created_at_ms),
        updated_at=time_of(call.updated_at_ms),
        completed_at=time_of(call.completed_at_ms) if call.completed_at_ms is not None else None,
        filename=call.filename,
        size_bytes=call.size_bytes,
        media=MediaView(
            sha256=call.media.sha256,
            format=call.media.format,
            codec=call.media.codec,
            sample_rate_hz=call.media.sample_rate_hz,
            channels=call.media.channels,
            duration_ms=round(call.media.duration_s * 1000),
        ),
        options=_options_view(call),
        metadata=CallMetadata(**call.metadata),
        language_code=call.language_code,
        attempts=call.attempts,
        stages=[_stage_view(run) for run in stages],
        error=ErrorView(stage=call.error.stage, code=call.error.code, message=call.error.message)
        if call.error
        else None,
        priority=call.priority,
        next_attempt_at=time_of(call.available_at_ms)
        if call.status is JobStatus.QUEUED and call.error is not None
        else None,
        result_at=time_of(call.result_at_ms) if call.result_at_ms is not None else None,
        links=_links(call, public_url),
    )


def view_for(
    principal: Principal, call: CallRecord, public_url: str = "", sent: Mapping[str, Any] | None = None
) -> CallView:
    """A call as the answer to a change. A key that may only write sees no metadata but what it sent: what others
    noted about the call is for readers.

    Args:
        sent: metadata of the request.
    """
    view = call_view(call, public_url)
    if not principal.may("calls:read"):
        own = dict(sent or {})
        view.metadata = CallMetadata(**own | {"custom": own.get("custom") or {}})
    return view


def _all_stages(call: CallRecord) -> list[StageRun]:
    """Every stage of the graph, those not yet begun as PENDING."""
    known = {run.name: run for run in call.stages}
    return [known.get(name, StageRun(name, StageStatus.PENDING)) for name in ENGINE_STAGES]


def _stage_view(run: StageRun) -> StageView:
    return StageView(
        name=run.name,
        status=run.status,
        attempts=run.attempts,
        duration_ms=round(run.duration_s * 1000),
        engine=run.engine,
        model=run.model,
        error_code=run.error_code,
        error_message=run.error_message,
    )


def _options_view(call: CallRecord) -> OptionsView:
    return OptionsView(
        language=call.options.language,
        agent_channel=call.options.agent_channel,
        num_speakers=call.options.num_speakers,
        hotwords=list(call.options.hotwords),
        audio_format=call.options.audio_format,
        audio_sample_rate_hz=call.options.audio_sample_rate_hz,
        audio_channels=call.options.audio_channels,
        denoise=call.options.denoise,
        roles={party: role.value for party, role in call.options.roles},
        redact_pii=call.options.redact_pii,
        written_forms=call.options.written_forms,
        task=call.options.task,
        known_speakers=[speaker.name for speaker in call.options.known_speakers],
    )


def call_url(call_id: str, public_url: str = "") -> str:
    return f"{public_url.rstrip('/')}/v1/calls/{call_id}"


def _links(call: CallRecord, public_url: str) -> dict[str, str]:
    own = call_url(call.id, public_url)
    return {"self": own, **{name: f"{own}/{name}" for name in ("result", "transcript", "audio", "events")}}


def listed_view(call: CallRecord, page: CallPage, public_url: str = "") -> ListedCall:
    """A call of a page, with its findings, and without the matches."""
    found = page.findings.get(call.id)
    return ListedCall(
        **call_view(call, public_url).model_dump(),
        called_at=time_of(call.called_at_ms),
        findings=_findings_view(found) if found is not None else None,
    )


def _findings_view(found: Findings) -> FindingsView:
    values = {name: getattr(found, name) for name in FindingsView.model_fields if hasattr(found, name)}
    return FindingsView(
        **values
        | {
            "result_at": time_of(found.result_at_ms),
            "mood_quarters": list(found.mood_quarters),
            "flags": list(found.flags),
        }
    )


def match_view(match: TurnMatch) -> MatchView:
    return MatchView(
        turn_id=match.turn_id,
        participant_role=Role(match.participant_role),
        begin_offset_ms=match.begin_offset_ms,
        content=match.content,
    )


def time_of(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
