"""How well the agent communicated."""

from __future__ import annotations

from pydantic import Field

from callytics.result.schema.base import ResultModel, TurnIds


class CriterionDetail(ResultModel):
    """One criterion of how well the agent communicated."""

    id: str = Field(description="`greeting`, `empathy`, `clarity`, `listening`, `closing` or `politeness`.")
    score: float | None = Field(description="From 0 to 100; null if it does not apply to this call.")
    evidence_turn_ids: TurnIds
    detail: str = Field(default="", description="Basis of the score, for people; may change.")
    state: str = Field(
        default="",
        description="`shown`, `not_shown`, `not_recorded` (the call is cut where it belongs), `not_called_for`, "
        "`measured` (a matter of degree) or `not_judged`; empty in results of older versions.",
    )


class LapseDetail(ResultModel):
    """Something that an agent said and should not have. Found by wording: the quote tells whether it is one."""

    kind: str = Field(
        description="`swearing`, `insult`, `threat`, `scorn`, `dismissal`, `blame`, `refuses_name`, `sigh`, "
        "`pressure`, `plain_speech`, `honorific_for_a_thing`, `unfit` (congratulation on a loss), `manner` (by the "
        "learned model, no wording), or `protested`: the customer protests about the tone."
    )
    severity: int = Field(description="3: grave, 2: a lapse, 1: a slip. Each limits the overall score.")
    turn_id: str = Field(description="Id of the turn.")
    quote: str = Field(description="The sentence.")
    correction: str = Field(
        default="", description="The right form of the sentence, if the form is the fault."
    )


class CommunicationQuality(ResultModel):
    """How well the agent communicated."""

    overall: float | None = Field(
        description="From 0 to 100, the weighted mean of the criteria that apply, limited by the lapses; null if "
        "no criterion applies."
    )
    judged_criteria: int = Field(default=0, description="Number of criteria that the overall score rests on.")
    criteria: list[CriterionDetail] = Field(description="One entry per criterion.")
    lapses: list[LapseDetail] = Field(
        default=[], description="Lapses of agents, the gravest first, then in the order of the call."
    )
