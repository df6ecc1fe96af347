"""Summary, topic, issue, outcome and action items taken word for word from the call. Deterministic, no network.

Every text is a sentence of the call, with the ids of its turns. There are two exceptions: the topic is a label of
topics.tsv, and an unanswered request is marked as one ("Customer asked: ..."). A field that no sentence states is None:
nothing is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from callytics.domain import ActionItem, Claim, ContactSummary, Conversation, Role, Turn
from callytics.engines.analysis import cues
from callytics.engines.analysis.centrality import centrality
from callytics.engines.analysis.cues import says

MIN_WORDS = {"ko": 3, "en": 5}
"""Shorter sentences carry no content of their own."""

CUSTOMER_ASKED = {"ko": "고객 요청: ", "en": "Customer asked: "}
"""Prefix of a customer request that the agent did not commit to."""

CUE_BONUS = 0.5
"""Bonus of a problem, request, promise or result: half the score of the most central sentence."""

_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")


@dataclass(frozen=True)
class _Sentence:
    index: int
    turn: Turn
    text: str
    role: Role
    language: str


class ExtractiveAnalyzer:
    """Korean and English; other languages get a summary only. Safe to call from several threads.

    Args:
        max_summary_sentences: maximum length of the summary; two to four are usual.
        max_action_items: maximum number; the first ones in the call are kept.
    """

    model = "extractive"
    model_revision = "2"

    def __init__(self, *, max_summary_sentences: int = 4, max_action_items: int = 8) -> None:
        self._max_summary_sentences = max_summary_sentences
        self._max_action_items = max_action_items
        table = (
            resources.files("callytics.engines.analysis").joinpath("topics.tsv").read_text(encoding="utf-8")
        )
        rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
        self._topics = [(topic, language, re.compile(pattern)) for topic, language, pattern in rows]

    def __call__(self, conversation: Conversation) -> ContactSummary:
        sentences = _sentences(conversation)
        substantial = [s for s in sentences if _is_substantial(s)]
        issue = _issue(substantial)
        outcome = _outcome(substantial)
        return ContactSummary(
            summary=self._summary(substantial, issue, outcome),
            topic=self._topic(sentences),
            issue=_claim(issue),
            outcome=_claim(outcome),
            resolved=_resolved(sentences, outcome),
            action_items=self._action_items(sentences),
        )

    def _summary(
        self, sentences: Sequence[_Sentence], issue: _Sentence | None, outcome: _Sentence | None
    ) -> Claim | None:
        """The issue, the outcome, and the most central other sentences, in the order of the call."""
        if not sentences:
            return None
        scores = dict(zip((s.index for s in sentences), centrality([s.text for s in sentences]), strict=True))
        for sentence in sentences:
            for cue in (cues.PROBLEM, cues.REQUEST, cues.DONE, cues.PROMISE):
                scores[sentence.index] += CUE_BONUS * _states(sentence, cue)
        chosen = {s.index: s for s in (issue, outcome) if s is not None}
        for sentence in sorted(sentences, key=lambda s: (-scores[s.index], s.index)):
            # A short call is not repeated in full: at most half of its sentences, but at least two.
            if len(chosen) >= min(self._max_summary_sentences, max(2, len(sentences) // 2)):
                break
            chosen[sentence.index] = sentence
        ordered = [chosen[index] for index in sorted(chosen)]
        return Claim(" ".join(s.text for s in ordered), _turn_ids(ordered))

    def _topic(self, sentences: Sequence[_Sentence]) -> Claim | None:
        """The topic with the most mentions. The customer's mentions count double; on a tie the earlier topic wins."""
        mentions: dict[str, list[_Sentence]] = {}
        scores: dict[str, float] = {}
        for sentence in sentences:
            text = cues.normalise(sentence.text, sentence.language)
            for topic, code, pattern in self._topics:
                if code == sentence.language and pattern.search(text):
                    mentions.setdefault(topic, []).append(sentence)
                    weight = 2.0 if sentence.role is Role.CUSTOMER else 1.0
                    # "inquiry" is the fallback for calls without a more specific topic
                    scores[topic] = scores.get(topic, 0.0) + weight * (0.5 if topic == "inquiry" else 1.0)
        if not mentions:
            return None
        topic = max(scores, key=lambda name: (scores[name], -mentions[name][0].index))
        return Claim(topic, _turn_ids(mentions[topic]))

    def _action_items(self, sentences: Sequence[_Sentence]) -> tuple[ActionItem, ...]:
        """Commitments of either party, tasks that the agent gives the customer, and unanswered requests."""
        items: list[ActionItem] = []
        for sentence in sentences:
            if _states(sentence, cues.SHORT_TERM):
                continue
            text = sentence.text
            if _states(sentence, cues.PROMISE):
                owner = sentence.role
            elif not _states(sentence, cues.OBLIGATION):
                continue
            elif sentence.role is Role.CUSTOMER:
                if _is_answered(sentence, sentences):
                    continue
                owner, text = Role.AGENT, CUSTOMER_ASKED[sentence.language] + text
            else:
                owner = Role.CUSTOMER if sentence.role is Role.AGENT else Role.UNKNOWN
            if all(item.text != text for item in items):
                items.append(ActionItem(text, owner, (sentence.turn.id,)))
        return tuple(items[: self._max_action_items])


def _is_answered(request: _Sentence, sentences: Sequence[_Sentence]) -> bool:
    """Whether the agent's next turn promises something (then that is the action item), reports it done, or refuses."""
    later = [s for s in sentences[request.index + 1 :] if s.role is Role.AGENT]
    answer = [s for s in later if s.turn.id == later[0].turn.id]
    return any(_states(s, cue) for s in answer for cue in (cues.PROMISE, cues.DONE, cues.REFUSAL))


def _sentences(conversation: Conversation) -> list[_Sentence]:
    sentences: list[_Sentence] = []
    for turn in conversation.turns:
        role = conversation.role_of(turn.participant_id)
        for text in [s.text for s in turn.sentences] or _SENTENCE_END.split(turn.content):
            if re.search(r"\w", text):
                sentences.append(
                    _Sentence(len(sentences), turn, text.strip(), role, conversation.language_of(turn))
                )
    return sentences


def _states(sentence: _Sentence, cue: cues.Patterns) -> bool:
    return says(cue, sentence.text, sentence.language)


def _is_substantial(sentence: _Sentence) -> bool:
    min_words = MIN_WORDS.get(sentence.language, 4)
    return len(sentence.text.split()) >= min_words and not _states(sentence, cues.FORMULA)


def _issue(sentences: Sequence[_Sentence]) -> _Sentence | None:
    """The customer's first statement of a problem in the first half of the call, else their first request."""
    first_half = [s for s in sentences if s.index <= max(6, sentences[-1].index // 2)] if sentences else []
    by_customer = [s for s in first_half if s.role is Role.CUSTOMER]
    # If roles are unknown, any party's sentence may state it, except the agent's.
    candidates = by_customer or [s for s in first_half if s.role is not Role.AGENT]
    for cue in (cues.PROBLEM, cues.REQUEST):
        for sentence in candidates:
            if _states(sentence, cue):
                return sentence
    return None


def _outcome(sentences: Sequence[_Sentence]) -> _Sentence | None:
    """The agent's last statement that something is done; else the last promise or refusal."""
    candidates = [s for s in sentences if s.role is not Role.CUSTOMER]
    for cue_group in ((cues.DONE,), (cues.PROMISE, cues.REFUSAL)):
        for sentence in reversed(candidates):
            if any(_states(sentence, cue) for cue in cue_group):
                return sentence
    return None


def _resolved(sentences: Sequence[_Sentence], outcome: _Sentence | None) -> bool | None:
    """By the customer's last sign of satisfaction or dissatisfaction; a refusal without satisfaction is unresolved."""
    if outcome is not None and _states(outcome, cues.REFUSAL):
        return False
    late = [s for s in sentences if s.index >= len(sentences) // 2 and s.role is Role.CUSTOMER]
    for sentence in reversed(late):
        if _states(sentence, cues.DISCONTENT):
            return False
        if outcome is not None and _states(sentence, cues.CONTENT):
            return True
    return None


def _claim(sentence: _Sentence | None) -> Claim | None:
    return None if sentence is None else Claim(sentence.text, (sentence.turn.id,))


def _turn_ids(sentences: Sequence[_Sentence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence.turn.id for sentence in sentences))
