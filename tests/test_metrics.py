"""Scores on cases small enough to be counted by hand."""

from __future__ import annotations

import math
import unicodedata

import pytest

from callytics.metrics import (
    DiarizationErrors,
    ErrorCounts,
    Interval,
    RoleErrors,
    best_mapping_errors,
    character_errors,
    diarization_errors,
    normalise,
    role_errors,
    role_text_errors,
    text_errors,
    total,
    word_errors,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t STOP, please!", "dont stop please"),
        ("twenty-one (21)", "twenty one 21"),
        ("  네,   고객님. ", "네 고객님"),
        (unicodedata.normalize("NFD", "고객"), "고객"),
        ("…!?", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_character_errors_ignore_spaces_and_punctuation() -> None:
    assert character_errors(["고객님, 안녕하세요?"], "고객님안녕 하세요").errors == 0


def test_character_errors_count_each_kind() -> None:
    # reference 가나다라마; 다 -> 더 substituted, 마 deleted, 바 inserted at the front
    counts = character_errors(["가나다라마"], "바가나더라")
    assert counts == ErrorCounts(substitutions=1, deletions=1, insertions=1, reference_units=5)
    assert counts.rate == pytest.approx(0.6)


def test_word_errors_are_counted_in_words() -> None:
    counts = word_errors(["the call was very short"], "the call is short indeed")
    assert counts.reference_units == 5
    assert counts.errors == 3
    assert word_errors(["안녕 하세요"], "안녕하세요").errors == 2


def test_the_better_of_two_forms_counts() -> None:
    forms = ("2만 원입니다", "이만 원입니다")
    assert character_errors(forms, "이만원입니다").errors == 0
    assert character_errors(forms[:1], "이만원입니다").errors == 1


def test_nothing_said_and_nothing_recognised() -> None:
    assert character_errors(["가나다"], "") == ErrorCounts(deletions=3, reference_units=3)
    assert character_errors([""], "가나") == ErrorCounts(insertions=2)
    assert math.isnan(character_errors([""], "").rate)


def test_a_rate_over_a_set_is_not_a_mean_of_rates() -> None:
    counts = total(
        [character_errors(["가"], "나"), character_errors(["가나다라마바사아자"], "가나다라마바사아자")]
    )
    assert counts.rate == pytest.approx(0.1)


def test_the_language_chooses_the_unit() -> None:
    assert text_errors(["가나 다"], "가나", "ko").reference_units == 3
    assert text_errors(["one two"], "one", "en").reference_units == 2


REFERENCES = {"AGENT": ["how can I help"], "CUSTOMER": ["my order is late"]}


def test_text_under_the_right_roles() -> None:
    hypotheses = {"AGENT": "how can I help", "CUSTOMER": "my order is late"}
    assert role_text_errors(REFERENCES, hypotheses, "en").errors == 0


def test_swapped_roles_are_errors_but_map_to_the_speakers() -> None:
    swapped = {"AGENT": "my order is late", "CUSTOMER": "how can I help"}
    assert role_text_errors(REFERENCES, swapped, "en").rate == 1.0
    assert best_mapping_errors(REFERENCES, swapped, "en").errors == 0


def test_text_without_a_role_is_missing_and_inserted() -> None:
    counts = role_text_errors(REFERENCES, {"AGENT": "how can I help", "UNKNOWN": "my order is late"}, "en")
    assert (counts.deletions, counts.insertions, counts.reference_units) == (4, 4, 8)


def test_a_speaker_too_many_is_inserted_and_one_too_few_deleted() -> None:
    three = {"a": "my order is late", "b": "how can", "c": "I help"}
    counts = best_mapping_errors(REFERENCES, three, "en")
    assert (counts.deletions, counts.insertions) == (2, 2)
    assert best_mapping_errors(REFERENCES, {"a": "my order is late"}, "en").deletions == 4


def test_perfect_diarization_under_other_names() -> None:
    reference = [Interval(0, 4, "x"), Interval(5, 10, "y")]
    renamed = [Interval(0, 4, "spk_1"), Interval(5, 10, "spk_0")]
    assert diarization_errors(reference, renamed, [(0, 10)]).rate == 0.0


def test_diarization_components() -> None:
    # 10 s of reference: 2 s missed at the end, 1 s of false alarm in the pause
    reference = [Interval(0, 5, "x"), Interval(6, 11, "y")]
    hypothesis = [Interval(0, 6, "a"), Interval(6, 9, "b")]
    errors = diarization_errors(reference, hypothesis, [(0, 12)])
    assert errors == DiarizationErrors(false_alarm_s=1.0, missed_s=2.0, confusion_s=0.0, total_s=10.0)
    assert errors.rate == pytest.approx(0.3)


def test_confusion_where_two_voices_are_merged() -> None:
    reference = [Interval(0, 6, "x"), Interval(6, 10, "y")]
    errors = diarization_errors(reference, [Interval(0, 10, "a")], [(0, 10)])
    assert errors.confusion_s == pytest.approx(4.0)


def test_the_collar_is_on_each_side() -> None:
    reference = [Interval(1, 9, "x")]
    late = [Interval(1.2, 9.2, "a")]
    assert diarization_errors(reference, late, [(0, 10)]).rate == pytest.approx(0.4 / 8)
    assert diarization_errors(reference, late, [(0, 10)], collar_s=0.25).rate == 0.0
    later = [Interval(1.35, 9, "a")]  # 0.1 s of the 0.35 s lie outside the collar; 7.5 s are scored
    assert diarization_errors(reference, later, [(0, 10)], collar_s=0.25).rate == pytest.approx(0.1 / 7.5)


def test_overlapped_speech_is_scored_and_nothing_outside_the_uem() -> None:
    reference = [Interval(0, 10, "x"), Interval(4, 6, "y")]
    assert diarization_errors(reference, [Interval(0, 10, "a")], [(0, 10)]).missed_s == pytest.approx(2.0)
    outside = [Interval(0, 10, "a"), Interval(4, 6, "b"), Interval(20, 30, "a")]
    assert diarization_errors(reference, outside, [(0, 10)]).rate == 0.0


def test_roles_where_one_party_speaks() -> None:
    reference = [Interval(0, 6, "AGENT"), Interval(5, 10, "CUSTOMER")]  # 5..6 is overlap: not scored
    hypothesis = [Interval(0, 4, "AGENT"), Interval(6, 9, "CUSTOMER"), Interval(8, 9, "AGENT")]
    errors = role_errors(reference, hypothesis)
    assert errors == RoleErrors(right_s=6.0, wrong_s=1.0, missed_s=2.0)
    assert errors.accuracy == pytest.approx(6 / 9)
    assert errors.accuracy_of_detected == pytest.approx(6 / 7)


def test_roles_in_the_wrong_order() -> None:
    reference = [Interval(0, 5, "AGENT"), Interval(5, 10, "CUSTOMER")]
    assert role_errors(reference, [Interval(0, 5, "CUSTOMER"), Interval(5, 10, "AGENT")]).accuracy == 0.0
    assert role_errors(reference, []).accuracy == 0.0
    assert math.isnan(role_errors([], reference).accuracy)
