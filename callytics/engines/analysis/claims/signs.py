"""What speaks for and against a claim, as numbers between 0 and 1 for the learned judge (learned.py).

Every sign compares the claim with its quotes. None looks at the claim alone (its length, its field, its first words):
written claims differ there by truth, and those of a real model need not (docs/adr/0039).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callytics.domain import Role
from callytics.engines.analysis.claims import cues
from callytics.engines.analysis.claims.cues import has
from callytics.engines.analysis.claims.exact_figures import figures_of, missing_figures, readings_of
from callytics.engines.analysis.claims.heard import Heard, Quoted, read, written_in
from callytics.engines.analysis.claims.party import subject_in

Signs = dict[str, bool]

_KINDS = {"unit_not_said": "number_not_said", "day_not_said": "number_not_said"}
SHORT_WORDS = 4
"""A last quote of at most so many words answers the one before it."""


@dataclass(frozen=True)
class Case:
    """A claim and what is quoted for it; ``objection``: of the rules, None if they have none."""

    claim: str
    quotes: Sequence[Quoted]
    owner: Role | None
    objection: str | None

    @property
    def said(self) -> str:
        return " ".join(quote.text for quote in self.quotes)

    @property
    def last(self) -> Quoted:
        return self.quotes[-1]

    @property
    def subject(self) -> Role | None:
        """The party that the claim begins with."""
        return subject_in(self.claim.strip(), written_in(self.claim), None, None)

    @property
    def reports(self) -> bool:
        return has(cues.REPORT, self.claim)


def signs_of(case: Case) -> Signs:
    """Every sign by name. At least one quote is needed."""
    found = {
        **_of_rules(case),
        **_of_figures(case),
        **_of_polarity(case),
        **_of_time(case),
        **_of_clauses(case),
    }
    return {**found, **_of_extent(case), **(_of_task(case) if case.owner else _of_party(case))}


def _of_rules(case: Case) -> Signs:
    if case.objection is None:
        return {}
    return {"rule": True, f"rule: {_KINDS.get(case.objection, case.objection)}": True}


def _of_figures(case: Case) -> Signs:
    stated, missing = missing_figures(case.claim, case.said)
    heard = readings_of(case.last.text)
    return {
        "figure missing": bool(missing),
        "figures said": bool(stated) and not missing,
        "figure not in the last quote, which has others": bool(stated and heard) and not stated & heard,
        "figure not in the last quote": len(case.quotes) > 1 and bool(stated) and not stated & heard,
        "quotes have another figure": bool(stated) and bool(figures_of(case.said) - stated),
        "all, where a figure is said": has(cues.ALL, case.claim)
        and not stated
        and bool(figures_of(case.said)),
    }


def _of_polarity(case: Case) -> Signs:
    denies, denied = has(cues.NEGATION, case.claim), has(cues.NEGATION, case.said)
    last = has(cues.NEGATION, case.last.text)
    answered = len(case.quotes) > 1 and len(case.last.text.split()) <= SHORT_WORDS
    scope = cues.names_what_is_denied(case.claim, case.said)
    return {
        "only the claim denies": denies and not denied,
        "only the quotes deny": denied and not denies,
        "both deny": denies and denied,
        "one denies": denies != denied,
        "the last quote denies": last and not denies,
        "a short answer denies": last and answered and not denies,
        "names what is denied": scope and not denies,
        "denies what is denied": scope and denies,
    }


def _of_time(case: Case) -> Signs:
    intended = has(cues.INTENDED, case.claim)
    told = has(cues.PAST, case.claim) and not intended
    done = told and not case.reports
    promised, past = has(cues.PROMISED, case.said), has(cues.PAST, case.said)
    condition, last = has(cues.CONDITION, case.said), case.last.text
    open_end = has(cues.PROMISED, last) or has(cues.CONDITION, last)
    return {
        "done, promised": done and promised,
        "done, promised and nothing past": done and promised and not past,
        "done, on a condition": done and condition,
        "done, asked for": done and has(cues.ASKED, case.said),
        "done, nothing past": done and not past,
        "done, the last quote is open": done and open_end and not has(cues.PAST, last),
        "past, doubted": told and has(cues.HEDGE, case.said),
        "past, past": told and past,
        "intended, promised": intended and promised,
        "intended, nothing open": intended and not promised and not condition,
        "condition left out": condition and not has(cues.CONDITION, case.claim) and not case.reports,
        "last condition left out": has(cues.CONDITION, last) and not has(cues.CONDITION, case.claim),
        "doubt left out": has(cues.HEDGE, case.said) and not has(cues.HEDGE, case.claim),
    }


def _of_extent(case: Case) -> Signs:
    limited = has(cues.LIMIT, case.claim)
    return {
        "all, not said": has(cues.ALL, case.claim) and not has(cues.ALL, case.said),
        "limit left out": has(cues.LIMIT, case.said) and not limited,
        "last limit left out": has(cues.LIMIT, case.last.text) and not limited,
        "two speakers": case.quotes[0].role is not case.last.role,
    }


def _of_party(case: Case) -> Signs:
    """For a claim that begins with a party: are the words its own?"""
    subject = case.subject
    if subject is None:
        return {}
    roles = {quote.role for quote in case.quotes}
    own, other = roles == {subject}, subject not in roles
    theirs = cues.is_of_a_party(case.claim)
    return {
        "own words": own,
        "the other's words": other,
        "the other's words about itself": other
        and any(has(cues.MYSELF, quote.text) for quote in case.quotes),
        "said, in the other's words": other and case.reports,
        "said, the other speaks last": case.reports and case.last.role is not subject,
        "past, said, the other speaks last": case.reports
        and case.last.role is not subject
        and _is_past(case),
        "has, in the other's words": theirs and other,
        "has, in own words": theirs and own,
    }


def _is_past(case: Case) -> bool:
    return has(cues.PAST, case.claim) and not has(cues.INTENDED, case.claim)


def _of_task(case: Case) -> Signs:
    """For a task: who took it?"""
    roles, last = {quote.role for quote in case.quotes}, case.last
    own = last.role is case.owner
    return {
        "task, own words": roles == {case.owner},
        "task, the other's words": case.owner not in roles,
        "task, the other speaks last": not own,
        "task, owner speaks last": own,
        "task, promised by its owner": own and has(cues.PROMISED, last.text),
        "task, asked for by the other": not own and has(cues.ASKED, last.text),
        "task, the last quote denies": has(cues.NEGATION, last.text),
    }


def _of_clauses(case: Case) -> Signs:
    """By the clauses that the rules read."""
    claimed = read(case.claim, written_in(case.claim))
    heard = [Heard(clause, q.role) for q in case.quotes for clause in read(q.text, written_in(q.text))]
    if not heard:
        return {}
    done = any(word.done for clause in claimed for word in clause.words if word.predicate)
    moods = [word.done for one in heard for word in one.clause.words if word.predicate]
    denies = any(clause.negative for clause in claimed)
    denied = [one.clause.negative or one.clause.lacking for one in heard]
    lacks = any(clause.lacking for clause in claimed)
    return {
        "deed, none quoted": done and bool(moods) and True not in moods and not case.reports,
        "deed, an intention quoted": done and False in moods and True not in moods and not case.reports,
        "deed, a deed quoted": done and True in moods,
        "clause: only the claim denies": denies and not any(denied),
        "clause: all quotes deny": not denies and all(denied) and not lacks,
        "clause: a quote denies": not denies and any(denied),
        "clause: both deny": denies and any(denied),
        "clause: the last denies": heard[-1].clause.negative and not denies,
        "questions only": all(one.clause.question for one in heard),
        "ends with a question": heard[-1].clause.question,
    }
