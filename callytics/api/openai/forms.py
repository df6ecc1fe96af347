"""The fields besides the file. Those of OpenAI that are not here are accepted and have no effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from callytics.api.openai.known_speakers import MAX_SPEAKERS, VoiceReference, read_references
from callytics.api.patterns import message
from callytics.api.uploads import Upload
from callytics.domain import CallOptions, Task
from callytics.errors import InvalidRequestError
from callytics.options.languages import language_code

MAX_HOTWORDS = 100

LISTS = frozenset(
    {
        "timestamp_granularities",
        "include",
        "keywords",
        "languages",
        "known_speaker_names",
        "known_speaker_references",
    }
)
"""Each may come several times: bare, with [] as OpenAI's clients send it, or with [0], [1] ... as some others do."""

_INDEX = re.compile(r"\[\d*\]$")


def _language(value: Any) -> str | None:
    try:
        return language_code(value)
    except InvalidRequestError as error:
        raise InvalidRequestError(error.code, error.message, "language") from error


Language = Annotated[
    str | None,
    BeforeValidator(_language),
    Field(description="A code (ko), a tag (ko-KR) or a name (korean); detected when absent", examples=["ko"]),
]


class AudioForm(BaseModel):
    """What both routes take."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(examples=["callytics"], description="One of /v1/models; OpenAI's names are taken too")
    language: Language = None
    prompt: str = Field(
        default="", max_length=2000, description="Names and terms to expect, separated by commas"
    )
    temperature: float = Field(
        default=0.0, ge=0, le=1, description="Accepted; the recogniser searches, it never samples"
    )
    stream: bool = Field(default=False, description="Server-sent events: transcript.text.delta, then .done")

    @property
    def task(self) -> Task:
        return Task.TRANSCRIBE

    @property
    def references(self) -> tuple[VoiceReference, ...]:
        return ()

    def hotwords(self) -> list[str]:
        return [term.strip() for term in self.prompt.replace("\n", ",").split(",")]

    def options(self) -> CallOptions:
        terms = [term[:100] for term in self.hotwords() if term]
        return CallOptions(language=self.language, hotwords=tuple(terms[:MAX_HOTWORDS]), task=self.task)


class TranscriptionForm(AudioForm):
    """The fields of /v1/audio/transcriptions."""

    response_format: Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"] = "json"
    timestamp_granularities: list[Literal["word", "segment"]] = Field(
        default=[], description="With verbose_json; segment when absent"
    )
    include: list[str] = Field(
        default=[], description="logprobs is refused: a call has no token probabilities"
    )
    keywords: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[], max_length=MAX_HOTWORDS, description="Names and terms to expect, besides prompt"
    )
    languages: list[Language] = Field(
        default=[], description="One is taken as language; several are detected"
    )
    known_speaker_names: list[str] = Field(
        default=[], max_length=MAX_SPEAKERS, description="With diarized_json: the labels of known voices"
    )
    known_speaker_references: list[str] = Field(
        default=[], max_length=MAX_SPEAKERS, description="Of each name 2 to 10 s of speech, as a data URL"
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if "word" in self.timestamp_granularities and self.response_format != "verbose_json":
            raise InvalidRequestError(
                "verbose_json_needed",
                f"timestamp_granularities[]=word needs response_format=verbose_json, not {self.response_format}.",
                "timestamp_granularities",
            )
        if "logprobs" in self.include:
            raise InvalidRequestError(
                "logprobs_unsupported",
                "include[]=logprobs is not supported: after punctuation the text no longer consists of the "
                "recogniser's tokens. verbose_json has avg_logprob of every segment, GET /v1/calls/{id}/result a "
                "confidence of every word.",
                "include",
            )
        if self.include:
            raise InvalidRequestError(
                "invalid_value", f"include[] takes no {self.include[0][:40]!r}.", "include"
            )
        if self.known_speaker_names and self.response_format != "diarized_json":
            raise InvalidRequestError(
                "diarized_json_needed",
                "known_speaker_names[] needs response_format=diarized_json; nothing else names speakers.",
                "known_speaker_names",
            )
        if self.stream and self.response_format in ("srt", "vtt"):
            raise InvalidRequestError(
                "stream_unsupported",
                f"{self.response_format} comes in one piece; leave stream out, or ask for another response_format.",
                "stream",
            )
        return self

    @property
    def references(self) -> tuple[VoiceReference, ...]:
        return read_references(self.known_speaker_names, self.known_speaker_references)

    def hotwords(self) -> list[str]:
        return [*super().hotwords(), *(term.strip() for term in self.keywords)]

    def options(self) -> CallOptions:
        options = super().options()
        only = self.languages[0] if len(self.languages) == 1 else None
        return CallOptions(**{**vars(options), "language": options.language or only})


class TranslationForm(AudioForm):
    """The fields of /v1/audio/translations. ``language`` is that of the recording."""

    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    timestamp_granularities: list[Literal["segment"]] = Field(
        default=[], description="Words of a translation have no times"
    )

    @property
    def task(self) -> Task:
        return Task.TRANSLATE

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if self.stream and self.response_format in ("srt", "vtt"):
            raise InvalidRequestError(
                "stream_unsupported",
                f"{self.response_format} comes in one piece; leave stream out.",
                "stream",
            )
        return self


Form = TypeVar("Form", TranscriptionForm, TranslationForm)


def read_form(upload: Upload, form: type[Form]) -> Form:
    """The fields of an upload. An empty one counts as absent: programs send their whole form.

    Raises:
        InvalidRequestError: 400 with the name of the field, as OpenAI answers (/v1/calls answers 422).
    """
    try:
        return form.model_validate(_values(upload, form.model_fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
        raise InvalidRequestError(code, f"{field}: {message(first)}.", field) from error


def _values(upload: Upload, known: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in upload.fields:
        plain = _INDEX.sub("", name)
        if plain in LISTS:
            values.setdefault(plain, []).append(value)
        elif name in values and name in known:
            raise InvalidRequestError("invalid_value", f"{name}: given more than once.", name)
        elif value.strip():
            values[name] = value
    return {name: [v for v in value if v] if name in LISTS else value for name, value in values.items()}
