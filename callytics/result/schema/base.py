"""What all models of the result share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from callytics.domain import Role

SCHEMA_VERSION = "1.0"


ParticipantId = Annotated[str, Field(description="Id of a party in `participants`, for instance `spk_0`.")]
ParticipantRole = Annotated[Role, Field(description="The role of that party in the call.")]
BeginMs = Annotated[
    int, Field(description="Where it begins, in milliseconds from the start of the recording.")
]
EndMs = Annotated[
    int,
    Field(
        description="Where it ends, in milliseconds from the start of the recording; not before it begins."
    ),
]
TurnIds = Annotated[list[str], Field(description="Ids of the turns that show it, in the order of the call.")]


class ResultModel(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")
