"""The statements of a language model's answer that their turns support."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from callytics.domain import ActionItem, Claim, ContactSummary, Flag, Role, Turn
from callytics.engines.analysis.grounding import existing_evidence, unsupported
from callytics.engines.analysis.llm_schema import Answer, StatedAction, StatedClaim


@dataclass(frozen=True)
class Findings:
    """``dropped`` holds the reason for each dropped statement."""

    summary: tuple[Claim, ...]
    topic: Claim | None
    issue: Claim | None
    outcome: Claim | None
    resolved: Claim | None  # text "true" or "false"
    action_items: tuple[ActionItem, ...]
    dropped: tuple[str, ...] = ()

    def contact_summary(self) -> ContactSummary:
        ids = dict.fromkeys(i for claim in self.summary for i in claim.evidence_turn_ids)
        summary = Claim(" ".join(claim.text for claim in self.summary), tuple(ids)) if self.summary else None
        resolved = None if self.resolved is None else self.resolved.text == "true"
        return ContactSummary(
            summary, self.topic, self.issue, self.outcome, resolved, action_items=self.action_items
        )

    def flags(self) -> tuple[Flag, ...]:
        if not self.dropped:
            return ()
        reasons = ", ".join(f"{reason} ({count})" for reason, count in sorted(Counter(self.dropped).items()))
        message = f"{len(self.dropped)} statements of the language model were dropped: {reasons}."
        return (Flag("claims_dropped", message),)

    def turn_ids(self) -> set[str]:
        return {i for _, claim in self._statements() for i in claim.evidence_turn_ids}

    def lines(self) -> list[str]:
        """One JSON object per statement, for merging."""
        return [
            json.dumps(
                {
                    "kind": kind,
                    "text": statement.text,
                    "evidence_turn_ids": list(statement.evidence_turn_ids),
                },
                ensure_ascii=False,
            )
            for kind, statement in self._statements()
        ]

    def _statements(self) -> list[tuple[str, Claim | ActionItem]]:
        single = {
            "topic": self.topic,
            "issue": self.issue,
            "outcome": self.outcome,
            "resolved": self.resolved,
        }
        return [
            *(("summary", claim) for claim in self.summary),
            *((kind, claim) for kind, claim in single.items() if claim),
            *((f"action_item of {item.owner.value}", item) for item in self.action_items),
        ]


def grounded_findings(answer: Answer, shown: Mapping[str, Turn], role_of: Callable[[str], Role]) -> Findings:
    """Keep the statements that their turns support.

    An action of the company needs support from at least one turn that is not the customer's: a customer can ask for
    a refund, but not grant it.

    Args:
        answer: the model's answer.
        shown: the turns that the answer may cite, by id.
        role_of: returns the role of a participant id.
    """
    check = _Check(shown, role_of)
    summary = [claim for stated in answer.summary if (claim := check.claim(stated))]
    issue = check.claim(answer.issue)
    outcome = check.claim(answer.outcome, of_the_company=True)
    actions = [item for stated in answer.action_items if (item := check.action(stated))]
    topic = None
    if answer.topic and (ids := check.evidence(answer.topic.evidence_turn_ids)):
        topic = Claim(answer.topic.label.value, ids)
    resolved = None
    if answer.resolution and (ids := check.evidence(answer.resolution.evidence_turn_ids)):
        # "Resolved" requires an outcome; "not resolved" requires at least an issue.
        if outcome or (issue and not answer.resolution.resolved):
            resolved = Claim(str(answer.resolution.resolved).lower(), ids)
        else:
            check.dropped.append("outcome_not_said")
    unique = {item.text: item for item in reversed(actions)}
    return Findings(
        tuple(summary),
        topic,
        issue,
        outcome,
        resolved,
        tuple(reversed(unique.values())),
        tuple(check.dropped),
    )


class _Check:
    def __init__(self, shown: Mapping[str, Turn], role_of: Callable[[str], Role]) -> None:
        self._shown = shown
        self._role_of = role_of
        self.dropped: list[str] = []

    def evidence(self, turn_ids: Sequence[str]) -> tuple[str, ...]:
        ids = existing_evidence(turn_ids, self._shown)
        if not ids:
            self.dropped.append("evidence_unknown")
        return ids

    def claim(self, stated: StatedClaim | None, *, of_the_company: bool = False) -> Claim | None:
        if stated is None or not stated.text.strip():
            return None
        ids = self._supported(stated.text, stated.evidence_turn_ids, of_the_company)
        return Claim(stated.text.strip(), ids) if ids else None

    def action(self, stated: StatedAction) -> ActionItem | None:
        owner = Role(stated.owner)
        if not stated.text.strip():
            return None
        ids = self._supported(stated.text, stated.evidence_turn_ids, owner is Role.AGENT)
        return ActionItem(stated.text.strip(), owner, ids) if ids else None

    def _supported(self, text: str, turn_ids: Sequence[str], of_the_company: bool) -> tuple[str, ...]:
        ids = self.evidence(turn_ids)
        if not ids:
            return ()
        reason = unsupported(text, ids, self._shown)
        if reason is None and of_the_company and all(self._is_customers(i) for i in ids):
            reason = "only_the_customer_says_so"
        if reason is not None:
            self.dropped.append(reason)
            return ()
        return ids

    def _is_customers(self, turn_id: str) -> bool:
        return self._role_of(self._shown[turn_id].participant_id) is Role.CUSTOMER
