"""How the work on the call went."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from callytics.domain import StageStatus
from callytics.result.schema.base import ResultModel


class StageDetail(ResultModel):
    """The run of one stage of the graph on this call."""

    name: str = Field(description="The stage, for instance `speech-recognizer`.")
    status: StageStatus = Field(description="Its outcome. A stage that FAILED is also in `errors`.")
    attempts: int = Field(
        description="Number of attempts for this call; 0: its result for the "
        "same recording in another call was used."
    )
    duration_ms: int = Field(description="Wall time of the last attempt, in milliseconds.")
    application: str = Field(
        default="", description="The Serve application that ran it; distinguishes versions."
    )
    engine: str = Field(default="", description="The engine class, as in the configuration.")
    model: str = Field(default="", description="The weights that the engine used; empty if it uses none.")
    model_revision: str = Field(default="", description="The publisher's revision of the weights.")
    config_hash: str = Field(
        default="", description="Hash of the engine's options: equal hashes, equal settings."
    )


class StageErrorDetail(ResultModel):
    """An optional stage failed, and its block of the result is null."""

    stage: str = Field(description="The stage that failed.")
    code: str = Field(description="Stable, for programs, in snake_case.")
    message: str = Field(description="What failed and why, for people; may change.")


class JobDetails(ResultModel):
    """The stages' runs and errors."""

    stages: list[StageDetail] = Field(default=[], description="In the order of the graph.")
    errors: list[StageErrorDetail] = Field(
        default=[], description="Reasons for missing parts; empty unless `job_status` is PARTIAL."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_skipped(cls, data: Any) -> Any:
        """Results of versions before 0.2.0 have an empty list ``skipped``."""
        if isinstance(data, dict) and data.get("skipped") == []:
            return {name: value for name, value in data.items() if name != "skipped"}
        return data


class ResultFlag(ResultModel):
    """A remark for the reader of the result."""

    code: str = Field(
        description="Stable, for programs: `dual_mono`, `truncated`, `announcement`, `language_uncertain`, "
        "`mixed_languages`, `pii_redacted` and so on."
    )
    message: str = Field(description="The same for people, with the figures of this call; may change.")
