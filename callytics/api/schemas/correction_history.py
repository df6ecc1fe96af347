"""The history of a call's corrections."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class CorrectionView(BaseModel):
    """A correction made by a person. It is kept when it is undone and when the call is analysed again."""

    correction_id: str = Field(
        description="The id used in `corrections` of the result", examples=["01kaqf3v9x6z2h8m4n7p5r1t0w"]
    )
    kind: str = Field(
        description="words, speaker_name, role, turn_speaker, split, merge, mood or summary; more kinds may be added",
        examples=["words"],
    )
    turn_id: str = Field(
        description="Id of the turn at the time of the correction (the first, of a merge); empty for a name, a "
        "role and a summary",
        examples=["t3"],
    )
    participant_id: str = Field(
        description="The participant who spoke the words, was named, or got a role; empty for a summary",
        examples=["spk_0"],
    )
    field: str | None = Field(
        description="Of a summary: the field of `contact_summary`", examples=["outcome"]
    )
    begin_offset_ms: int = Field(
        description="Start in the recording; for a name or a role, of the participant's longest turn"
    )
    end_offset_ms: int = Field(description="End in the recording")
    before: str = Field(
        description="The previous text, participant, role or sentiment; two turns, or tasks, on a line each; empty if "
        "there was none"
    )
    after: str | None = Field(description="The corrected one; null: the name, or the field, was removed")
    created_by: str = Field(description="Id of the API key or user that made the correction")
    created_at: datetime = Field(description="Time of the correction")
    undone_by: str | None = Field(description="Id of the API key or user that undid it; null: it is in force")
    undone_at: datetime | None = Field(description="Time when it was undone")


class CorrectionList(BaseModel):
    """The history of a call's corrections."""

    corrections: list[CorrectionView] = Field(description="Oldest first, including undone corrections")
    key_names: dict[str, str] = Field(
        description="Names of the API keys among `created_by` and `undone_by`, by their ids",
        examples=[{"01k9…": "Minji"}],
    )
