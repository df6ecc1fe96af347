"""The direction of a party's mood, from the first third of the turns to the last."""

from __future__ import annotations

from callytics.conversation.mood_change import MoodChange, mood_change
from callytics.domain import MoodDirection, SentimentLabel, TurnSentiment
from tests.support.talk import talk

ANGRY, CALM, HAPPY = (0.0, 0.1, 0.9), (0.1, 0.8, 0.1), (0.9, 0.1, 0.0)


def change(
    *lines: tuple[str, tuple[float, float, float]], irony: bool = False, language: str = "en"
) -> MoodChange:
    """Lines are text and (positive, neutral, negative)."""
    call = talk(*(("c", text) for text, _ in lines), language=language)
    moods = [
        TurnSentiment(
            turn.id, SentimentLabel.NEGATIVE if scores[2] > 0.5 else SentimentLabel.NEUTRAL, *scores
        )
        for turn, (_, scores) in zip(call.turns, lines, strict=True)
    ]
    if irony:
        last = moods[-1]
        moods[-1] = TurnSentiment(
            last.turn_id, last.label, 0.0, last.neutral, last.negative, possible_irony=True
        )
    return mood_change(call.turns, moods, call.language_of)


LONG = "and then the parcel went to the wrong address"


def test_anger_that_is_settled_gets_better() -> None:
    assert change((LONG, ANGRY), (LONG, CALM), (LONG, HAPPY)).direction is MoodDirection.BETTER


def test_calm_that_turns_to_anger_gets_worse() -> None:
    assert change((LONG, CALM), (LONG, CALM), (LONG, ANGRY)).direction is MoodDirection.WORSE


def test_anger_to_the_end_is_the_same() -> None:
    found = change((LONG, ANGRY), (LONG, CALM), (LONG, ANGRY))
    assert found.direction is MoodDirection.SAME
    assert found.start == found.end


def test_closing_courtesy_is_no_mood() -> None:
    assert (
        change((LONG, ANGRY), (LONG, ANGRY), ("Okay, thank you, bye.", HAPPY)).direction is MoodDirection.SAME
    )
    korean = [("세 번이나 전화했는데 아직도 안 왔어요", ANGRY), ("그러니까 언제 오냐고요", ANGRY)]
    polite = ("네, 알겠습니다. 감사합니다. 수고하세요.", HAPPY)
    assert change(*korean, polite, language="ko").direction is MoodDirection.SAME


def test_call_of_courtesies_alone_still_has_a_mood() -> None:
    assert change(("Thank you.", HAPPY)).start is not None


def test_certain_turn_weighs_more_than_a_neutral_one() -> None:
    found = change((LONG, ANGRY), (LONG, CALM), (LONG, CALM), (LONG, CALM), (LONG, CALM), (LONG, CALM))
    assert found.start is not None
    assert found.start < -3.0


def test_possible_irony_is_never_a_happy_end() -> None:
    assert change(
        (LONG, ANGRY), (LONG, CALM), ("Great, just great.", (0.0, 0.9, 0.1)), irony=True
    ).direction in (
        MoodDirection.SAME,
        MoodDirection.WORSE,
    )
    assert change((LONG, ANGRY), (LONG, CALM), (LONG, (0.0, 0.9, 0.1))).direction is MoodDirection.BETTER


def test_silent_party_has_no_mood() -> None:
    assert mood_change([], [], lambda turn: "en") == MoodChange(None, None, None)
