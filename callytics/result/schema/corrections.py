"""What people corrected."""

from __future__ import annotations

from pydantic import Field

from callytics.domain import CorrectionStatus
from callytics.result.schema.base import ResultModel


class CorrectionDetail(ResultModel):
    """The outcome of a person's correction in this result. The corrected text is in the call's history:
    `GET /v1/calls/{call_id}/corrections`."""

    correction_id: str = Field(description="Its id in that history.")
    kind: str = Field(
        description="`words`, `speaker_name`, `role`, `turn_speaker`, `split`, `merge`, `mood` or `summary`; later "
        "versions may add kinds."
    )
    status: CorrectionStatus = Field(
        description="SUPERSEDED by a later one at the same place; NOT_APPLIED, and `reason` says why."
    )
    turn_id: str = Field(
        description="The turn of this result that was corrected (the first of two, after a split); empty if none was."
    )
    participant_id: str = Field(description="The party of the correction.")
    reason: str = Field(
        description="`no_turn_there`, `turn_has_other_bounds`, `no_word_there`, `redacted_words_changed`, "
        "`no_participant_there`, `turn_not_judged`, `stage_failed`, `identifies`, `kind_unknown`; empty if it was "
        "applied."
    )
