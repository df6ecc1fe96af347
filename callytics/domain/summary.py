"""What the call was about: claims, their proof, and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callytics.domain.flag import Flag
from callytics.domain.participants import Role
from callytics.domain.sentiment import SentimentLabel


@dataclass(frozen=True)
class Claim:
    """A statement about the call and the turns that support it."""

    text: str
    evidence_turn_ids: tuple[str, ...]


@dataclass(frozen=True)
class ActionItem:
    """``due``: the day or term that was said for it, in the call's own words; None if none was."""

    text: str
    owner: Role
    evidence_turn_ids: tuple[str, ...]
    due: str | None = None


class Proof(StrEnum):
    """Whether the quoted words of the call prove a statement of a language model."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Quote:
    """Verbatim words of a turn."""

    turn_id: str
    text: str


@dataclass(frozen=True)
class CheckedClaim:
    """A statement of a language model that the result shows, and the words that prove it.

    ``field`` is the field of the summary that shows it; ``reason`` says what its quotes lack, "" if they prove it.
    """

    field: str
    text: str
    quotes: tuple[Quote, ...]
    proof: Proof
    reason: str = ""


@dataclass(frozen=True)
class ClaimCounts:
    """How many statements of a language model are proven, unproven and contradicted; ``verified``: by a second
    question as well."""

    proven: int
    unproven: int
    contradicted: int
    verified: bool


@dataclass(frozen=True)
class TurnTone:
    """What a language model heard in a turn: mood by what is meant, and the verbatim words that show it."""

    turn_id: str
    label: SentimentLabel
    irony: bool
    empathy: bool
    rude: bool
    quote: Quote


@dataclass(frozen=True)
class LanguageModelUsage:
    """Usage of an analysis. ``cost_usd`` is None if the configuration has no prices."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


@dataclass(frozen=True)
class ContactSummary:
    """Output of llm-analyzer. A field is None if the conversation does not show it.

    ``still_open`` is what the call left open: a refused or pending issue; None if nothing is. ``uncertain`` names the
    claims ("issue", "outcome", ...) that are the best candidate only. ``engine`` and ``model`` name the engine that
    made the summary, if it can differ from the configured engine (a fallback); if empty, the configured engine made it.
    ``claims`` and ``claim_counts`` are a language model's; ``replaced`` names the fields whose claim was not proven and
    in which the extractive engine's candidate stands; ``corrected`` names the fields that a person wrote. ``tones`` are
    a language model's judgements of single turns.
    """

    summary: Claim | None
    topic: Claim | None
    issue: Claim | None
    outcome: Claim | None
    resolved: bool | None
    action_items: tuple[ActionItem, ...] = ()
    engine: str = ""
    model: str = ""
    usage: LanguageModelUsage | None = None
    flags: tuple[Flag, ...] = ()
    still_open: Claim | None = None
    uncertain: tuple[str, ...] = ()
    claims: tuple[CheckedClaim, ...] = ()
    claim_counts: ClaimCounts | None = None
    replaced: tuple[str, ...] = ()
    tones: tuple[TurnTone, ...] = ()
    corrected: tuple[str, ...] = ()
