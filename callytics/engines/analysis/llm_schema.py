"""The required answer of the language model: checked by pydantic, and sent to the endpoint as a JSON schema.

Every field is required and no other field is allowed, as the strict mode of OpenAI's structured outputs demands. The
model receives the descriptions as part of the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_ENUM = 500
"""Values that OpenAI's structured outputs allow in one enum; more ids are checked in the answer only."""


class Topic(StrEnum):
    """The topics of topics.tsv, and wrong_number: both engines file calls under the same names."""

    ACCOUNT = "account"
    APPOINTMENT = "appointment"
    BILLING = "billing"
    CANCELLATION = "cancellation"
    CARD_LOSS = "card_loss"
    COMPLAINT = "complaint"
    DELIVERY = "delivery"
    HEALTH = "health"
    INQUIRY = "inquiry"
    INSURANCE_CLAIM = "insurance_claim"
    LOAN = "loan"
    ORDER = "order"
    OTHER = "other"
    PLAN_CHANGE = "plan_change"
    PUBLIC_SERVICE = "public_service"
    REFUND = "refund"
    RETURN_EXCHANGE = "return_exchange"
    SALES = "sales"
    SURVEY = "survey"
    TECHNICAL_SUPPORT = "technical_support"
    WRONG_NUMBER = "wrong_number"


class AnswerModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StatedQuote(AnswerModel):
    turn_id: str = Field(description="id of the turn")
    words: str = Field(
        description="words of that turn that prove the statement, copied character by character"
    )


class StatedClaim(AnswerModel):
    text: str
    quotes: list[StatedQuote]


class StatedTopic(AnswerModel):
    label: Topic
    quotes: list[StatedQuote]


class StatedResolution(AnswerModel):
    resolved: bool
    quotes: list[StatedQuote]


class StatedAction(AnswerModel):
    text: str
    owner: Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]
    quotes: list[StatedQuote] = Field(description="the words in which it was promised or agreed")


class Answer(AnswerModel):
    """The analysis of a call, or of a part of one."""

    summary: list[StatedClaim] = Field(description="one to five sentences, in the order of the call")
    topic: StatedTopic | None
    issue: StatedClaim | None
    outcome: StatedClaim | None
    resolution: StatedResolution | None
    action_items: list[StatedAction]


class Verdict(AnswerModel):
    claim: str = Field(description="id of the claim")
    verdict: Literal["entailed", "contradicted", "not_shown"]


class Verdicts(AnswerModel):
    """The answer to the second question: one verdict per claim."""

    verdicts: list[Verdict]


def answer_schema(turn_ids: Sequence[str]) -> dict[str, Any]:
    """The schema of :class:`Answer` in which only these turns can be quoted."""
    schema = Answer.model_json_schema()
    return limited(schema, "StatedQuote", "turn_id", turn_ids)


def verdicts_schema(claim_ids: Sequence[str]) -> dict[str, Any]:
    """The schema of :class:`Verdicts` in which only these claims can be judged."""
    return limited(Verdicts.model_json_schema(), "Verdict", "claim", claim_ids)


def limited(schema: dict[str, Any], definition: str, name: str, ids: Sequence[str]) -> dict[str, Any]:
    """The schema in which the field ``name`` of ``definition`` can hold only these ids."""
    if 0 < len(ids) <= MAX_ENUM:
        schema["$defs"][definition]["properties"][name]["enum"] = list(ids)
    return schema
