"""The turns of a result."""

from __future__ import annotations

import pytest

from callytics.domain import Quote, Role, SentimentLabel, TurnSentiment, TurnTone
from callytics.result.transcript import transcript_turn
from tests.support.talk import talk


@pytest.mark.parametrize(("ironic", "flags"), [(True, ["possible_irony"]), (False, [])])
def test_possible_irony_is_a_flag_of_the_turn(ironic: bool, flags: list[str]) -> None:
    turn = talk(("c", "Great, just great."), language="en").turns[0]
    mood = TurnSentiment(turn.id, SentimentLabel.NEGATIVE, 0.0, 0.2, 0.8, possible_irony=ironic)
    assert transcript_turn(turn, Role.CUSTOMER, mood, "en").flags == flags


def test_turn_without_sentiment_has_no_flag_of_it() -> None:
    turn = talk(("c", "Great, just great."), language="en").turns[0]
    assert transcript_turn(turn, Role.CUSTOMER, None, "en").flags == []


def test_tone_stands_beside_the_sentiment() -> None:
    turn = talk(("c", "Great, just great."), language="en").turns[0]
    mood = TurnSentiment(turn.id, SentimentLabel.POSITIVE, 0.8, 0.2, 0.0)
    heard = TurnTone(turn.id, SentimentLabel.NEGATIVE, True, False, False, Quote(turn.id, "just great"))
    shown = transcript_turn(turn, Role.CUSTOMER, mood, "en", heard)
    assert shown.sentiment is SentimentLabel.POSITIVE
    assert shown.tone
    assert (shown.tone.sentiment, shown.tone.irony, shown.tone.quote) == (
        SentimentLabel.NEGATIVE,
        True,
        "just great",
    )
