"""Corrections applied to a conversation: their place, the unchanged parts, and the report if they do not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.conversation.corrections import correct, unmasked
from callytics.domain import (
    CallOptions,
    Conversation,
    Correction,
    CorrectionKind,
    CorrectionStatus,
    Participant,
    Turn,
)
from callytics.redaction.conversation import redact
from tests.support.conversations import conversation, transferred, words

SAID = (
    (0, 0.0, 2.0, "hello how can I help"),
    (1, 2.5, 6.5, "I want a reef and for my order please"),
    (0, 7.0, 8.0, "of course"),
)


def talk(*lines: tuple[int, float, float, str]) -> Conversation:
    return conversation(*(lines or SAID), duration_s=10.0, language="en")


def words_of(turn: Turn, after: str, number: int = 1, channel: int | None = 1) -> Correction:
    return Correction(
        f"c{number}", CorrectionKind.WORDS, turn.id, turn.participant_id, channel, turn.start_s, turn.end_s,
        turn.content, after,
    )  # fmt: skip


def name_of(participant: str, name: str | None, channel: int | None, number: int = 1) -> Correction:
    return Correction(f"c{number}", CorrectionKind.SPEAKER_NAME, "", participant, channel, 2.5, 6.5, "", name)


def test_corrected_turn_has_the_new_words_and_nothing_else_changes() -> None:
    before = talk()
    corrected = correct(before, (words_of(before.turns[1], "I want a refund for my order, please!"),))
    first, turn, last = corrected.turns
    assert (first, last) == (before.turns[0], before.turns[2])
    assert turn.content == "I want a refund for my order, please!"
    assert turn.content_raw == "I want a reef and for my order please"
    assert (turn.id, turn.start_s, turn.end_s) == ("t2", 2.5, 6.5)
    assert "corrected" in turn.flags
    assert [s.text for s in turn.sentences] == [turn.content]
    (outcome,) = corrected.corrections
    assert (outcome.correction_id, outcome.status, outcome.turn_id) == ("c1", "APPLIED", "t2")


def test_unchanged_words_keep_times_and_new_words_share_the_rest() -> None:
    before = talk()
    turn = correct(before, (words_of(before.turns[1], "I want a refund for my order, please!"),)).turns[1]
    old = {word.text: word for word in before.turns[1].words}
    new = {word.text: word for word in turn.words}
    for text, was in {"I": "I", "a": "a", "for": "for", "order,": "order", "please!": "please"}.items():
        assert (new[text].start_s, new[text].end_s) == (old[was].start_s, old[was].end_s)
        assert (new[text].confidence, new[text].corrected) == (0.9, False)
    refund = new["refund"]
    assert (refund.start_s, refund.end_s) == pytest.approx((old["reef"].start_s, old["and"].end_s))
    assert (refund.confidence, refund.corrected, refund.channel) == (1.0, True, 1)
    starts = [word.start_s for word in turn.words]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("after", "times"),
    [
        ("well hello how can I help", (0.0, 0.0)),  # no room before the first word
        ("hello how can I help you", (2.0, 2.0)),
        ("hi", (0.0, 2.0)),
    ],
)
def test_words_added_at_the_ends_are_inside_the_turn(after: str, times: tuple[float, float]) -> None:
    before = talk()
    turn = correct(before, (words_of(before.turns[0], after, channel=0),)).turns[0]
    new = [word for word in turn.words if word.corrected]
    assert (new[0].start_s, new[-1].end_s) == pytest.approx(times)
    assert turn.content == " ".join(word.text for word in turn.words) == after


def test_last_correction_of_a_turn_supersedes_earlier_ones() -> None:
    before = talk()
    first = words_of(before.turns[1], "I want a refund", 1)
    second = replace(words_of(before.turns[1], "We want a refund", 2), before="I want a refund")
    corrected = correct(before, (first, second))
    assert corrected.turns[1].content == "We want a refund"
    assert [o.status for o in corrected.corrections] == ["SUPERSEDED", "APPLIED"]
    assert correct(before, (first,)).turns[1].content == "I want a refund"


def test_correction_goes_to_the_turn_with_most_overlap_after_new_recognition() -> None:
    """Other times, other numbers, other words: the place counts."""
    correction = words_of(talk().turns[1], "I want a refund for my order, please!")
    other = talk(
        (0, 0.0, 0.5, "hello"), (1, 0.7, 0.9, "uh"), (0, 1.5, 2.1, "can I help"),
        (1, 2.8, 6.1, "I want to read and form order"), (0, 7.0, 8.0, "of course"),
    )  # fmt: skip
    corrected = correct(other, (correction,))
    (outcome,) = corrected.corrections
    turn = next(turn for turn in corrected.turns if turn.id == outcome.turn_id)
    assert outcome.status is CorrectionStatus.APPLIED
    assert turn.id != correction.turn_id
    assert (turn.start_s, turn.content) == (2.8, correction.after)
    assert turn.content_raw == "I want to read and form order"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (((0, 0.0, 9.0, "one long turn of the agent"),), "no_turn_there"),
        (((1, 0.5, 6.5, "before that I said more than was known"),), "turn_has_other_bounds"),
        (((1, 2.5, 4.0, "I want a"), (0, 4.1, 4.9, "yes"), (1, 5.0, 6.5, "refund")), "turn_has_other_bounds"),
        (((1, 8.0, 9.0, "elsewhere"),), "no_turn_there"),
    ],
)
def test_unmatched_correction_is_reported_and_changes_no_words(
    lines: tuple[tuple[int, float, float, str], ...], reason: str
) -> None:
    other = talk(*lines)
    corrected = correct(other, (words_of(talk().turns[1], "I want a refund"),))
    assert corrected.turns == other.turns
    (outcome,) = corrected.corrections
    assert (outcome.status, outcome.reason) == (CorrectionStatus.NOT_APPLIED, reason)


def test_unknown_correction_kind_is_kept_and_reported() -> None:
    unknown = replace(words_of(talk().turns[1], "x"), kind="hologram")
    (outcome,) = correct(talk(), (unknown,)).corrections
    assert (outcome.status, outcome.reason) == ("NOT_APPLIED", "kind_unknown")


def test_name_correction_follows_the_channel() -> None:
    corrected = correct(talk(), (name_of("spk_9", "Kim Minji", 0),))
    assert [p.name for p in corrected.participants] == ["Kim Minji", None]
    assert [
        p.name for p in correct(talk(), (name_of("x", "A", 0, 1), name_of("x", None, 0, 2))).participants
    ] == [
        None,
        None,
    ]


def mono(*lines: tuple[str, float, float, str]) -> Conversation:
    turns = tuple(
        Turn(f"t{n}", speaker, start_s, end_s, text, text, tuple(words(text, start_s, end_s)), 0.9)
        for n, (speaker, start_s, end_s, text) in enumerate(lines, start=1)
    )
    speakers = sorted({speaker for speaker, *_ in lines})
    return Conversation("en", 10.0, tuple(Participant(speaker) for speaker in speakers), turns, ())


def test_mono_corrections_follow_the_time_with_other_voice_numbers() -> None:
    first = mono(("spk_0", 0.0, 2.0, "hello there"), ("spk_1", 2.5, 6.5, "a reef please"))
    corrections = (
        words_of(first.turns[1], "a refund please", 1, channel=None),
        name_of("spk_1", "Lee", None, 2),
    )
    other = mono(("spk_1", 0.0, 2.0, "hello there"), ("spk_0", 2.6, 6.4, "a reef please"))
    corrected = correct(other, corrections)
    assert corrected.turns[1].content == "a refund please"
    assert {p.id: p.name for p in corrected.participants} == {"spk_0": "Lee", "spk_1": None}
    nobody = mono(("spk_0", 8.0, 9.0, "bye"))
    assert [o.reason for o in correct(nobody, corrections).corrections] == [
        "no_turn_there",
        "no_participant_there",
    ]


def test_hidden_words_are_hidden_again_in_text_and_sound() -> None:
    """The author saw [PHONE] and wrote it; a literal mark would leave the number audible."""
    before = talk((1, 0.0, 8.0, "my phone number is 212 555 0134 and I want a reef and"))
    options = CallOptions(redact_pii=True)
    seen = redact(before, options).turns[0]
    assert "[PHONE]" in seen.content
    wanted = seen.content.replace("reef and", "refund")
    correction = replace(words_of(before.turns[0], wanted), before=seen.content)
    corrected = correct(before, (correction,))
    assert "212 555 0134" in corrected.turns[0].content
    turn = redact(corrected, options).turns[0]
    assert turn.content == wanted
    assert [(r.kind, r.start_s, r.end_s) for r in turn.redactions] == [
        (r.kind, r.start_s, r.end_s) for r in seen.redactions
    ]
    again = talk((1, 0.0, 8.0, "something else that was recognised"))
    (outcome,) = correct(again, (correction,)).corrections
    assert (outcome.status, outcome.reason) == ("NOT_APPLIED", "redacted_words_changed")


@pytest.mark.parametrize(
    ("before", "after", "original", "text"),
    [
        ("a b", "a c", "a b", "a c"),
        ("I am [NAME].", "I'm [NAME]!", "I am John Smith.", "I'm John Smith!"),
        ("[NAME] and [NAME]", "[NAME], [NAME]", "Jo and Al", "Jo, Al"),
        ("[NAME] at [PHONE]", "[PHONE] for [NAME]", "Jo at 555", "555 for Jo"),
        ("I am [NAME].", "[PHONE] [NAME] [NAME]", "I am Jo.", "[PHONE] Jo [NAME]"),
        ("I am [NAME].", "[NAME]", "You are Jo.", None),
        ("no mark", "[LAUGHTER] no", "no mark", "[LAUGHTER] no"),
        (" ".join(["[NAME]"] * 40) + "!", "[NAME]", "x " * 5000, None),  # at once, whatever the marks are
    ],
)
def test_marks_are_replaced_by_the_hidden_text(
    before: str, after: str, original: str, text: str | None
) -> None:
    correction = replace(words_of(talk().turns[0], after), before=before)
    assert unmasked(correction, original) == text


def test_name_on_a_shared_channel_goes_to_the_person_who_spoke_then() -> None:
    second = Correction("c1", CorrectionKind.SPEAKER_NAME, "", "spk_9", 0, 12.0, 15.0, "", "Noah")
    corrected = correct(transferred(), (second,))
    assert [p.name for p in corrected.participants] == [None, None, "Noah"]


def test_words_on_a_shared_channel_do_not_reach_the_other_party() -> None:
    before = transferred()
    wanted = words_of(before.turns[2], "hello this is Noa I take over", channel=0)
    corrected = correct(before, (replace(wanted, end_s=17.0, start_s=13.0),))
    assert [t.id for t in corrected.turns if "corrected" in t.flags] == []
    assert correct(before, (wanted,)).turns[2].content == "hello this is Noa I take over"
