"""Is what a claim says denied by its quotes, or what it denies said by them?"""

from __future__ import annotations

from collections.abc import Sequence

from callytics.engines.analysis.claims.clauses import Actor, Clause
from callytics.engines.analysis.claims.heard import Heard, aligned_with

BARE_WORDS = 2
"""A denial with at most this many words of its own answers the question before it."""


_OPPOSITES = (
    (frozenset({"lift", "releas", "unblock", "reopen"}), frozenset({"stay", "=remain", "=hold"})),
    (frozenset({"=satisfied"}), frozenset({"불만"})),
    (frozenset({"포함"}), frozenset({"빠지", "제외"})),
    (frozenset({"=free"}), frozenset({"유료"})),
    (frozenset({"keep", "kept"}), frozenset({"return", "반납"})),
    (frozenset({"=approve"}), frozenset({"=refuse"})),
)


_FAILS = frozenset({"work", "function", "작동", "operat"})
"""To deny these is to state a fault, which is seldom said with a negation: "it's stone cold"."""


def polarity_objection(clause: Clause, heard: Sequence[Heard], denies: bool) -> str | None:
    if clause.negative:
        if any(_says_what_is_denied(one.clause, clause) for one in heard):
            return "negation_turned"
        if not any(one.clause.negative or one.clause.lacking for one in heard):
            works = any(_FAILS & one.clause.concepts for one in heard)
            return None if clause.predicates & _FAILS and not works else "negation_not_said"
        same = [one for one in heard if clause.predicates & one.clause.predicates]
        plain = same and not any(one.clause.negative or one.clause.lacking for one in same)
        done = any(w.done for one in same for w in one.clause.words if w.concept in clause.predicates)
        return "negation_turned" if plain and done and not any(one.clause.negative for one in heard) else None
    if _is_opposite(clause, heard):
        return "negation_turned"
    for predicate in clause.main:
        quoted = [one.clause for one in heard if predicate in one.clause.concepts]
        denied = [one for one in quoted if one.denies(frozenset({predicate}))]
        if denied and not any(_states(one, predicate) for one in quoted if one not in denied):
            return "negation_turned"
        asked = bool(quoted) and all(one.question for one in quoted)
        if asked and not denies and any(one.clause.negative for one in heard):
            return "negation_turned"
    if clause.lacking or not clause.words:
        return None
    if not denies and _is_answered_no(clause, heard):
        return "negation_turned"
    if not any(word.predicate for word in clause.words):
        return None
    aligned, _ = aligned_with(clause, heard)
    if denies and not any(clause.predicates & one.clause.concepts for one in aligned):
        return None
    aligned = [one for one in aligned if not one.clause.question] or aligned
    return "negation_turned" if all(one.clause.denies(clause.concepts) for one in aligned) else None


def _says_what_is_denied(quoted: Clause, claimed: Clause) -> bool:
    """ "It arrived broken", of which the claim says that it did not arrive broken: all that is denied, said plainly."""
    denied = [word for word in claimed.words if word.denied and word.concept]
    if quoted.negative or quoted.question or (quoted.lacking and not claimed.lacking):
        return False
    return (
        len(denied) > 1
        and any(word.predicate for word in denied)
        and {word.concept for word in denied} <= quoted.concepts
    )


def _states(clause: Clause, predicate: str) -> bool:
    """Whether the clause says it, and neither asks nor supposes it."""
    supposed = any(word.concept == predicate and word.done is False for word in clause.words)
    return not clause.question and (not supposed or clause.actor is Actor.SPEAKER)


def _is_answered_no(clause: Clause, heard: Sequence[Heard]) -> bool:
    """The last quote answers the one before with a bare denial, or the claim is that something was accepted."""
    bare = [n for n, one in enumerate(heard) if one.clause.negative and len(one.clause.words) <= BARE_WORDS]
    approved = any("=approve" in one.clause.concepts and not one.clause.negative for one in heard)
    if "=approve" in clause.concepts and bare and not approved:
        return True
    return any(n > 0 and heard[n - 1].role is not heard[n].role and n >= len(heard) - 2 for n in bare)


def _is_opposite(clause: Clause, heard: Sequence[Heard]) -> bool:
    said = {concept for one in heard if not one.clause.negative for concept in one.clause.concepts}
    for one, other in _OPPOSITES:
        for own, against in ((one, other), (other, one)):
            if clause.concepts & own and said & against and not said & own:
                return True
    return False
