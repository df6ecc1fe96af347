"""The form of an upload."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from callytics.api.patterns import PRINTABLE
from callytics.api.schemas.fields import Language, ShortText, WholeNumber
from callytics.api.schemas.metadata import Direction, MetadataBody, StartedAt
from callytics.api.strict import parse_json
from callytics.domain import CallOptions, Denoise
from callytics.options.checks import (
    AUDIO_CHANNELS,
    MAX_CHANNELS,
    MAX_HOTWORD_LENGTH,
    MAX_HOTWORDS,
    MAX_SPEAKERS,
    SAMPLE_RATES_HZ,
)
from callytics.store import Priority
from callytics.store.records.calls import METADATA_FIELDS

Hotword = Annotated[str, Field(min_length=1, max_length=MAX_HOTWORD_LENGTH, pattern=PRINTABLE)]


def _split_hotwords(value: Any) -> Any:
    return [word.strip() for text in value for word in re.split(r"[,\n]", text) if word.strip()]


def _parse_metadata(value: Any) -> Any:
    try:
        return parse_json(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from error


class CallForm(BaseModel):
    """The form fields of an upload, besides the file. All are optional."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Field(
        default=None,
        description="A code (ko), BCP 47 (ko-KR) or a name (Korean, 한국어); detected when absent, empty or auto",
    )
    agent_channel: WholeNumber | None = Field(
        default=None,
        ge=0,
        lt=MAX_CHANNELS,
        description="Channel of the agent in a stereo recording, from 0",
    )
    num_speakers: WholeNumber | None = Field(
        default=None, ge=1, le=MAX_SPEAKERS, description="Number of speakers in a mono recording, if known"
    )
    hotwords: Annotated[list[Hotword], BeforeValidator(_split_hotwords)] = Field(
        default=[],
        max_length=MAX_HOTWORDS,
        description="Names and terms to expect; repeat the field, or separate them with commas",
    )
    audio_format: Literal["mulaw", "alaw", "s16le", "g722", "gsm", "vox"] | None = Field(
        default=None,
        description="Encoding of a file without a header; by default what its extension (.ulaw, .sln16, .vox) tells",
    )
    audio_sample_rate_hz: WholeNumber | None = Field(
        default=None,
        ge=SAMPLE_RATES_HZ[0],
        le=SAMPLE_RATES_HZ[-1],
        description="Sample rate of a file without a header",
    )
    audio_channels: WholeNumber | None = Field(
        default=None,
        ge=AUDIO_CHANNELS[0],
        le=AUDIO_CHANNELS[-1],
        description="Channels of a file without a header: 1, or 2 whose samples alternate (mulaw, alaw, s16le)",
    )
    denoise: Denoise | None = Field(
        default=None,
        description="Analyse with noise reduced on: channels that it helps (auto), all, none; default: as configured",
    )
    metadata: Annotated[MetadataBody | None, BeforeValidator(_parse_metadata)] = Field(
        default=None, description="JSON: external_id, agent_id, queue, direction, started_at, custom"
    )
    external_id: ShortText | None = Field(default=None, description="As in `metadata`, without JSON")
    agent_id: ShortText | None = Field(
        default=None, description="As in `metadata`, without JSON", examples=["kim.minji"]
    )
    queue: ShortText | None = Field(default=None, description="As in `metadata`, without JSON")
    direction: Direction | None = Field(default=None, description="As in `metadata`, without JSON")
    started_at: StartedAt | None = Field(default=None, description="As in `metadata`, without JSON")
    media_url: str | None = Field(
        default=None,
        max_length=2000,
        description="URL to fetch the recording from, instead of a file; its host must be allowed by the settings",
        examples=["https://recordings.example.org/2026/11/call.wav"],
    )
    redact_pii: bool = Field(
        default=False,
        description="Remove names, addresses and numbers of people from all texts and from the served audio",
    )
    written_forms: bool = Field(
        default=False,
        description="Also give each turn with numbers, dates and amounts in written form (`written`): 567,000원, $120",
    )
    deduplicate: bool = Field(
        default=True,
        description="False: analyse again even if the same audio and options were analysed before",
    )

    priority: Priority = Field(
        default=Priority.NORMAL,
        description="Priority among your own calls; other tenants still get their turn",
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, values: Any) -> Any:
        """Forms of web pages send every field, and an empty one says nothing."""
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value != "" or name not in cls.model_fields}

    def options(self) -> CallOptions:
        return CallOptions(
            language=self.language,
            agent_channel=self.agent_channel,
            num_speakers=self.num_speakers,
            hotwords=tuple(self.hotwords),
            audio_format=self.audio_format,
            audio_sample_rate_hz=self.audio_sample_rate_hz,
            audio_channels=self.audio_channels,
            redact_pii=self.redact_pii,
            denoise=self.denoise,
            written_forms=self.written_forms,
        )

    @field_validator(*METADATA_FIELDS)
    @classmethod
    def _as_in_metadata(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A value given twice must be the same both times, so that no client has to guess which one counts."""
        metadata: MetadataBody | None = info.data.get("metadata")
        name = str(info.field_name)
        if metadata is not None and name in metadata.model_fields_set and getattr(metadata, name) != value:
            raise ValueError(
                f"is given a second time, and differently, in metadata: {getattr(metadata, name)!r}"
            )
        return value

    def metadata_json(self) -> dict[str, Any]:
        fields = self.model_dump(include=set(METADATA_FIELDS), exclude_unset=True)
        return {**fields, **(self.metadata.model_dump(exclude_unset=True) if self.metadata else {})}
