"""Who spoke and where turns begin, corrected: what moves, what stays, and what happens after another recognition."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from callytics.conversation.characteristics import talk_time_s
from callytics.conversation.corrections import correct
from callytics.domain import Conversation, CorrectionKind
from callytics.store.records.corrections import Corrections, Split
from tests.support.conversations import conversation
from tests.support.corrections import asked_of

SAID = (
    (0, 0.0, 2.0, "hello how can I help"),
    (1, 2.5, 6.5, "I want a refund yes of course when"),
    (0, 7.0, 8.0, "today"),
    (1, 8.2, 8.8, "thank you"),
)


def talk(*lines: tuple[int, float, float, str]) -> Conversation:
    return conversation(*(lines or SAID), duration_s=10.0, language="en")


def lines_of(result: Conversation) -> list[tuple[str, str, str]]:
    return [(turn.id, turn.participant_id, turn.content) for turn in result.turns]


SPLIT = Corrections(splits={"t2": Split(4)})
SPLIT_TO_AGENT = Corrections(splits={"t2": Split(4, "spk_0")})


def test_split_turn_is_two_and_later_ones_are_numbered_on() -> None:
    before = talk()
    after = correct(before, asked_of(before, SPLIT))
    assert lines_of(after) == [
        ("t1", "spk_0", "hello how can I help"),
        ("t2", "spk_1", "I want a refund"),
        ("t3", "spk_1", "yes of course when"),
        ("t4", "spk_0", "today"),
        ("t5", "spk_1", "thank you"),
    ]
    assert after.turns[1].words + after.turns[2].words == before.turns[1].words
    assert (after.turns[1].content_raw, after.turns[2].content_raw) == (
        "I want a refund", "yes of course when",
    )  # fmt: skip
    assert (after.turns[1].start_s, after.turns[2].end_s) == (2.5, 6.5)
    assert after.turns[2].start_s == before.turns[1].words[4].start_s
    (outcome,) = after.corrections
    assert (outcome.status, outcome.turn_id) == ("APPLIED", "t2")


def test_second_part_of_a_split_may_be_another_speakers_with_its_talk_time() -> None:
    before = talk()
    after = correct(before, asked_of(before, SPLIT_TO_AGENT))
    assert lines_of(after)[1:3] == [("t2", "spk_1", "I want a refund"), ("t3", "spk_0", "yes of course when")]
    was, now = talk_time_s(before), talk_time_s(after)
    assert now["spk_0"] == pytest.approx(was["spk_0"] + 2.0)
    assert now["spk_1"] == pytest.approx(was["spk_1"] - 2.0)


def test_turn_gets_another_speaker_with_its_talk_time() -> None:
    before = talk()
    after = correct(before, asked_of(before, Corrections(speakers={"t3": "spk_1"})))
    assert [turn.participant_id for turn in after.turns] == ["spk_0", "spk_1", "spk_1", "spk_1"]
    assert talk_time_s(after)["spk_1"] == pytest.approx(talk_time_s(before)["spk_1"] + 1.0)
    assert sum(s.end_s - s.start_s for s in after.speech) == pytest.approx(
        sum(s.end_s - s.start_s for s in before.speech)
    )


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("t2", "t3"), ("spk_1", "I want a refund yes of course when today", 2.5, 8.0)),
        (("t2", "t4"), ("spk_1", "I want a refund yes of course when thank you", 2.5, 8.8)),
    ],
)
def test_joined_turns_are_one_of_the_first_speaker(
    pair: tuple[str, str], expected: tuple[str, str, float, float]
) -> None:
    before = talk()
    after = correct(before, asked_of(before, Corrections(merges=dict([pair]))))
    turn = after.turns[1]
    assert (turn.participant_id, turn.content, turn.start_s, turn.end_s) == expected
    assert turn.content == " ".join(word.text for word in turn.words) == turn.content_raw
    assert [turn.id for turn in after.turns] == ["t1", "t2", "t3"]


def test_corrections_of_parts_are_followed_through_splitting_and_joining() -> None:
    """Split, then new words for the second part, then both joined again."""
    first = talk()
    corrections = asked_of(first, SPLIT, 1)
    second = correct(first, corrections)
    corrections += asked_of(second, Corrections(words={"t3": "no, of course not"}), 2)
    third = correct(first, corrections)
    assert third.turns[2].content == "no, of course not"
    corrections += asked_of(third, Corrections(merges={"t2": "t3"}), 3)
    last = correct(first, corrections)
    assert last.turns[1].content == "I want a refund no, of course not"
    assert [(each.status, each.turn_id) for each in last.corrections] == [("APPLIED", "t2")] * 3
    without_split = tuple(each for each in corrections if each.kind != CorrectionKind.SPLIT)
    undone = correct(first, without_split)
    assert undone.turns == first.turns
    assert [each.reason for each in undone.corrections] == [
        "turn_has_other_bounds",
        "",
    ]  # and is one turn already


def test_two_splits_of_one_turn_both_stand() -> None:
    before = talk()
    first = asked_of(before, SPLIT, 1)
    second = asked_of(correct(before, first), Corrections(splits={"t2": Split(2)}), 2)
    after = correct(before, first + second)
    assert [turn.content for turn in after.turns[1:4]] == ["I want", "a refund", "yes of course when"]
    assert [each.status for each in after.corrections] == ["APPLIED", "APPLIED"]


def test_last_speaker_of_a_turn_supersedes() -> None:
    before = talk()
    first = asked_of(before, Corrections(speakers={"t3": "spk_1"}), 1)
    second = asked_of(correct(before, first), Corrections(speakers={"t3": "spk_0"}), 2)
    after = correct(before, first + second)
    assert after.turns[2].participant_id == "spk_0"
    assert [each.status for each in after.corrections] == ["SUPERSEDED", "APPLIED"]


OTHER_TIMES = talk(
    (0, 0.1, 2.1, "hello can I help"), (0, 2.2, 2.4, "uh"), (1, 2.7, 6.4, "I want refund yes of course went"),
    (0, 7.1, 8.0, "today"), (1, 8.3, 8.9, "thanks"),
)  # fmt: skip
ONE_LONG_TURN = talk((0, 0.0, 9.0, "hello I want a refund yes of course when today thank you"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SPLIT, [("spk_1", "I want refund"), ("spk_1", "yes of course went")]),
        (SPLIT_TO_AGENT, [("spk_1", "I want refund"), ("spk_0", "yes of course went")]),
        (Corrections(merges={"t2": "t3"}), [("spk_1", "I want refund yes of course went today")]),
    ],
)
def test_place_counts_after_another_recognition(wanted: Corrections, expected: list[tuple[str, str]]) -> None:
    after = correct(OTHER_TIMES, asked_of(talk(), wanted))
    assert [(t.participant_id, t.content) for t in after.turns][1 : 1 + len(expected)] == expected
    assert [each.status for each in after.corrections] == ["APPLIED"]


@pytest.mark.parametrize(
    "wanted",
    [
        SPLIT,
        SPLIT_TO_AGENT,
        Corrections(merges={"t2": "t3"}),
        Corrections(speakers={"t3": "spk_1"}),
    ],
)
def test_correction_that_fits_no_longer_is_told_and_changes_nothing(wanted: Corrections) -> None:
    after = correct(ONE_LONG_TURN, asked_of(talk(), wanted))
    assert after.turns == ONE_LONG_TURN.turns
    (outcome,) = after.corrections
    assert outcome.status == "NOT_APPLIED"
    assert outcome.reason in ("no_turn_there", "turn_has_other_bounds")


def test_turn_that_is_one_already_needs_no_joining() -> None:
    other = talk(SAID[0], (1, 2.4, 8.1, "I want a refund yes of course when today"), SAID[3])
    after = correct(other, asked_of(talk(), Corrections(merges={"t2": "t3"})))
    assert [turn.content for turn in after.turns] == [turn.content for turn in other.turns]
    assert after.corrections[0].status == "APPLIED"


def test_short_second_turn_is_joined_all_the_same() -> None:
    """The whole and the first turn end within the tolerance of each other."""
    before = talk((1, 0.0, 4.0, "I want a refund"), (0, 4.1, 4.6, "please"))
    after = correct(before, asked_of(before, Corrections(merges={"t1": "t2"})))
    assert [turn.content for turn in after.turns] == ["I want a refund please"]


def test_speaker_of_a_mono_call_is_found_by_voice_when_the_numbers_change() -> None:
    def mono(swapped: bool) -> Conversation:
        made = talk()
        names = {"spk_0": "spk_1", "spk_1": "spk_0"} if swapped else {}
        return replace(
            made,
            participants=tuple(replace(p, channel_index=0) for p in made.participants),
            turns=tuple(
                replace(t, participant_id=names.get(t.participant_id, t.participant_id)) for t in made.turns
            ),
            speech=tuple(replace(s, speaker=names.get(s.speaker, s.speaker)) for s in made.speech),
        )

    wanted = asked_of(mono(False), Corrections(speakers={"t3": "spk_1"}))
    after = correct(mono(True), wanted)
    assert after.turns[2].participant_id == after.turns[1].participant_id == "spk_0"


def test_overlaps_are_found_again() -> None:
    before = talk((0, 0.0, 4.0, "well let me see what I can do"), (1, 3.0, 5.0, "but I want it now"))
    assert before.turns[1].interruption
    after = correct(before, asked_of(before, Corrections(speakers={"t2": "spk_0"})))
    assert not any(turn.overlap or turn.interruption for turn in after.turns)


def test_detail_that_a_later_version_wrote_is_not_needed() -> None:
    before = talk()
    (split,) = asked_of(before, SPLIT)
    detail: dict[str, Any] = {**json.loads(split.detail), "colour": "red"}
    assert correct(before, (replace(split, detail=json.dumps(detail)),)).corrections[0].status == "APPLIED"
