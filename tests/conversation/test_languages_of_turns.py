"""A Korean agent and an English customer: what is decided by language is decided turn by turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.conversation.roles import assign_roles
from callytics.conversation.turns import attribute
from callytics.domain import Conversation, Role, RoleSource
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer
from callytics.engines.sentiment.assembly import analyze
from callytics.engines.sentiment.classifier import SentenceClassifier
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.engines.sentiment.quality import assess_quality
from tests.support.conversations import stereo

LINES = (
    (0, 0.0, 3.0, "안녕하세요 상담센터입니다 무엇을 도와드릴까요"),
    (1, 4.0, 8.0, "I have a problem my order has not arrived and this is terrible"),
    (0, 9.0, 12.0, "불편을 드려 정말 죄송합니다 감사합니다 바로 환불해 드리겠습니다"),
    (1, 13.0, 16.0, "thank you that is great"),
)


def mixed(language: str) -> Conversation:
    diarization, transcript = stereo(*LINES, duration_s=20.0, language=language)
    words = tuple(replace(word, language="en" if word.channel else "ko") for word in transcript.words)
    return attribute(diarization, replace(transcript, words=words))


@pytest.fixture(params=["ko", "en"])
def conversation(request: pytest.FixtureRequest) -> Conversation:
    """The same whichever language is the one of most words."""
    return mixed(request.param)


def test_turn_has_the_language_of_its_words(conversation: Conversation) -> None:
    assert [turn.language for turn in conversation.turns] == ["ko", "en", "ko", "en"]


def test_turn_without_a_language_has_that_of_the_call() -> None:
    diarization, transcript = stereo(*LINES, duration_s=20.0, language="ko")
    conversation = attribute(diarization, transcript)
    assert {conversation.language_of(turn) for turn in conversation.turns} == {"ko"}


def test_turn_in_two_languages_has_the_one_of_most_seconds() -> None:
    diarization, transcript = stereo(*LINES[:1], duration_s=20.0, language="ko")
    first, *rest = (replace(word, language="ko") for word in transcript.words)
    words = (replace(first, language="en"), *rest)
    assert attribute(diarization, replace(transcript, words=words)).turns[0].language == "ko"


def test_roles_follow_from_the_cues_of_each_language(conversation: Conversation) -> None:
    unknown = tuple(
        replace(p, role=Role.UNKNOWN, role_source=None, role_confidence=0.0)
        for p in conversation.participants
    )
    assigned = assign_roles(replace(conversation, participants=unknown))
    assert [(p.role, p.role_source) for p in assigned.participants] == [
        (Role.AGENT, RoleSource.TEXT),
        (Role.CUSTOMER, RoleSource.TEXT),
    ]


def test_punctuation_is_korean_in_korean_turns_only(conversation: Conversation) -> None:
    restored = KiwiPunctuationRestorer()(conversation)
    assert restored.turns[2].content.endswith("드리겠습니다.")
    assert restored.turns[1].content == LINES[1][3]


def test_sentiment_words_are_found_in_both_languages(conversation: Conversation) -> None:
    found = analyze(conversation, SentenceClassifier(1), Lexicon(), 30)
    terms = {term.term: term.turn_ids for term in (*found.positive_terms, *found.negative_terms)}
    assert terms["terrible"] == ("t2",)
    assert "t3" in {turn_id for ids in terms.values() for turn_id in ids}
    assert found.turns[1].negative > found.turns[1].positive


def test_quality_is_judged_in_the_language_of_each_turn(conversation: Conversation) -> None:
    _, criteria = assess_quality(conversation)
    scores = {criterion.id: criterion for criterion in criteria}
    assert scores["greeting"].score == 100.0
    assert scores["empathy"].score == 100.0  # understanding in Korean after trouble told in English
    assert scores["politeness"].detail.startswith("합쇼체")


def test_summary_states_issue_and_outcome_of_both_languages(conversation: Conversation) -> None:
    summary = ExtractiveAnalyzer()(conversation)
    assert summary.issue is not None
    assert summary.issue.evidence_turn_ids == ("t2",)
    assert summary.outcome is not None
    assert summary.outcome.evidence_turn_ids == ("t3",)
