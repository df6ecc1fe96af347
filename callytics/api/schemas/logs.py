"""The log lines of a call."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class LogLine(BaseModel):
    """A line that a service logged while it worked on a call."""

    time: datetime = Field(description="Time at which the line was written")
    level: str = Field(description="INFO, WARNING, ERROR or CRITICAL", examples=["INFO"])
    stage: str = Field(
        description="Stage of the pipeline, or the service that is none", examples=["speech-recognizer"]
    )
    application: str = Field(
        description="Serve application: the stage's, or another version of it", examples=["speech-recognizer"]
    )
    version: str = Field(description="Configuration hash of an engine stage; package version of a service")
    replica: str = Field(description="Id of the replica that wrote the line", examples=["x3k9fq2a"])
    logger: str = Field(description="Python logger", examples=["deployments.stage"])
    message: str = Field(description="The line, at most 2,000 characters", examples=["done in 1.27 s"])
    traceback: str | None = Field(description="Files, lines and types of an error, without its text")


class CallLogs(BaseModel):
    """The log lines of a call."""

    call_id: str = Field(description="Id of the call")
    lines: list[LogLine] = Field(max_length=500, description="Lines by time, from all stages")
    last: int = Field(ge=0, description="The next request's `after`, for the lines that come later")
