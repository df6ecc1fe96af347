"""Each check accepts a right result and names what is wrong with a planted wrong one."""

from __future__ import annotations

from dataclasses import replace

from evaluation.field import judges
from evaluation.field.judges import ANYONE, Said
from tests.evaluation.field.answers_of import SENTENCES, moved, result, right, turn

AGENT, CUSTOMER, SECOND = SENTENCES


def test_right_result_passes_every_check() -> None:
    found = right()
    assert judges.all_said(found, SENTENCES) == []
    assert judges.nothing_else(found, SENTENCES) == []
    assert judges.same_times(found, right()) == []
    assert judges.sane_words(found) == []
    assert judges.said_once(found, AGENT) == []
    assert judges.flags(found, none_of=("truncated",)) == []


def test_missing_sentence_is_found() -> None:
    """F01, F04: a party that is dropped without a word."""
    (problem,) = judges.all_said(result(turn(AGENT), turn(SECOND)), SENTENCES)
    assert problem.startswith("5.0 s CUSTOMER")


def test_sentence_of_the_wrong_party_is_found() -> None:
    swapped = result(turn(AGENT), turn(replace(CUSTOMER, party="AGENT")), turn(SECOND))
    assert judges.all_said(swapped, SENTENCES)
    assert judges.nothing_else(swapped, SENTENCES)


def test_invented_sentence_is_found() -> None:
    """F05, F07: as many words, none of them said."""
    invented = replace(CUSTOMER, text="please subscribe to our channel for growth")
    assert judges.all_said(result(turn(AGENT), turn(invented), turn(SECOND)), SENTENCES)


def test_sentence_in_another_language_is_found() -> None:
    other = turn(CUSTOMER, language_code="ko")
    (problem,) = judges.all_said(result(turn(AGENT), other, turn(SECOND)), SENTENCES)
    assert "language ko instead of en" in problem


def test_sentence_moved_by_five_seconds_is_found() -> None:
    assert len(judges.all_said(moved(right(), -5.0), SENTENCES)) == 3


def test_echo_said_as_the_other_party_is_found() -> None:
    """F09: the end of a sentence again, a moment later."""
    echo = turn(Said(3.6, 4.7, "CUSTOMER", "service desk"))
    problems = judges.nothing_else(result(*map(turn, SENTENCES), echo), SENTENCES)
    assert len(problems) == 2


def test_words_in_a_pause_are_found() -> None:
    extra = turn(Said(20.0, 21.0, "AGENT", "thank you"))
    assert len(judges.nothing_else(result(*map(turn, SENTENCES), extra), SENTENCES)) == 2


def test_announcement_of_both_parties_is_found() -> None:
    """F06: written twice, as agent and as customer."""
    announced = replace(AGENT, party=ANYONE)
    twice = result(turn(AGENT), turn(replace(AGENT, party="CUSTOMER")))
    assert judges.said_once(twice, announced)
    assert judges.not_a_party(twice, announced)
    once = result(turn(replace(AGENT, party="OTHER")))
    assert judges.said_once(once, announced) == []
    assert judges.not_a_party(once, announced) == []


def test_shift_and_drift_of_words_are_found() -> None:
    """F02, F03: half a second everywhere; 5 % of the time, which is half a second at the end."""
    assert "+0.50 s off" in judges.same_times(moved(right(), 0.5), right())[0]
    assert judges.same_times(moved(right(), 0.0, rate=1.05), right())
    assert judges.same_times(moved(right(), 0.0, rate=1.05), right(), lambda s: 1.05 * s) == []
    assert judges.same_times(moved(right(), 5.0), right(), lambda s: s + 5.0) == []


def test_times_of_other_words_are_not_compared() -> None:
    assert "words were heard" in judges.same_times(result(turn(CUSTOMER)), right())[0]
    assert judges.same_times(result(), right())
    assert judges.same_times(result(), result())


def test_false_and_missing_flags_are_found() -> None:
    assert judges.flags(result(flags=("truncated",)), none_of=("truncated",))
    assert judges.flags(result(), all_of=("announcement",))
    assert judges.flags(result(flags=("announcement",)), all_of=("announcement",)) == []


def test_one_voice_of_two_participants_is_found() -> None:
    assert judges.one_voice(right()) == ["one person became spk_0, spk_1"]
    assert judges.one_voice(result(turn(AGENT), turn(SECOND))) == []


def test_transfer_needs_two_people_of_one_party() -> None:
    second = turn(SECOND, people={"AGENT": "spk_2"})
    assert judges.handed_over(result(turn(AGENT), second), "AGENT", 5.0, 9.0) == []
    assert judges.handed_over(result(turn(AGENT), turn(SECOND)), "AGENT", 5.0, 9.0)
    assert judges.handed_over(result(turn(AGENT)), "AGENT", 5.0, 9.0)


def test_lengths_that_differ_are_found() -> None:
    assert judges.lengths(13.8, result=13_835, record=13_835) == []
    assert judges.lengths(13.8, result=13_835, record=4306) == ["record: 4.31 s instead of 13.80"]


def test_word_of_no_length_or_out_of_order_is_found() -> None:
    bad = turn(AGENT)
    bad["items"][1] |= {"end_offset_ms": bad["items"][1]["begin_offset_ms"]}
    bad["items"][3] |= {"begin_offset_ms": 0}
    assert len(judges.sane_words(result(bad))) == 2
