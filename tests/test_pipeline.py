"""The graph and its in-process interpreter, with engines made for the test."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from callytics.config import ENGINE_STAGES, StageConfig
from callytics.domain import (
    ActionItem,
    CallOptions,
    Claim,
    ContactSummary,
    Conversation,
    DroppedText,
    Recording,
    Role,
    StageRun,
    VoiceTrack,
)
from callytics.errors import ConfigError, InvalidMediaError
from callytics.pipeline import PURE_STEPS, InProcess, analyse
from tests.support.conversations import stereo
from tests.support.played_engines import Analysis, AudioEngine, Recognizer

RECORDING = Recording("call-1", "nowhere.wav")


def test_the_report_joins_what_the_stages_found(stages: dict[str, StageConfig]) -> None:
    progress: list[StageRun] = []
    result = InProcess(stages, progress.append)(RECORDING, CallOptions())
    assert result.job_status == "COMPLETED"
    assert [turn.content for turn in result.transcript] == [
        "안녕하세요 무엇을 도와드릴까요.",
        "환불해 주세요.",
    ]
    assert [turn.content_raw for turn in result.transcript] == [
        "안녕하세요 무엇을 도와드릴까요",
        "환불해 주세요",
    ]
    assert [turn.participant_role for turn in result.transcript] == ["AGENT", "CUSTOMER"]
    assert [detail.name for detail in result.job_details.stages] == list(ENGINE_STAGES)
    assert {detail.model for detail in result.job_details.stages} == {"test-model"}
    assert [run.status for run in progress] == ["RUNNING", "COMPLETED"] * len(ENGINE_STAGES)


def test_an_optional_stage_that_fails_leaves_the_call_partial(stages: dict[str, StageConfig]) -> None:
    stages["sentiment-analyzer"] = replace(stages["sentiment-analyzer"], options={"error": "no weights"})
    result = InProcess(stages)(RECORDING, CallOptions())
    assert result.job_status == "PARTIAL"
    assert result.word_analysis is None
    assert result.contact_summary is not None
    assert [(e.stage, e.message) for e in result.job_details.errors] == [
        ("sentiment-analyzer", "ValueError: no weights")
    ]


def test_any_other_stage_that_fails_fails_the_call(stages: dict[str, StageConfig]) -> None:
    stages["speech-recognizer"] = replace(stages["speech-recognizer"], options={"error": "boom"})
    with pytest.raises(ValueError, match="boom"):
        InProcess(stages)(RECORDING, CallOptions())


def test_a_bad_recording_keeps_its_own_error(stages: dict[str, StageConfig]) -> None:
    stages["audio-processor"] = replace(stages["audio-processor"], options={"error": "media"})
    with pytest.raises(InvalidMediaError, match="empty"):
        InProcess(stages)(RECORDING, CallOptions())


def test_a_claim_about_a_turn_that_does_not_exist_is_rejected(stages: dict[str, StageConfig]) -> None:
    stages["llm-analyzer"] = replace(stages["llm-analyzer"], engine="engines_for_test:InventingAnalysis")
    result = InProcess(stages)(RECORDING, CallOptions())
    assert result.job_status == "PARTIAL"
    assert result.contact_summary is None
    assert [(e.stage, e.code) for e in result.job_details.errors] == [("llm-analyzer", "evidence_unknown")]


def test_corrected_roles_reach_the_report(stages: dict[str, StageConfig]) -> None:
    roles = (("spk_0", Role.CUSTOMER), ("spk_1", Role.AGENT))
    result = InProcess(stages)(RECORDING, CallOptions(roles=roles))
    assert [turn.participant_role for turn in result.transcript] == ["CUSTOMER", "AGENT"]
    assert {p.role_source for p in result.participants} == {"manual"}


def test_the_graph_can_be_drawn_without_running_it() -> None:
    """What Ray Data will need: nodes that are only names, in an order that can be mapped one by one."""
    steps: list[tuple[str, tuple[str, ...]]] = []

    def draw(step: str, *inputs: str) -> str:
        steps.append((step, inputs))
        return step

    assert analyse(draw, "recording", "options", "corrections") == "report"
    done = {"recording", "options", "corrections"}
    for step, inputs in steps:
        assert set(inputs) <= done
        done.add(step)
    assert {step for step, _ in steps} == {*ENGINE_STAGES, *PURE_STEPS}


def test_an_unknown_option_is_named(stages: dict[str, StageConfig]) -> None:
    stages["speech-recognizer"] = replace(stages["speech-recognizer"], options={"beam": 5})
    with pytest.raises(ConfigError, match=r"speech-recognizer.*beam"):
        InProcess(stages)(RECORDING, CallOptions())


def test_what_identifies_people_reaches_neither_the_later_stages_nor_the_result(
    stages: dict[str, StageConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "제 번호는 공일공 일이삼사 오육칠팔이에요"
    _, transcript = stereo((0, 0.0, 2.0, "연락처가 어떻게 되세요"), (1, 2.5, 4.0, said), duration_s=5.0)
    dropped = (DroppedText(2.0, 2.5, "공일공 일이삼사", "crosstalk"),)
    seen: list[str] = []

    def quote(self: Any, conversation: Conversation) -> ContactSummary:
        seen.append(repr(conversation))
        claim = Claim(conversation.turns[1].content, ("t2",))
        return ContactSummary(claim, None, claim, None, None, (ActionItem(claim.text, Role.AGENT, ("t2",)),))

    monkeypatch.setattr(Recognizer, "run", lambda self, *inputs: replace(transcript, dropped=dropped))
    monkeypatch.setattr(Analysis, "run", quote)
    result = InProcess(stages)(RECORDING, CallOptions(redact_pii=True))
    assert "일이삼사" not in seen[0]
    assert "일이삼사" not in result.model_dump_json()
    turn = result.transcript[1]
    assert turn.content == "제 번호는 [PHONE]이에요."
    assert [(r.kind, r.begin_offset_ms < r.end_offset_ms) for r in turn.redactions] == [("PHONE", True)]
    assert result.contact_summary
    assert result.contact_summary.issue == turn.content
    assert result.dropped_speech[0].content == "[REDACTED]"
    assert "PHONE (1)" in next(flag.message for flag in result.flags if flag.code == "pii_redacted")
    plain = InProcess(stages)(RECORDING, CallOptions())
    assert said in plain.transcript[1].content
    assert "pii_redacted" not in [flag.code for flag in plain.flags]


def test_written_forms_reach_the_result_and_no_engine(
    stages: dict[str, StageConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, transcript = stereo((0, 0.0, 2.0, "얼마인가요"), (1, 2.5, 4.0, "오십육만 칠천 원이요"), duration_s=5.0)
    seen: list[str] = []

    def noted(self: Any, conversation: Conversation) -> ContactSummary:
        seen.append(repr(conversation))
        return ContactSummary(None, None, None, None, None, ())

    monkeypatch.setattr(Recognizer, "run", lambda self, *inputs: transcript)
    monkeypatch.setattr(Analysis, "run", noted)
    turn = InProcess(stages)(RECORDING, CallOptions(written_forms=True)).transcript[1]
    assert (turn.written, turn.content_raw) == ("567,000원이요.", "오십육만 칠천 원이요")
    assert "567,000" not in seen[0]
    assert InProcess(stages)(RECORDING, CallOptions()).transcript[1].written is None


def test_voice_of_each_turn_reaches_the_result_and_no_engine(
    stages: dict[str, StageConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two parties on their own channels, at 65 Hz and an octave above, for the five seconds of the call."""
    tracks = tuple(
        VoiceTrack(
            0.05, base64.b64encode(bytes([200] * 100)).decode(), base64.b64encode(pitch * 100).decode()
        )
        for pitch in (bytes([1]), bytes([73]))
    )
    heard = AudioEngine().run(RECORDING, CallOptions())
    seen: list[Conversation] = []

    def noted(self: Any, conversation: Conversation) -> ContactSummary:
        seen.append(conversation)
        return ContactSummary(None, None, None, None, None, ())

    monkeypatch.setattr(AudioEngine, "run", lambda self, *inputs: replace(heard, voice_tracks=tracks))
    monkeypatch.setattr(Analysis, "run", noted)
    turns = InProcess(stages)(RECORDING, CallOptions()).transcript
    assert [turn.voice and turn.voice.pitch_hz for turn in turns] == [65.0, 130.0]
    assert [turn.voice for turn in seen[0].turns] == [None, None]
