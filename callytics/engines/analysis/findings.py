"""The statements of a language model's answer, each with its quotes and whether they prove it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callytics.domain import (
    ActionItem,
    CheckedClaim,
    Claim,
    ClaimCounts,
    ContactSummary,
    Flag,
    Proof,
    Quote,
    Role,
)
from callytics.engines.analysis.claims.judge import CONTRADICTIONS
from callytics.engines.analysis.claims.party import subject_of
from callytics.engines.analysis.grounding import Grounding, existing_quotes
from callytics.engines.analysis.llm_schema import Answer, StatedAction, StatedClaim, StatedQuote

UNPROVEN = {"ko": "근거 없음: ", "en": "Unproven: "}
"""Prefix of a sentence or task that is shown without proof (option ``unproven: show``)."""

HEADLINES = ("summary", "issue", "outcome")
"""Fields in which the extractive engine's candidate takes the place of a claim that was dropped."""


@dataclass(frozen=True)
class Statement:
    """``field`` is summary, topic, issue, outcome, resolved or action_item; ``owner`` belongs to a task."""

    field: str
    text: str
    quotes: tuple[Quote, ...]
    reason: str | None = None
    owner: Role | None = None
    contradicted: bool = False

    @property
    def proof(self) -> Proof:
        if self.reason is None:
            return Proof.PROVEN
        return Proof.CONTRADICTED if self.contradicted else Proof.UNPROVEN

    def denied(self, reason: str, *, contradicted: bool = False) -> Statement:
        """The same statement, no longer proven."""
        return replace(self, reason=reason, contradicted=contradicted)

    @property
    def turn_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(quote.turn_id for quote in self.quotes))

    def line(self) -> str:
        """As JSON, for merging."""
        kind = f"action_item of {self.owner.value}" if self.owner else self.field
        quotes = [{"turn_id": quote.turn_id, "words": quote.text} for quote in self.quotes]
        return json.dumps({"kind": kind, "text": self.text, "quotes": quotes}, ensure_ascii=False)


@dataclass(frozen=True)
class Findings:
    """``verified``: the second question was asked; ``dropped``: statements of parts that no merge has seen."""

    statements: tuple[Statement, ...]
    dropped: tuple[Statement, ...] = ()
    verified: bool = False

    @property
    def proven(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if statement.proof is Proof.PROVEN)

    def lines(self) -> list[str]:
        """One JSON object per proven statement, for merging."""
        return [statement.line() for statement in self.proven]

    def counts(self) -> ClaimCounts:
        proofs = Counter(statement.proof for statement in (*self.statements, *self.dropped))
        return ClaimCounts(
            proofs[Proof.PROVEN], proofs[Proof.UNPROVEN], proofs[Proof.CONTRADICTED], self.verified
        )

    def flags(self, shows_unproven: bool, replaced: Sequence[str]) -> tuple[Flag, ...]:
        failed = [s for s in (*self.statements, *self.dropped) if s.proof is not Proof.PROVEN]
        if not failed:
            return ()
        shown = [s for s in failed if shows_unproven and s.proof is Proof.UNPROVEN and s in self.statements]
        gone = [s for s in failed if s not in shown]
        flags = []
        if shown:
            flags.append(Flag("claims_unproven", f"{_counted(shown, 'are shown without proof')}."))
        if gone:
            message = _counted(gone, "were dropped")
            stands = f" The extractive engine speaks in: {', '.join(replaced)}." if replaced else ""
            flags.append(Flag("claims_dropped", f"{message}.{stands}"))
        return tuple(flags)

    def contact_summary(self, shows_unproven: bool, language: str) -> ContactSummary:
        """The statements that are shown, in the fields of a summary."""
        shown = [
            s
            for s in self.statements
            if s.proof is Proof.PROVEN or (shows_unproven and s.proof is Proof.UNPROVEN)
        ]
        prefix = UNPROVEN.get(language, UNPROVEN["en"])
        sentences = [s for s in shown if s.field == "summary"]
        ids = dict.fromkeys(i for s in sentences for i in s.turn_ids)
        text = " ".join(_marked(s, prefix) for s in sentences)
        single = {s.field: s for s in shown if s.field in ("topic", "issue", "outcome", "resolved")}
        claims = {name: Claim(s.text, s.turn_ids) for name, s in single.items()}
        return ContactSummary(
            Claim(text, tuple(ids)) if sentences else None,
            claims.get("topic"),
            claims.get("issue"),
            claims.get("outcome"),
            single["resolved"].text == "true" if "resolved" in single else None,
            tuple(_task(s, prefix) for s in shown if s.field == "action_item"),
            uncertain=tuple(name for name, s in single.items() if s.proof is not Proof.PROVEN),
            claims=tuple(CheckedClaim(s.field, s.text, s.quotes, s.proof, s.reason or "") for s in shown),
            claim_counts=self.counts(),
        )

    def missing(self) -> tuple[str, ...]:
        """Headlines for which the model made statements, none of them proven."""
        proven = {s.field for s in self.proven}
        stated = {s.field for s in (*self.statements, *self.dropped)}
        return tuple(name for name in HEADLINES if name in stated - proven)


def _marked(statement: Statement, prefix: str) -> str:
    return statement.text if statement.proof is Proof.PROVEN else prefix + statement.text


def _task(statement: Statement, prefix: str) -> ActionItem:
    return ActionItem(_marked(statement, prefix), statement.owner or Role.UNKNOWN, statement.turn_ids)


def _counted(statements: Sequence[Statement], what: str) -> str:
    reasons = Counter(statement.reason for statement in statements)
    listed = ", ".join(f"{reason} ({count})" for reason, count in sorted(reasons.items(), key=str))
    return f"{len(statements)} statements of the language model {what}: {listed}"


def ground(answer: Answer, grounding: Grounding) -> Findings:
    """Every statement of the answer with its verdict by rule.

    What the company did or will do needs the words of at least one turn that is not the customer's: a customer can ask
    for a refund, but not grant it.
    """
    judge = _Judge(grounding)
    found = [judge.claim("summary", stated) for stated in answer.summary]
    found += [judge.claim("issue", answer.issue), judge.claim("outcome", answer.outcome, of_the_company=True)]
    found += [judge.action(stated) for stated in answer.action_items]
    if answer.topic:
        quotes, reason = existing_quotes(answer.topic.quotes, grounding.turns)
        found.append(Statement("topic", answer.topic.label.value, quotes, reason))
    statements = [statement for statement in found if statement]
    if answer.resolution:
        statements.append(judge.resolution(answer.resolution.resolved, answer.resolution.quotes, statements))
    unique = {(s.field, s.text, s.owner): s for s in reversed(statements)}
    return Findings(tuple(reversed(unique.values())))


class _Judge:
    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding

    def claim(
        self, field: str, stated: StatedClaim | None, *, of_the_company: bool = False
    ) -> Statement | None:
        if stated is None or not stated.text.strip():
            return None
        return self._judged(field, stated.text.strip(), stated.quotes, of_the_company)

    def action(self, stated: StatedAction) -> Statement | None:
        owner = Role(stated.owner)
        if not stated.text.strip():
            return None
        return self._judged("action_item", stated.text.strip(), stated.quotes, owner is Role.AGENT, owner)

    def resolution(
        self, resolved: bool, stated: Sequence[StatedQuote], others: Sequence[Statement]
    ) -> Statement:
        """ "Resolved" requires a proven outcome; "not resolved" requires at least a proven issue."""
        quotes, reason = existing_quotes(stated, self._grounding.turns)
        proven = {statement.field for statement in others if statement.reason is None}
        reason = reason or self._grounding.objection_to_resolved(resolved, quotes)
        if reason is None and not ("outcome" in proven or ("issue" in proven and not resolved)):
            reason = "outcome_not_said"
        text = str(resolved).lower()
        return Statement("resolved", text, quotes, reason, contradicted=reason in CONTRADICTIONS)

    def _judged(
        self,
        field: str,
        text: str,
        stated: Sequence[StatedQuote],
        of_the_company: bool,
        owner: Role | None = None,
    ) -> Statement:
        quotes, reason = existing_quotes(stated, self._grounding.turns)
        party = owner if owner in (Role.AGENT, Role.CUSTOMER) else None
        reason = reason or self._grounding.objection(text, quotes, party)
        roles = {self._grounding.role(quote.turn_id) for quote in quotes}
        of_the_customer = owner is None and subject_of(text) is Role.CUSTOMER
        if reason is None and of_the_company and roles == {Role.CUSTOMER} and not of_the_customer:
            reason = "only_the_customer_says_so"
        reason = self._grounding.weighed(text, quotes, party, reason)
        return Statement(field, text, quotes, reason, owner, contradicted=reason in CONTRADICTIONS)
