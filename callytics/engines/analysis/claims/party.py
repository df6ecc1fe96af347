# ruff: noqa: E501  (one word list or pattern per line reads better)
"""Which party acts in a claim, and which one in its quotes?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Role
from callytics.engines.analysis.claims.clauses import Actor, Clause
from callytics.engines.analysis.claims.heard import Heard, Quoted, aligned_with, written_in

SPOKEN = {
    "en": frozenset(["=ask", "=offer", "=apologise", "=insult", "=blame", "=thank", "=refuse", "=promise", "=tell", "=approve", "say", "explain", "confirm", "state", "report", "offer", "accept", "agree", "threaten", "complain", "note", "want", "=end", "demand", "insist", "admit", "warn", "announc", "mention", "describ", "advis", "remind", "plan", "intend", "wonder", "inquir", "threat"]),
    "ko": frozenset(["=ask", "=offer", "=apologise", "=insult", "=blame", "=thank", "=refuse", "=promise", "=tell", "=approve", "설명", "주장", "권하", "원하", "항의", "인정", "위협", "칭찬", "추천"]),
}  # fmt: skip
"""What a party does by speaking: done as soon as it is said, and only by the party that says it."""


_STATIVE = frozenset(["receiv", "have", "need", "owe", "get", "must", "=satisfied", "wait"])


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


def subject_of(claim: str) -> Role | None:
    """The party that the claim begins with; None if with neither."""
    return subject_in(claim.strip(), written_in(claim), None, None)


def subject_in(text: str, language: str, before: Role | None, owner: Role | None) -> Role | None:
    """The party that a clause of the claim names as its subject; the one before where it names none."""
    match = _SUBJECT[language].match(text)
    if match:
        return Role.AGENT if match["agent"] else Role.CUSTOMER
    return owner if _NEW_SUBJECT[language].match(text) else before


def belongs_to_the_other(claim: str, quotes: Sequence[Quoted], language: str) -> bool:
    """ "The agent's brother" where the customer speaks of his own, to a party that is not addressed."""
    match = _SUBJECT[language].match(claim)
    if not match or not match["own"] or not (match["agent"] or match["customer"]):
        return False
    owner = Role.AGENT if match["agent"] else Role.CUSTOMER
    others = {quote.role for quote in quotes} == {Role.CUSTOMER if owner is Role.AGENT else Role.AGENT}
    return others and not any(_ADDRESSED.search(quote.text) for quote in quotes)


def is_report(claim: str, claimed: Sequence[Clause], language: str) -> bool:
    """Whether the claim says what a party said: "refused", "asked for", "-다고 안내했다"."""
    return bool(_REPORTS[language].search(claim) or _AGREED[language].search(claim)) or any(
        word.predicate and not word.passive and word.concept in SPOKEN[language]
        for clause in claimed
        for word in clause.words
    )


def speaker_objection(
    claim: str, claimed: Sequence[Clause], heard: Sequence[Heard], language: str
) -> str | None:
    """What a party said must be among its own words."""
    subject = next((s for c in claimed if (s := subject_in(c.text.strip(), language, None, None))), None)
    if subject is None:
        return None
    mine = [one.clause for one in heard if one.role is subject]
    agreed = bool(_AGREED[language].search(claim)) and not any(clause.negative for clause in claimed)
    if agreed and mine and all(clause.negative for clause in mine):
        return "negation_turned"
    if agreed and _is_asked_of_the_other(subject, claimed, heard):
        return "actor_swapped"
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


def _is_asked_of_the_other(subject: Role, claimed: Sequence[Clause], heard: Sequence[Heard]) -> bool:
    """ "The agent agreed to send it", where the agent only says "you have to send it"."""
    verbs = frozenset(
        word.concept
        for clause in claimed
        for word in clause.words
        if word.predicate and word.concept and word.concept not in SPOKEN["en"] | SPOKEN["ko"]
    )
    same = [one for one in heard if one.clause.predicates & verbs]
    return bool(same) and all(one.role is subject and one.clause.actor is Actor.HEARER for one in same)


def party_objection(
    clause: Clause, heard: Sequence[Heard], language: str, subject: Role | None, owner: Role | None
) -> str | None:
    """The claim says that one party does it, and the other one does."""
    if subject not in (Role.AGENT, Role.CUSTOMER) or any(
        one.role not in (Role.AGENT, Role.CUSTOMER) for one in heard
    ):
        return None
    if any(word.passive for word in clause.words):
        return None
    aligned, by_verb = aligned_with(clause, heard)
    if owner is not None and not by_verb:
        return _taken_by_the_other(clause, heard, aligned, owner)
    acting = [one for one in heard if clause.predicates & one.clause.predicates] or heard
    if any(_is_undergone(one.clause, clause) for one in acting):
        return None
    parties = {party for one in acting for party in _parties(one, language, by_verb, owner is not None)}
    if subject in parties or not parties:
        return None
    if parties == {Role.OTHER} and (own := _SUBJECT[language].match(clause.text.strip())) and own["own"]:
        return None  # "the customer's brother"
    if not by_verb and owner is None and clause.predicates & _STATIVE:
        return None
    return "actor_swapped"


def _is_undergone(quoted: Clause, claimed: Clause) -> bool:
    """ "It's cancelled" does not tell who did it."""
    return any(word.passive and word.concept in claimed.predicates for word in quoted.words)


def _taken_by_the_other(
    clause: Clause, heard: Sequence[Heard], aligned: Sequence[Heard], owner: Role
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


def _parties(one: Heard, language: str, by_verb: bool, task: bool) -> set[Role]:
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
