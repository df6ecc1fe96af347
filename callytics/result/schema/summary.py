"""What the call was about, and what shows it."""

from __future__ import annotations

from pydantic import Field

from callytics.domain import Proof, Role
from callytics.result.schema.base import ResultModel, TurnIds


class ActionItemDetail(ResultModel):
    """A task that remains after the call."""

    text: str = Field(description="The task.")
    owner: Role = Field(description="The party that must do it.")
    evidence_turn_ids: TurnIds
    due: str | None = Field(
        default=None,
        description="The day or term that was said for it, in the call's words; null if none was.",
    )


class QuoteDetail(ResultModel):
    """Verbatim words of a turn."""

    turn_id: str = Field(description="Id of the turn.")
    text: str = Field(description="Its words, character by character but for white space.")


class CheckedClaimDetail(ResultModel):
    """A statement of a language model that the result shows, and the words that it was judged by."""

    field: str = Field(
        description="Field that shows it: `summary` (one entry per sentence), `topic`, `issue`, `outcome`, `resolved` "
        "or `action_item`."
    )
    text: str = Field(description="The statement; `true` or `false` for `resolved`.")
    quotes: list[QuoteDetail] = Field(description="The words that the model quotes for it.")
    proof: Proof = Field(
        description="Whether the quotes prove it. What they contradict is never shown, only counted."
    )
    reason: str = Field(
        default="",
        description="What the quotes lack, for programs: `number_not_said`, `negation_turned` and so on; empty if "
        "proven.",
    )


class ClaimCountsDetail(ResultModel):
    """How many statements of the language model its quotes prove."""

    proven: int = Field(description="Statements that their quotes prove.")
    unproven: int = Field(description="Statements that their quotes do not show, dropped or shown by option.")
    contradicted: int = Field(description="Statements that their quotes contradict; always dropped.")
    verified: bool = Field(
        description="A second, independent question to the model was asked as well; false: rules only."
    )


class LanguageModelUsageDetail(ResultModel):
    """Usage of the language model for this call."""

    requests: int = Field(description="Requests to the endpoint, including repeated ones.")
    input_tokens: int = Field(description="Tokens sent, counted by the endpoint.")
    output_tokens: int = Field(description="Tokens received, counted by the endpoint.")
    cost_usd: float | None = Field(
        default=None, description="Cost in US dollars by the configured prices; null without prices."
    )


class ContactSummaryDetail(ResultModel):
    """The text of each claim; ``evidence`` names the turns that show it, claim by claim."""

    summary: str | None = Field(description="The call in a few sentences; null if the call shows none.")
    topic: str | None = Field(description="Subject of the call, for instance `refund`; null if unclear.")
    issue: str | None = Field(description="Why the customer called; null if the call does not show it.")
    outcome: str | None = Field(description="The outcome; null if the call does not show it.")
    still_open: str | None = Field(
        default=None, description="What the call left open; null if nothing, or if the call does not show it."
    )
    uncertain: list[str] = Field(
        default=[],
        description="Claims that are the best candidate only, to be checked: `issue`, `outcome`, `still_open`, and "
        "those that a language model does not prove.",
    )
    resolved: bool | None = Field(
        description="Whether the issue was solved; null if the call does not show it."
    )
    action_items: list[ActionItemDetail] = Field(
        description="Tasks that remain after the call; may be empty."
    )
    evidence: dict[str, list[str]] = Field(
        description="Turn ids by claim: `summary`, `topic`, `issue`, `outcome`, `still_open`; only those not null."
    )
    evidence_turn_ids: list[str] = Field(description="All turns that support any claim or action item.")
    engine: str = Field(
        default="",
        description="The engine used, if it is not the one that `job_details` names for llm-analyzer.",
    )
    model: str = Field(default="", description="Its model; empty if `engine` is.")
    usage: LanguageModelUsageDetail | None = Field(
        default=None, description="Usage of the language model; null if none was used."
    )
    claims: list[CheckedClaimDetail] = Field(
        default=[],
        description="The shown statements of a language model with their quotes; empty without one.",
    )
    claim_counts: ClaimCountsDetail | None = Field(
        default=None, description="All statements of the language model by proof; null without one."
    )
    replaced: list[str] = Field(
        default=[],
        description="Fields (`summary`, `issue`, `outcome`) whose statement was dropped for want of proof and in which "
        "the extractive engine's candidate stands.",
    )
    corrected: list[str] = Field(
        default=[],
        description="Fields that a person wrote: `summary`, `topic`, `issue`, `outcome`, `still_open`, `resolved`, "
        "`action_items`. They have no evidence and no claims.",
    )
