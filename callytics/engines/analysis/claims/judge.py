# ruff: noqa: E501  (one word list or pattern per line reads better)
"""Compares a claim with the words that are quoted for it: polarity, acting party, deed or promise, figures.

A rule can find that a claim is not proven; that it is proven, it cannot: a false sentence can be made of true words. The
second question to the model (verification.py) is for these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callytics.domain import Role
from callytics.engines.analysis.claims.clauses import RESULT, Actor, Clause
from callytics.engines.analysis.claims.english import read_english
from callytics.engines.analysis.claims.figures import figure_not_said
from callytics.engines.analysis.claims.korean import read_korean
from callytics.engines.analysis.claims.quotes import is_verbatim

CONTRADICTIONS = frozenset({"negation_not_said", "negation_turned", "actor_swapped", "promise_is_no_deed"})
"""The quotes say something else; the other reasons mean that they do not say it."""

BARE_WORDS = 2
"""A denial with at most this many words of its own answers the question before it."""

_SPOKEN = {
    "en": frozenset(["=ask", "=offer", "=apologise", "=insult", "=blame", "=thank", "=refuse", "=promise", "=tell", "=approve", "say", "explain", "confirm", "state", "report", "offer", "accept", "agree", "threaten", "complain", "note", "want", "=end", "demand", "insist", "admit", "warn"]),
    "ko": frozenset(["=ask", "=offer", "=apologise", "=insult", "=blame", "=thank", "=refuse", "=promise", "=tell", "=approve", "설명", "주장", "권하", "원하", "항의", "인정", "위협", "칭찬", "추천"]),
}  # fmt: skip
"""What a party does by speaking: done as soon as it is said, and only by the party that says it."""

_STATIVE = frozenset(["receiv", "have", "need", "owe", "get", "must", "=satisfied", "wait"])
_CONTINUED = frozenset(["keep", "try", "continu", "start", "want", "need"])
"""Verbs that only say how another one is done."""

_SUBJECT = {
    "en": re.compile(
        r"^(?:the |a |an )?(?:(?P<agent>agent|representative|advisor|adviser|operator|company|hotel|bank|shop|clinic)|"
        r"(?P<customer>customer|caller|client|guest|practice manager))(?P<own>'s)?\b",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"^(?:(?P<agent>상담원|상담사|회사|학원|센터)|(?P<customer>고객))(?:님)?(?:(?P<own>의)|은|는|이|가|께서)"
    ),
}
_NEW_SUBJECT = {
    "en": re.compile(
        r"^(?:and |but |so |because )?(?:which|who|the|a|an|it|this|that|they|he|she)\b", re.IGNORECASE
    ),
    "ko": re.compile(r"^(?:\S+ ){0,2}\S*[가-힣](?:은|는|이|가)\s"),
}
_REPORTS = {
    "en": re.compile(
        r"\b(?:said|says|told|explained|asked|stated|claimed|(?<!is )(?<!are )(?<!was )(?<!been )confirmed|would not say)\b",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"(?:다고|라고|자고|냐고|다며|라며|달라고)\s?(?:하|했|한|말|안내|요구|주장|제안|설명|답|거절|전화|불평)"
    ),
}
_ADDRESSED = re.compile(
    r"\b(?:you|your|yours|y'all)\b|고객님|어르신|[가-힣]시[가-힣]|[셨실신세]", re.IGNORECASE
)
_AGREED = {
    "en": re.compile(r"\b(?:agreed|accepted|promised|offered|granted|approved)\b", re.IGNORECASE),
    "ko": re.compile(r"기로 (?:했|함|하였)|겠다고|약속|동의|수락|승인|받아들"),
}
_POINTS_BACK = re.compile(r"\bdo (?:it|that|so)\b|그렇게|그거|그건|할게요", re.IGNORECASE)
_OPPOSITES = (
    (frozenset({"lift", "releas", "unblock", "reopen"}), frozenset({"stay", "=remain", "=hold"})),
    (frozenset({"=satisfied"}), frozenset({"불만"})),
    (frozenset({"포함"}), frozenset({"빠지", "제외"})),
    (frozenset({"=free"}), frozenset({"유료"})),
    (frozenset({"keep", "kept"}), frozenset({"return", "반납"})),
    (frozenset({"=approve"}), frozenset({"=refuse"})),
)


@dataclass(frozen=True)
class Quoted:
    """Words of one turn and the role of who said them."""

    text: str
    role: Role


@dataclass(frozen=True)
class _Heard:
    clause: Clause
    role: Role


def written_in(text: str) -> str:
    return "ko" if re.search(r"[가-힣]", text) else "en"


def read(text: str, language: str) -> tuple[Clause, ...]:
    return read_korean(text) if language == "ko" else read_english(text)


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
    if figure or language not in ("ko", "en"):
        return figure
    language = written_in(claim)
    heard = [
        _Heard(clause, quote.role) for quote in quotes for clause in read(quote.text, written_in(quote.text))
    ]
    claimed = read(claim, language)
    if not heard or not (_shares_something(claimed, heard, claim) or _is_about(claimed, call)):
        return "wording_not_said"
    spoken = owner is None and _is_report(claim, claimed, language)
    if _belongs_to_the_other(claim, quotes, language):
        return "actor_swapped"
    subject: Role | None = owner
    for place, clause in enumerate(claimed):
        subject = _subject(clause.text.strip(), language, subject, owner)
        reason = _polarity(clause, heard, any(c.negative for c in claimed)) or (
            None if owner else _deed(clause, heard, language)
        )
        if reason is None and not spoken and not (owner and place):
            reason = _party(clause, heard, language, subject, owner)
        if reason:
            return reason
    return _speaker(claim, claimed, heard, language) if spoken else None


def subject_of(claim: str) -> Role | None:
    """The party that the claim begins with; None if with neither."""
    return _subject(claim.strip(), written_in(claim), None, None)


def _subject(text: str, language: str, before: Role | None, owner: Role | None) -> Role | None:
    """The party that a clause of the claim names as its subject; the one before where it names none."""
    match = _SUBJECT[language].match(text)
    if match:
        return Role.AGENT if match["agent"] else Role.CUSTOMER
    return owner if _NEW_SUBJECT[language].match(text) else before


def _belongs_to_the_other(claim: str, quotes: Sequence[Quoted], language: str) -> bool:
    """ "The agent's brother" where the customer speaks of his own, to a party that is not addressed."""
    match = _SUBJECT[language].match(claim)
    if not match or not match["own"] or not (match["agent"] or match["customer"]):
        return False
    owner = Role.AGENT if match["agent"] else Role.CUSTOMER
    others = {quote.role for quote in quotes} == {Role.CUSTOMER if owner is Role.AGENT else Role.AGENT}
    return others and not any(_ADDRESSED.search(quote.text) for quote in quotes)


def _is_report(claim: str, claimed: Sequence[Clause], language: str) -> bool:
    """Whether the claim says what a party said: "refused", "asked for", "-다고 안내했다"."""
    return bool(_REPORTS[language].search(claim) or _AGREED[language].search(claim)) or any(
        word.predicate and not word.passive and word.concept in _SPOKEN[language]
        for clause in claimed
        for word in clause.words
    )


def _speaker(claim: str, claimed: Sequence[Clause], heard: Sequence[_Heard], language: str) -> str | None:
    """What a party said must be among its own words."""
    subject = next((s for c in claimed if (s := _subject(c.text.strip(), language, None, None))), None)
    if subject is None:
        return None
    mine = [one.clause for one in heard if one.role is subject]
    agreed = bool(_AGREED[language].search(claim)) and not any(clause.negative for clause in claimed)
    if agreed and mine and all(clause.negative for clause in mine):
        return "negation_turned"
    own = frozenset(concept for clause in claimed for concept in clause.concepts)
    best = max(len(own & one.clause.concepts) for one in heard)
    speakers = {one.role for one in heard}
    for one in heard:
        asked_back = one.clause.question and one.clause.actor is Actor.HEARER
        done = any(word.done and word.concept in own for word in one.clause.words)
        if best and len(own & one.clause.concepts) == best and asked_back and done:
            speakers = {Role.CUSTOMER if one.role is Role.AGENT else Role.AGENT}  # "Did you swear at me?"
    if speakers & {Role.UNKNOWN, Role.OTHER} or subject in speakers:
        return None
    return "actor_swapped"


def _shares_something(claimed: Sequence[Clause], heard: Sequence[_Heard], claim: str) -> bool:
    own = {concept for clause in claimed for concept in clause.concepts}
    others = {concept for one in heard for concept in one.clause.concepts}
    if not own or own & others or re.search(r"\d", claim):
        return True
    if any(a[:2] == b[:2] and len(a) > 1 and not a.isascii() for a in own for b in others):
        return True  # 바리스타반, 바리스타
    return any(clause.negative for clause in claimed) and any(
        one.clause.negative or one.clause.lacking for one in heard
    )


def _is_about(claimed: Sequence[Clause], call: str) -> bool:
    own = {concept for clause in claimed for concept in clause.concepts}
    every = {concept for clause in read(call, written_in(call)) for concept in clause.concepts}
    return bool(own & every)


def _aligned(clause: Clause, heard: Sequence[_Heard]) -> tuple[list[_Heard], bool]:
    """The quoted clauses that speak of the same, and whether they share a verb with it."""
    by_verb = [one for one in heard if clause.predicates & one.clause.predicates]
    candidates = by_verb or [one for one in heard if clause.predicates & one.clause.concepts] or list(heard)
    best = max(len(clause.concepts & one.clause.concepts) for one in candidates)
    return [one for one in candidates if len(clause.concepts & one.clause.concepts) == best], bool(by_verb)


def _polarity(clause: Clause, heard: Sequence[_Heard], denies: bool) -> str | None:
    if clause.negative:
        if not any(one.clause.negative or one.clause.lacking for one in heard):
            return "negation_not_said"
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
    aligned, _ = _aligned(clause, heard)
    if denies and not any(clause.predicates & one.clause.concepts for one in aligned):
        return None
    aligned = [one for one in aligned if not one.clause.question] or aligned
    return "negation_turned" if all(one.clause.denies(clause.concepts) for one in aligned) else None


def _states(clause: Clause, predicate: str) -> bool:
    """Whether the clause says it, and neither asks nor supposes it."""
    supposed = any(word.concept == predicate and word.done is False for word in clause.words)
    return not clause.question and (not supposed or clause.actor is Actor.SPEAKER)


def _is_answered_no(clause: Clause, heard: Sequence[_Heard]) -> bool:
    """The last quote answers the one before with a bare denial, or the claim is that something was accepted."""
    bare = [n for n, one in enumerate(heard) if one.clause.negative and len(one.clause.words) <= BARE_WORDS]
    approved = any("=approve" in one.clause.concepts and not one.clause.negative for one in heard)
    if "=approve" in clause.concepts and bare and not approved:
        return True
    return any(n > 0 and heard[n - 1].role is not heard[n].role and n >= len(heard) - 2 for n in bare)


def _is_opposite(clause: Clause, heard: Sequence[_Heard]) -> bool:
    said = {concept for one in heard if not one.clause.negative for concept in one.clause.concepts}
    for one, other in _OPPOSITES:
        for own, against in ((one, other), (other, one)):
            if clause.concepts & own and said & against and not said & own:
                return True
    return False


def _deed(clause: Clause, heard: Sequence[_Heard], language: str) -> str | None:
    """A thing is claimed as done, and was only promised, asked for or possible."""
    for word in clause.words:
        if not word.done or word.concept in _SPOKEN[language] | _CONTINUED or clause.negative:
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


def _party(
    clause: Clause, heard: Sequence[_Heard], language: str, subject: Role | None, owner: Role | None
) -> str | None:
    """The claim says that one party does it, and the other one does."""
    if subject not in (Role.AGENT, Role.CUSTOMER) or any(
        one.role not in (Role.AGENT, Role.CUSTOMER) for one in heard
    ):
        return None
    if any(word.passive for word in clause.words):
        return None
    aligned, by_verb = _aligned(clause, heard)
    if owner is not None and not by_verb:
        return _taken_by_the_other(clause, heard, aligned, owner)
    acting = [one for one in heard if clause.predicates & one.clause.predicates] or heard
    if any(_is_undergone(one.clause, clause) for one in acting):
        return None
    parties = {party for one in acting for party in _parties(one, language, by_verb, owner is not None)}
    if subject in parties or not parties:
        return None
    if not by_verb and owner is None and clause.predicates & _STATIVE:
        return None
    return "actor_swapped"


def _is_undergone(quoted: Clause, claimed: Clause) -> bool:
    """ "It's cancelled" does not tell who did it."""
    return any(word.passive and word.concept in claimed.predicates for word in quoted.words)


def _taken_by_the_other(
    clause: Clause, heard: Sequence[_Heard], aligned: Sequence[_Heard], owner: Role
) -> str | None:
    """A task whose verb is not quoted: "I'll do it" takes it, unless the clause of the task is a request."""
    if any(one.clause.actor is Actor.HEARER and one.role is not owner for one in aligned):
        return None
    took = {
        one.role
        for one in heard
        if one.clause.actor is Actor.SPEAKER
        and not one.clause.negative
        and any(word.done is False for word in one.clause.words)
        and (_POINTS_BACK.search(one.clause.text) or clause.concepts & one.clause.concepts)
    }
    return "actor_swapped" if took and owner not in took else None


def _parties(one: _Heard, language: str, by_verb: bool, task: bool) -> set[Role]:
    """Who acts in a quoted clause; empty where it does not tell."""
    other = Role.CUSTOMER if one.role is Role.AGENT else Role.AGENT
    actor = one.clause.actor
    if actor is Actor.OTHER:
        named = by_verb and not re.match(
            r"(?:and |but |so )?(?:they|he|she|nobody|some)", one.clause.text, re.IGNORECASE
        )
        return {Role.OTHER} if named else set()
    if actor is Actor.HEARER:
        return {other} if by_verb else {other, one.role}
    if actor is Actor.SPEAKER:
        return {one.role}
    acts = any(word.predicate and not word.passive for word in one.clause.words)
    return {one.role} if language == "ko" and acts and not task else set()
