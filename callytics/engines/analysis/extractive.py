"""Summary, topic, issue, outcome and tasks of a call, quoted from its turns. Deterministic, no network.

Linear models (rankers.py) choose the turns; wording.py quotes the clause that carries the claim, without fillers and
false starts. Nothing is inferred beyond that: every text consists of words of its turn. Two exceptions: the topic is a
label, and a request that only the customer states is marked as one ("Customer asked: ..."). The report is never blank
if anything is said: a doubtful choice is the best candidate, and ``uncertain`` names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callytics.domain import ActionItem, Claim, ContactSummary, Conversation, Role
from callytics.engines.analysis.call_reader import load_call_reader
from callytics.engines.analysis.centrality import centrality
from callytics.engines.analysis.encoder import Remembering, SentenceEncoder
from callytics.engines.analysis.ending import ending_flags
from callytics.engines.analysis.features import Seen, clauses, look_at
from callytics.engines.analysis.rankers import Rankers, Reading
from callytics.engines.analysis.signals import LANGUAGES, signs
from callytics.engines.analysis.tasks import tasks_of
from callytics.engines.analysis.topics import WRONG_NUMBER, Topics
from callytics.engines.analysis.wording import day_in, parts_of, readable

CUSTOMER_ASKED = {"ko": "고객 요청: ", "en": "Customer asked: "}
"""Prefix of a task of the agent that only the customer states."""

EMPTY_SIGNS = frozenset({"accept", "greeting", "closing", "thanks", "question"})
SUBSTANCE = frozenset({"problem", "promise", "done_perfect", "done_auxiliary", "refusal", "state", "arrive"})
MIN_WORDS = 3
"""A turn with fewer words, and no sign but these, states nothing."""

CLOSING_WORDS = 5
"""A farewell of at most this length is no outcome."""

LINE_WORDS = {"issue": {"ko": 15, "en": 22}, "outcome": {"ko": 8, "en": 14}}
TASK_WORDS = {"ko": 5, "en": 8}
OTHER_WORDS = 8
"""A line of the report: longer clauses stay alone, shorter ones take their neighbours along."""

SURE = {"issue": 0.75, "outcome": 0.5}
"""Probability from which a claim is not uncertain. In 181 calls that no model had learned from half of the issues below
it were wrong, and one in twenty above; of the outcomes half and one in five."""

SECOND_OUTCOME = 0.3
"""Probability from which a second turn states the outcome as well: two issues, or an offer and its acceptance. These
limits were chosen by cross-validation on fit and choose."""


@dataclass(frozen=True)
class Choice:
    """What another judge chose among the candidates, for the report to be made of it; None: as the models rank.

    ``resolved`` is "true", "false" or "unknown".
    """

    issue: str | None = None
    outcome: str | None = None
    topic: str | None = None
    resolved: str | None = None


@dataclass(frozen=True)
class Candidates:
    """Turn id -> probability, the likeliest first, of the turns that can state the issue and the outcome."""

    issue: dict[str, float]
    outcome: dict[str, float]


@dataclass(frozen=True)
class _Found:
    """The turns behind the claims, by their place in the call."""

    issue: int | None
    outcome: tuple[int, ...]
    reading: Reading


class ExtractiveAnalyzer:
    """Korean and English; other languages get a summary only. Safe to call from several threads.

    Args:
        max_summary_sentences: maximum length of the summary; two to four are usual.
        max_action_items: maximum number; the first ones in the call are kept.
    """

    model = "extractive"

    def __init__(self, *, max_summary_sentences: int = 4, max_action_items: int = 8) -> None:
        self._max_summary_sentences = max_summary_sentences
        self._max_action_items = max_action_items
        self._encode = SentenceEncoder()
        self._rank = Rankers(read_call=load_call_reader())
        self._topics = Topics()
        self.model_revision = f"8-{self._rank.revision}-{self._topics.revision}"

    def __call__(self, conversation: Conversation) -> ContactSummary:
        return self.report(conversation, Choice())

    def candidates(self, conversation: Conversation, most: int) -> Candidates:
        """At most ``most`` turns for each; none where the call says nothing, or in another language."""
        call = look_at(conversation)
        usable = [i for i, seen in enumerate(call) if _states_something(seen)]
        if not usable or all(seen.language not in LANGUAGES for seen in call):
            return Candidates({}, {})
        reading = self._rank(call, Remembering(self._encode))

        def likeliest(chances: Sequence[float], of: Sequence[int]) -> dict[str, float]:
            ranked = sorted(of, key=lambda i: (-chances[i], i))[:most]
            return {call[i].turn.id: chances[i] for i in ranked}

        stated = max(usable, key=lambda i: (reading.issue[i], -i))
        ends = [i for i in usable if i != stated and not _only_closes(call[i])]
        return Candidates(likeliest(reading.issue, usable), likeliest(reading.outcome, ends))

    def report(self, conversation: Conversation, choice: Choice) -> ContactSummary:
        call = look_at(conversation)
        if not any(_states_something(seen) for seen in call):
            return ContactSummary(None, None, None, None, None)
        if all(seen.language not in LANGUAGES for seen in call):
            return ContactSummary(self._summary(call, []), None, None, None, None)
        encode = Remembering(self._encode)
        found = _as_chosen(self._choose(call, encode), call, choice)
        topic = self._topics(call, found.reading.issue, encode, found.reading.topics)
        if choice.topic is not None and found.issue is not None:
            topic = Claim(choice.topic, (call[found.issue].turn.id,))
        issue = self._claim("issue", call, (found.issue,)) if found.issue is not None else None
        outcome = self._claim("outcome", call, found.outcome) if found.outcome else None
        items = self._action_items(call, found.reading)
        resolved = None if topic and topic.text == WRONG_NUMBER else _resolved(found, choice)
        still_open = _still_open(resolved, issue, items, topic)
        chosen = [i for i in (found.issue, *found.outcome) if i is not None]
        return ContactSummary(
            summary=self._summary(call, chosen),
            topic=topic,
            issue=issue,
            outcome=outcome,
            resolved=resolved,
            action_items=items,
            flags=ending_flags(call, topic),
            still_open=still_open,
            uncertain=_uncertain(found, still_open, issue),
        )

    def _choose(self, call: Sequence[Seen], encode: Remembering) -> _Found:
        reading = self._rank(call, encode)
        candidates = [i for i, seen in enumerate(call) if _states_something(seen)]
        issue = max(candidates, key=lambda i: (reading.issue[i], -i))
        rest = sorted(
            (i for i in candidates if i != issue and not _only_closes(call[i])),
            key=lambda i: (-reading.outcome[i], i),
        )
        outcome = rest[:1] + [i for i in rest[1:2] if reading.outcome[i] >= SECOND_OUTCOME]
        return _Found(issue, tuple(sorted(outcome)), reading)

    def _claim(self, model: str, call: Sequence[Seen], turns: Sequence[int]) -> Claim:
        texts = [self._clause(model, call[i]) for i in turns]
        return Claim("; ".join(texts), tuple(call[i].turn.id for i in turns))

    def _clause(self, model: str, seen: Seen, besides: str = "") -> str:
        """The clause of the turn that speaks most for the claim, the first of equal ones, and its neighbours as far as
        they fit on the line. ``besides``: another line, whose clauses are taken only if there are no others."""
        parts = [part for clause in clauses(seen.turn, "") for part in parts_of(clause, seen.language)]
        parts = [part for part in parts if readable(part, seen.language) not in besides] or parts
        if not parts:
            return readable(seen.turn.content, seen.language)
        of_parts = [signs(part, seen.language) for part in parts]

        def weight(index: int) -> tuple[float, int]:
            value = self._rank.weight(model, seen, of_parts[index])
            return (value - 1.0 * (len(parts[index].split()) < MIN_WORDS), -index)

        chosen = max(range(len(parts)), key=weight)
        first, last = _with_neighbours(
            parts, of_parts, chosen, LINE_WORDS.get(model, TASK_WORDS).get(seen.language, OTHER_WORDS)
        )
        return " ".join(readable(part, seen.language) for part in parts[first : last + 1])

    def _action_items(self, call: Sequence[Seen], reading: Reading) -> tuple[ActionItem, ...]:
        """What is left to do, with the party that has to do it and the turns that say so."""
        items: list[ActionItem] = []
        for task in tasks_of(call, reading.agent_task, reading.customer_task):
            seen = call[task.turns[0]]
            turn_ids = tuple(call[turn].turn.id for turn in sorted(task.turns))
            mine = " ".join(item.text for item in items if seen.turn.id in item.evidence_turn_ids)
            text = self._clause(task.owner, seen, besides=mine)
            due = day_in(text, seen.language)
            if seen.role is Role.CUSTOMER and task.owner == "AGENT":
                text = CUSTOMER_ASKED.get(seen.language, CUSTOMER_ASKED["en"]) + text
            known = seen.role is not Role.UNKNOWN
            item = ActionItem(text, Role(task.owner) if known else Role.UNKNOWN, turn_ids, due)
            if all((other.text, other.owner) != (item.text, item.owner) for other in items):
                items.append(item)
        return tuple(items[: self._max_action_items])

    def _summary(self, call: Sequence[Seen], chosen: Sequence[int]) -> Claim | None:
        """The clauses of the issue and the outcome, and the most central other sentences, in the order of the call."""
        sentences = [(i, text) for i, seen in enumerate(call) for text in clauses(seen.turn, "")]
        scores = centrality([text for _, text in sentences])
        picked: dict[int, str] = {}
        for i in dict.fromkeys(chosen):
            picked[i] = self._clause("issue" if i == chosen[0] else "outcome", call[i])
        limit = min(self._max_summary_sentences, max(2, len(sentences) // 2))
        for place in sorted(range(len(sentences)), key=lambda n: (-scores[n], n)):
            index, text = sentences[place]
            if len(picked) >= limit:
                break
            if (
                index not in picked
                and len(text.split()) >= MIN_WORDS
                and not _is_formula(text, call[index].language)
            ):
                picked[index] = readable(text, call[index].language)
        if not picked:
            return None
        ordered = sorted(picked)
        text = " ".join(_ended(picked[i]) for i in ordered)
        return Claim(text, tuple(call[i].turn.id for i in ordered))


def _as_chosen(found: _Found, call: Sequence[Seen], choice: Choice) -> _Found:
    places = {seen.turn.id: index for index, seen in enumerate(call)}
    issue = places.get(choice.issue or "", found.issue)
    outcome = (places[choice.outcome],) if choice.outcome in places else found.outcome
    return _Found(issue, outcome, found.reading)


def _resolved(found: _Found, choice: Choice) -> bool | None:
    if choice.resolved is None:
        return found.reading.resolved
    return {"true": True, "false": False}.get(choice.resolved)


def _with_neighbours(
    parts: Sequence[str], of_parts: Sequence[frozenset[str]], chosen: int, words: int
) -> tuple[int, int]:
    """The first and the last part of a line around the chosen one: up to ``words`` words, without questions."""
    first = last = chosen
    room = words - len(parts[chosen].split())
    for step in (1, -1):
        index = chosen + step
        while 0 <= index < len(parts) and len(parts[index].split()) <= room:
            empty = not of_parts[index] - EMPTY_SIGNS and len(parts[index].split()) < MIN_WORDS
            if empty or parts[index].endswith("?"):
                break
            room -= len(parts[index].split())
            first, last = min(first, index), max(last, index)
            index += step
    return first, last


def _ended(text: str) -> str:
    return text if text[-1] in ".?!…" else f"{text}."


def _states_something(seen: Seen) -> bool:
    return seen.length >= MIN_WORDS or bool(seen.signs - EMPTY_SIGNS)


def _is_formula(text: str, language: str) -> bool:
    """Greetings, thanks and farewells, and what says no more than these."""
    found = signs(text, language)
    return bool(found & {"greeting", "closing", "thanks"}) and not found & SUBSTANCE


def _only_closes(seen: Seen) -> bool:
    return "closing" in seen.signs and seen.length <= CLOSING_WORDS


def _still_open(
    resolved: bool | None, issue: Claim | None, items: Sequence[ActionItem], topic: Claim | None
) -> Claim | None:
    """A refused issue, or what the agent still has to do; nothing after a wrong number."""
    if resolved or (topic and topic.text == WRONG_NUMBER):
        return None
    promised = next((item for item in items if item.owner is Role.AGENT), None)
    if resolved is None and promised:
        return Claim(promised.text, promised.evidence_turn_ids)
    return issue


def _uncertain(found: _Found, still_open: Claim | None, issue: Claim | None) -> tuple[str, ...]:
    names = []
    if found.issue is not None and found.reading.issue[found.issue] < SURE["issue"]:
        names.append("issue")
    if found.outcome and sum(found.reading.outcome[i] for i in found.outcome) < SURE["outcome"]:
        names.append("outcome")
    if still_open and (still_open is not issue or "issue" in names):
        names.append("still_open")
    return tuple(names)
