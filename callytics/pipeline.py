"""The analysis of one call as a graph, read top to bottom.

    audio ─┬─> diarize ─┐
           └─> transcribe┴─> attribute ─> punctuate ─> correct ─> roles ─> redact ─┬─> voice ─> write ──────┐
                                                                                   └> parties ┬> sentiment ─┤
                                                                                              └> analyse    ┴─> report

``analyse`` does not know how its nodes run: ``run(step, *inputs)`` starts a step and returns a node, which
represents the step's result. The interpreter decides what a node is:

    in process   InProcess, below                   a node is the value itself
    Ray Serve    deployments/pipeline/call_run.py   a node is an asyncio task: branches run in parallel
    Ray Data     deployments/backfill/plan.py       a node is the name of a column: one map per step

There is no ``if`` on data in the graph: the engines handle the cases (mono or stereo, Korean or English, silence).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from callytics.config import ENGINE_STAGES, OPTIONAL_STAGES, StageConfig
from callytics.conversation.announcements import parties_only
from callytics.conversation.corrections import correct
from callytics.conversation.roles import assign_roles
from callytics.conversation.turns import attribute, with_corrected_roles
from callytics.conversation.voice import with_voice
from callytics.domain import (
    CallOptions,
    Conversation,
    Correction,
    Recording,
    StageFailure,
    StageRun,
    StageStatus,
)
from callytics.engines import load_engine
from callytics.errors import CallyticsError
from callytics.redaction.conversation import redact
from callytics.result.build import build_report, complete
from callytics.result.schema.call import CallResult
from callytics.written_forms import with_written_forms

logger = logging.getLogger(__name__)
Node = Any


class Run(Protocol):
    """Starts a step of the graph on the results of earlier ones."""

    def __call__(self, step: str, *inputs: Node) -> Node: ...


def analyse(run: Run, recording: Node, options: Node, corrections: Node) -> Node:
    """The whole graph. The inputs represent a Recording, its CallOptions and its corrections (a tuple of Correction,
    oldest first); the output represents its report."""
    audio = run("audio-processor", recording, options)
    diarization = run("speaker-diarizer", audio, options)
    transcript = run("speech-recognizer", audio, options)
    spoken = run("attribute", diarization, transcript)
    punctuated = run("punctuation-restorer", spoken)
    corrected = run(
        "correct", punctuated, corrections
    )  # after punctuation, which must not change the text of a correction
    attributed = run("roles", corrected, options)
    conversation = run("redact", attributed, options)  # later stages, including an LLM's endpoint, get no PII
    parties = run("parties", conversation)  # what neither party says is not judged or summarised
    sentiment = run("sentiment-analyzer", parties)
    summary = run("llm-analyzer", parties)
    voiced = run("voice", conversation, audio)  # after redaction: what was removed is not measured
    shown = run("write", voiced, options)  # for readers only: no engine gets the written forms
    return run(
        "report", recording, audio, diarization, transcript, shown, sentiment, summary, corrections
    )  # moods and summaries by people: no engine depends on them


def dependants(changed: str) -> tuple[str, ...]:
    """The engine stages that must run again with a step: the step itself and all its dependants, in order."""
    stages: list[str] = []

    def run(step: str, *inputs: Node) -> bool:
        depends = step == changed or any(inputs)
        if depends and step in ENGINE_STAGES:
            stages.append(step)
        return depends

    analyse(run, False, False, False)
    return tuple(stages)


def roles(conversation: Conversation, options: CallOptions) -> Conversation:
    """Roles set by hand, else by channel (from the diarizer), else from the text."""
    return assign_roles(with_corrected_roles(conversation, options))


PURE_STEPS: Mapping[str, Callable[..., Any]] = {
    "attribute": attribute,
    "correct": correct,
    "roles": roles,
    "redact": redact,
    "parties": parties_only,
    "voice": with_voice,
    "write": with_written_forms,
    "report": build_report,
}
"""Steps without an engine: plain functions of the library."""


class InProcess:
    """Runs the graph in this process, one step after the other; engines are loaded once, at first use.

    Args:
        stages: the configuration of every engine stage.
        on_progress: called on every change of a stage's state.
    """

    def __init__(
        self, stages: Mapping[str, StageConfig], on_progress: Callable[[StageRun], None] | None = None
    ) -> None:
        self._stages = stages
        self._on_progress = on_progress or (lambda stage_run: None)
        self._engines: dict[str, Any] = {}

    def engine(self, stage: str) -> Any:
        if stage not in self._engines:
            self._engines[stage] = load_engine(self._stages[stage])
        return self._engines[stage]

    def __call__(
        self, recording: Recording, options: CallOptions, corrections: tuple[Correction, ...] = ()
    ) -> CallResult:
        """The finished result of one call.

        Raises:
            CallyticsError: a required stage failed; InvalidMediaError if the file is the cause.
        """
        runs: dict[str, StageRun] = {}

        def run(step: str, *inputs: Any) -> Any:
            if step in PURE_STEPS:
                return PURE_STEPS[step](*inputs)
            return self._run_stage(step, inputs, runs)

        report = analyse(run, recording, options, corrections)
        return complete(report, [runs[stage] for stage in ENGINE_STAGES])

    def _run_stage(self, stage: str, inputs: tuple[Any, ...], runs: dict[str, StageRun]) -> Any:
        started = StageRun(
            stage, StageStatus.RUNNING, attempts=1, config_hash=self._stages[stage].config_hash
        )
        self._on_progress(started)
        start = time.perf_counter()
        output: Any
        try:
            engine = self.engine(stage)
            output = engine(*inputs)
            ended = replace(
                started,
                status=StageStatus.COMPLETED,
                engine=self._stages[stage].engine,
                model=engine.model,
                model_revision=engine.model_revision,
            )
        except Exception as error:
            failure = stage_failure(stage, error)
            logger.warning("%s failed: %s", stage, failure.message)
            ended = replace(
                started, status=StageStatus.FAILED, error_code=failure.code, error_message=failure.message
            )
            output = failure
            if stage not in OPTIONAL_STAGES:
                raise
        finally:
            duration_s = time.perf_counter() - start
        ended = replace(ended, duration_s=duration_s)
        runs[stage] = ended
        self._on_progress(ended)
        return output


def stage_failure(stage: str, error: BaseException) -> StageFailure:
    """The description of a failed stage for the reader of the result; never a traceback."""
    if isinstance(error, CallyticsError):
        return StageFailure(stage, error.code, error.message)
    return StageFailure(stage, "stage_crashed", f"{type(error).__name__}: {error}")
