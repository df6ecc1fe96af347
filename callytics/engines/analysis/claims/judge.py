"""Compares a claim with the words that are quoted for it: polarity, acting party, deed or promise, figures.

A rule can find that a claim is not proven; that it is proven, it cannot: a false sentence can be made of true words.
The second question to the model (verification.py) is for these.
"""

from __future__ import annotations

from collections.abc import Sequence

from callytics.domain import Role
from callytics.engines.analysis.claims.clauses import RESULT, Clause
from callytics.engines.analysis.claims.figures import answers_another_figure, figure_not_said
from callytics.engines.analysis.claims.heard import (
    Heard,
    Quoted,
    is_about,
    read,
    shares_something,
    written_in,
)
from callytics.engines.analysis.claims.party import (
    SPOKEN,
    belongs_to_the_other,
    is_report,
    party_objection,
    speaker_objection,
    subject_in,
    subject_of,
)
from callytics.engines.analysis.claims.polarity import polarity_objection
from callytics.engines.analysis.claims.quotes import is_verbatim

CONTRADICTIONS = frozenset({"negation_not_said", "negation_turned", "actor_swapped", "promise_is_no_deed"})
"""The quotes say something else; the other reasons mean that they do not say it."""


_CONTINUED = frozenset(["keep", "try", "continu", "start", "want", "need"])
"""Verbs that only say how another one is done."""


def unproven(
    claim: str, quotes: Sequence[Quoted], language: str, owner: Role | None = None, call: str = ""
) -> str | None:
    """Why the quotes do not prove the claim; None if no rule objects.

    Args:
        claim: the claim.
        quotes: verbatim words of the call (quotes.py).
        language: of the call. Rules know Korean and English; in another one only figures are compared.
        owner: the party that a task is given to; None for a claim that is no task.
        call: all that was said. A claim that shares no word with its quotes ("ended the survey" for "leave it there")
            must share one with the call.
    """
    said = " ".join(quote.text for quote in quotes)
    if not said.strip():
        return "quote_missing"
    if owner is None and any(is_verbatim(claim, quote.text) for quote in quotes):
        return None
    figure = figure_not_said(claim, said)
    if figure is None and _is_answered_otherwise(claim, quotes):
        figure = "number_not_said"
    if figure or language not in ("ko", "en"):
        return figure
    language = written_in(claim)
    heard = [
        Heard(clause, quote.role) for quote in quotes for clause in read(quote.text, written_in(quote.text))
    ]
    claimed = read(claim, language)
    if not heard or not (shares_something(claimed, heard, claim) or is_about(claimed, call)):
        return "wording_not_said"
    spoken = owner is None and is_report(claim, claimed, language)
    if belongs_to_the_other(claim, quotes, language):
        return "actor_swapped"
    acting: Role | None = owner
    for place, clause in enumerate(claimed):
        acting = subject_in(clause.text.strip(), language, acting, owner)
        reason = polarity_objection(clause, heard, any(c.negative for c in claimed)) or (
            None if owner else _deed(clause, heard, language)
        )
        if reason is None and not spoken and not (owner and place):
            reason = party_objection(clause, heard, language, acting, owner)
        if reason:
            return reason
    return speaker_objection(claim, claimed, heard, language) if spoken else None


def _is_answered_otherwise(claim: str, quotes: Sequence[Quoted]) -> bool:
    """Whether the last quote answers the other party's question with another figure than the claim has."""
    if len(quotes) != 2 or quotes[0].role is quotes[1].role:
        return False
    asked = any(clause.question for clause in read(quotes[0].text, written_in(quotes[0].text)))
    return asked and answers_another_figure(claim, quotes[0].text, quotes[1].text)


def _deed(clause: Clause, heard: Sequence[Heard], language: str) -> str | None:
    """A thing is claimed as done, and was only promised, asked for or possible."""
    for word in clause.words:
        if not word.done or word.concept in SPOKEN[language] | _CONTINUED or clause.negative:
            continue
        every = [
            (w.concept, w.done or (False if one.clause.question else w.done))
            for one in heard
            for w in one.clause.words
            if w.predicate
        ]
        same = [done for concept, done in every if concept == word.concept]
        party = subject_of(clause.text) is not None  # "the agent sent": a deed; "fee waived": a headline
        if any(concept == RESULT for concept, _ in every):
            continue
        told = same or [done for _, done in every if done is not None or not party]
        if told and all(done is False for done in told):
            return "promise_is_no_deed"
        if language == "ko" and not same and not any(done for _, done in every):
            return "promise_is_no_deed"  # Korean marks what is done
    return None
