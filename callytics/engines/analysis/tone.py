"""The third question to a language model: mood, irony, empathy and rudeness of turns, by what is meant.

One request about all turns of a call (more only where they would not fit), answered in a checked schema. A judgement
counts only with words that are verbatim in its turn (claims/quotes.py), from a turn that is speech about the call; what
has none is dropped and counted. The values of sentiment-analyzer stay as they are: these stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from callytics.domain import Conversation, Flag, Quote, SentimentLabel, Turn, TurnTone
from callytics.engines.analysis.claims.quotes import is_verbatim, normal
from callytics.engines.analysis.grounding import addresses_a_model
from callytics.engines.analysis.llm_client import StructuredChat, UsageCounter
from callytics.engines.analysis.llm_schema import AnswerModel, limited


class JudgedTurn(AnswerModel):
    turn_id: str = Field(description="id of the turn")
    mood: Literal["POSITIVE", "NEUTRAL", "NEGATIVE"]
    irony: bool
    empathy: bool
    rude: bool
    words: str = Field(description="words of that turn that show it, copied character by character")


class Tones(AnswerModel):
    """The answer: the turns that are not neutral."""

    turns: list[JudgedTurn]


def tones(
    conversation: Conversation,
    lines: Sequence[Sequence[tuple[str, str]]],
    chat: StructuredChat,
    prompt: str,
    usage: UsageCounter,
) -> tuple[tuple[TurnTone, ...], tuple[Flag, ...]]:
    """The grounded judgements in the order of the turns, and a flag about those that were dropped.

    Args:
        lines: turn ids and JSON lines by request.

    Raises:
        StageError: as :meth:`StructuredChat.ask`.
    """
    turns = {turn.id: turn for turn in conversation.turns}
    found: dict[str, TurnTone] = {}
    dropped = 0
    for part in lines:
        shown = [turn_id for turn_id, _ in part]
        schema = limited(Tones.model_json_schema(), "JudgedTurn", "turn_id", shown)
        answer = chat.ask(prompt, "\n".join(line for _, line in part), usage, Tones, schema)
        for judged in answer.turns:
            tone = _grounded(judged, turns.get(judged.turn_id) if judged.turn_id in shown else None)
            if tone is None or judged.turn_id in found:
                dropped += 1
            elif _says_something(tone):
                found[judged.turn_id] = tone
    kept = tuple(found[turn_id] for turn_id in turns if turn_id in found)
    return kept, _flags(dropped)


def _grounded(judged: JudgedTurn, turn: Turn | None) -> TurnTone | None:
    """The judgement, or None if its words are not the turn's."""
    if turn is None or addresses_a_model(turn.content) or not is_verbatim(judged.words, turn.content):
        return None
    return TurnTone(
        turn.id,
        SentimentLabel(judged.mood),
        irony=judged.irony,
        empathy=judged.empathy,
        rude=judged.rude,
        quote=Quote(turn.id, normal(judged.words)),
    )


def _says_something(tone: TurnTone) -> bool:
    return tone.label is not SentimentLabel.NEUTRAL or tone.irony or tone.empathy or tone.rude


def _flags(dropped: int) -> tuple[Flag, ...]:
    if not dropped:
        return ()
    return (
        Flag(
            "tone_dropped",
            f"{dropped} of the language model's judgements of turns were dropped: their words are not in "
            "the turn, or the turn was judged twice.",
        ),
    )
