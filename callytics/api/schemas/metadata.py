"""What the uploader knows about a call."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from callytics.api.schemas.fields import ShortText, StrictBody
from callytics.options.checks import call_time

MAX_CUSTOM_BYTES = 16 * 1024


def _is_a_time(value: str) -> str:
    call_time(value)
    return value


Direction = Literal["inbound", "outbound", "internal"]
StartedAt = Annotated[str, AfterValidator(_is_a_time), Field(examples=["2026-11-22T09:30:00+09:00"])]


class MetadataBody(StrictBody):
    """What you know about the call. In a PATCH, null clears a field and absent fields stay."""

    external_id: ShortText | None = Field(default=None, description="Your own id of the call")
    agent_id: ShortText | None = Field(default=None, description="The agent who took the call")
    queue: ShortText | None = Field(default=None, description="The queue, skill or campaign of the call")
    direction: Direction | None = Field(default=None, description="Who called whom")
    started_at: StartedAt | None = Field(
        default=None, description="When the call took place; ISO 8601 with an offset"
    )
    custom: dict[str, Any] | None = Field(
        default=None,
        description="Any other JSON, at most 16 KiB; merged with existing entries, null removes an entry",
        examples=[{"campaign": "spring"}],
    )

    @field_validator("custom")
    @classmethod
    def _is_plain_json(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) > MAX_CUSTOM_BYTES:
            raise ValueError(f"must be at most {MAX_CUSTOM_BYTES} bytes of JSON")
        return value
