"""How well the agent communicated: criteria and lapses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CriterionState(StrEnum):
    """What was seen of a criterion. NOT_RECORDED: the call is cut where it belongs; NOT_CALLED_FOR: nothing asked for
    it; MEASURED: a criterion of degree, neither shown nor missing; NOT_JUDGED: no agent is known, no rules."""

    SHOWN = "shown"
    NOT_SHOWN = "not_shown"
    NOT_RECORDED = "not_recorded"
    NOT_CALLED_FOR = "not_called_for"
    MEASURED = "measured"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class QualityCriterion:
    """``id``: greeting, empathy, clarity, listening, closing, politeness. ``score``: 0..100, None if the criterion
    does not apply (politeness level outside Korean, or no speech)."""

    id: str
    score: float | None
    evidence_turn_ids: tuple[str, ...] = ()
    detail: str = ""
    state: CriterionState = CriterionState.NOT_JUDGED


@dataclass(frozen=True)
class ConductLapse:
    """Something that an agent said and should not have.

    Attributes:
        kind: swearing, insult, threat, scorn, dismissal, blame, refuses_name, sigh, pressure, plain_speech,
            honorific_for_a_thing, unfit (congratulation on a loss), manner (by the learned model, no wording),
            protested (the customer protests about the tone of the turn).
        severity: 3 (caps the score of the call at once), 2, or 1 (a slip).
        quote: the sentence.
        correction: how it is said right; empty if no form alone would mend it.
    """

    kind: str
    severity: int
    turn_id: str
    quote: str
    correction: str = ""
