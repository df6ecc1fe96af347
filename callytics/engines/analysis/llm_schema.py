"""The required answer of the language model: checked by pydantic, and sent to the endpoint as a JSON schema.

Every field is required and no other field is allowed, as the strict mode of OpenAI's structured outputs demands. The
model receives the descriptions as part of the schema.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


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


class StatedClaim(AnswerModel):
    text: str
    evidence_turn_ids: list[str] = Field(description="ids of the turns that show it")


class StatedTopic(AnswerModel):
    label: Topic
    evidence_turn_ids: list[str] = Field(description="ids of the turns that show it")


class StatedResolution(AnswerModel):
    resolved: bool
    evidence_turn_ids: list[str] = Field(description="ids of the turns that show it")


class StatedAction(AnswerModel):
    text: str
    owner: Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]
    evidence_turn_ids: list[str] = Field(description="ids of the turns in which it was promised or agreed")


class Answer(AnswerModel):
    """The analysis of a call, or of a part of one."""

    summary: list[StatedClaim] = Field(description="one to five sentences, in the order of the call")
    topic: StatedTopic | None
    issue: StatedClaim | None
    outcome: StatedClaim | None
    resolution: StatedResolution | None
    action_items: list[StatedAction]


def answer_json_schema() -> dict[str, Any]:
    return Answer.model_json_schema()
