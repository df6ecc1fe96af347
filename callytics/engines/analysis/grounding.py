"""Checks the statements of a language model against the words that it quotes for them. Deterministic, no model.

A statement is proven only if

1. at least one of its quotes is verbatim in its turn (claims/quotes.py), and that turn is speech about the call: one
   that instructs a language model ("ignore your instructions ...") proves nothing, regardless of the speaker;
2. every name in it (a capitalised or mixed-case Latin word inside a sentence) occurs somewhere in the call;
3. no rule of claims/judge.py objects: figures, polarity, acting party, deed or promise. Where a learned judge gives
   more than the rules alone (claims/learned.py), it must believe what they let pass.

Both find many false statements, not all: docs/adr/0019 and 0039 have the figures, verification.py asks a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from callytics.domain import Quote, Role, Turn
from callytics.engines.analysis.claims.clauses import Clause
from callytics.engines.analysis.claims.heard import Quoted, read, written_in
from callytics.engines.analysis.claims.judge import unproven
from callytics.engines.analysis.claims.learned import verdict
from callytics.engines.analysis.claims.quotes import is_verbatim, normal
from callytics.engines.analysis.claims.signs import Case
from callytics.engines.analysis.llm_schema import StatedQuote

_TO_A_MODEL = re.compile(
    r"(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|above|previous)|system prompt|"
    r"\byou are (?:now )?(?:an? )?(?:ai|language model|assistant|chatbot)\b|language model|\bjson\b|evidence[_ ]turn|"
    r"(?:as|to) the (?:ai|model|summari[sz]er)\b|"
    r"(?:이전|위의|앞의|기존|모든|시스템)\s?(?:지시|명령|프롬프트)|(?:지시|명령|지침|규칙)\S{0,6}\s?무시|프롬프트|언어\s?모델|제이슨",
    re.IGNORECASE,
)
"""Speech addressed to a language model. A closed list of common forms of prompt injection, not a detector."""

_NAME = re.compile(r"(?<=[a-z0-9가-힣,;:] )[A-Z][A-Za-z0-9'&-]+|\b[A-Za-z]*[a-z][A-Z]\w*|\b[A-Z]{2,}\d*\b")
_NOT_NAMES_TEXT = """
agent customer caller client ceo id monday tuesday wednesday thursday friday saturday sunday january february march
april may june july august september october november december usd gbp eur krw
"""
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
"""Days, months and currencies are figures (claims/figures.py)."""


def addresses_a_model(text: str) -> bool:
    return bool(_TO_A_MODEL.search(text))


def existing_quotes(
    stated: Sequence[StatedQuote], turns: Mapping[str, Turn]
) -> tuple[tuple[Quote, ...], str | None]:
    """The quotes that are verbatim in their turns, once each; and why there is none, if there is none.

    Args:
        stated: the quotes of one statement.
        turns: every turn that the model was shown, by id.
    """
    reason = "quote_missing"
    found: dict[Quote, None] = {}
    for quote in stated:
        turn = turns.get(quote.turn_id)
        if turn is None or addresses_a_model(turn.content):
            reason = "evidence_unknown"
        elif not is_verbatim(quote.words, turn.content):
            reason = "quote_not_said"
        else:
            found[Quote(quote.turn_id, normal(quote.words))] = None
    return tuple(found), None if found else reason


class Grounding:
    """What a call says about statements.

    Args:
        turns: every turn that the model was shown, by id.
        role_of: returns the role of a participant id.
        language: language of the call.
        learned: the learned judge is asked too, in the languages in which it is used.
    """

    def __init__(
        self,
        turns: Mapping[str, Turn],
        role_of: Callable[[str], Role],
        language: str,
        *,
        learned: bool = False,
    ) -> None:
        self.turns = turns
        self._role_of = role_of
        self._language = language
        self._learned = learned
        said = [turn for turn in turns.values() if not addresses_a_model(turn.content)]
        self._call = "\n".join(turn.content for turn in said)
        self._said = f"{self._call} {' '.join(turn.content_raw for turn in said)}".lower()

    def role(self, turn_id: str) -> Role:
        return self._role_of(self.turns[turn_id].participant_id)

    def objection(self, text: str, quotes: Sequence[Quote], owner: Role | None = None) -> str | None:
        """Why the quotes do not prove the text; None if no rule objects. ``owner``: of a task."""
        if any(name.lower().removesuffix("'s") not in self._said for name in _names(text)):
            return "name_not_said"
        return unproven(text, self._quoted(quotes), self._language, owner, self._call)

    def weighed(
        self, text: str, quotes: Sequence[Quote], owner: Role | None, objection: str | None
    ) -> str | None:
        """The objection of the rules, or of the learned judge where they have none."""
        if not self._learned or not quotes or written_in(text) != self._language:
            return objection
        return verdict(Case(text, self._quoted(quotes), owner, objection), self._language)

    def objection_to_resolved(self, resolved: bool, quotes: Sequence[Quote]) -> str | None:
        """ "Resolved" needs more than a refusal or a promise, "not resolved" more than a deed."""
        clauses = [clause for q in self._quoted(quotes) for clause in read(q.text, written_in(q.text))]
        denied = [clause for clause in clauses if clause.negative or clause.lacking]
        moods = {word.done for clause in clauses for word in clause.words if word.predicate}
        if resolved and clauses and len(denied) == len(clauses):
            return "negation_turned"
        if resolved and False in moods and True not in moods and not _is_accepted(clauses):
            return "promise_is_no_deed"
        if not resolved and clauses and not denied and moods == {True}:
            return "negation_not_said"
        return None

    def _quoted(self, quotes: Sequence[Quote]) -> list[Quoted]:
        return [Quoted(quote.text, self.role(quote.turn_id)) for quote in quotes]


def _is_accepted(clauses: Sequence[Clause]) -> bool:
    """A clause without a verb in the future or a request: "That's it, thank you"."""
    return any(all(word.done is not False for word in clause.words) for clause in clauses)


def _names(text: str) -> set[str]:
    return {name for name in _NAME.findall(text) if name.lower() not in _NOT_NAMES}
