"""The output of a system for one recording, in the form for scoring, and the system under test.

The outputs of our pipeline and of the baselines become :class:`Hypothesis` objects, with the same scoring functions.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callytics.domain import (
    CallOptions,
    Conversation,
    Diarization,
    Recording,
    Role,
    Transcript,
    Turn,
    Word,
)
from callytics.metrics import Interval
from callytics.pipeline import PURE_STEPS, InProcess, analyse

UNSCORED_STEPS = frozenset({"sentiment-analyzer", "llm-analyzer", "report"})
"""No figure about words, speakers or roles depends on them; sentiment is scored on its own data (text.py)."""


@dataclass(frozen=True)
class Hypothesis:
    """One system on one recording.

    Attributes:
        text: the whole text, in order of time.
        text_by_speaker: speaker -> whole text; empty if the system does not separate speakers.
        text_by_role: role -> whole text under that role.
        words: with the role as ``label``; empty if the system has no word times.
        speech: who speaks when, by speaker.
        role_speech: the same, by role.
        turns: the spans of whole turns, by speaker.
        dropped_characters: recognised, but judged as not spoken, and excluded.
        wall_s: time, including decoding.
    """

    text: str = ""
    text_by_speaker: Mapping[str, str] = field(default_factory=dict)
    text_by_role: Mapping[str, str] = field(default_factory=dict)
    text_by_channel: Mapping[int, str] = field(default_factory=dict)
    words: tuple[tuple[Word, str], ...] = ()
    speech: tuple[Interval, ...] = ()
    role_speech: tuple[Interval, ...] = ()
    turns: tuple[Interval, ...] = ()
    dropped_characters: int = 0
    wall_s: float = 0.0


class SystemUnderTest:
    """The pipeline, run like the graph, with the outputs of its stages kept."""

    def __init__(self, pipeline: InProcess) -> None:
        self._pipeline = pipeline

    def __call__(self, path: Path, options: CallOptions) -> Hypothesis:
        """Analyse a recording, as far as the figures need it.

        Raises:
            CallyticsError: a stage failed; then nothing is scored.
        """
        outputs: dict[str, Any] = {}

        def run(step: str, *inputs: Any) -> Any:
            if step in UNSCORED_STEPS:
                return None
            function = PURE_STEPS[step] if step in PURE_STEPS else self._pipeline.engine(step)
            outputs[step] = function(*inputs)
            return outputs[step]

        start = time.perf_counter()
        analyse(run, Recording(path.stem, str(path)), options, ())
        wall_s = time.perf_counter() - start
        return from_conversation(outputs["roles"], outputs["speech-recognizer"], wall_s)

    def diarize(self, path: Path, options: CallOptions) -> Hypothesis:
        """Only who spoke when: for recordings without words or roles to score."""
        start = time.perf_counter()
        audio = self._pipeline.engine("audio-processor")(Recording(path.stem, str(path)), options)
        diarization: Diarization = self._pipeline.engine("speaker-diarizer")(audio, options)
        speech = tuple(Interval(s.start_s, s.end_s, s.speaker) for s in diarization.segments)
        return Hypothesis(speech=speech, wall_s=time.perf_counter() - start)

    def versions(self) -> dict[str, str]:
        """Stage -> model and its revision, of the stages loaded so far."""
        engines = {stage: self._pipeline.engine(stage) for stage in SCORED_STAGES}
        return {stage: f"{engine.model} ({engine.model_revision})" for stage, engine in engines.items()}


SCORED_STAGES = ("audio-processor", "speaker-diarizer", "speech-recognizer", "punctuation-restorer")


def from_conversation(conversation: Conversation, transcript: Transcript, wall_s: float) -> Hypothesis:
    """Our result in the form for scoring. Text is the final ``content`` of the turns, which the user gets."""
    channels = {p.id: p.channel_index for p in conversation.participants if p.channel_index is not None}
    role_of = conversation.role_of
    turns = conversation.turns
    return Hypothesis(
        text=" ".join(turn.content for turn in turns),
        text_by_speaker=_joined((turn.participant_id, turn) for turn in turns),
        text_by_role=_joined((role_of(turn.participant_id).value, turn) for turn in turns),
        text_by_channel=_joined(
            (channels[turn.participant_id], turn) for turn in turns if turn.participant_id in channels
        ),
        words=tuple((word, role_of(turn.participant_id).value) for turn in turns for word in turn.words),
        speech=tuple(Interval(s.start_s, s.end_s, s.speaker) for s in conversation.speech),
        role_speech=tuple(
            Interval(s.start_s, s.end_s, role_of(s.speaker).value)
            for s in conversation.speech
            if role_of(s.speaker) is not Role.UNKNOWN
        ),
        turns=tuple(Interval(turn.start_s, turn.end_s, turn.participant_id) for turn in turns),
        dropped_characters=sum(len(dropped.text) for dropped in transcript.dropped),
        wall_s=wall_s,
    )


def _joined(turns: Iterable[tuple[Any, Turn]]) -> dict[Any, str]:
    texts: dict[Any, list[str]] = {}
    for label, turn in turns:
        texts.setdefault(label, []).append(turn.content)
    return {label: " ".join(parts) for label, parts in texts.items()}
