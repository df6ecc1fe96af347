"""The answers of OpenAI's API for audio and models (https://platform.openai.com/docs/api-reference/audio), for the
OpenAPI document. Fields that not every answer has are optional."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Seconds = Annotated[float, Field(description="Seconds from the start of the recording", examples=[1.5])]


class OpenAIModel(BaseModel):
    """What every answer may have more of: OpenAI adds fields, and clients ignore what they do not know."""


class TranscriptionUsage(OpenAIModel):
    """What the transcription is billed by."""

    type: Literal["duration"] = Field(description="Audio is counted by its length")
    seconds: float = Field(description="Length of the recording")


class Transcription(OpenAIModel):
    """`response_format=json`."""

    text: str = Field(description="What was said", examples=["안녕하세요, 고객센터입니다."])
    usage: TranscriptionUsage | None = Field(default=None, description="What it is billed by")


class TranscriptionWord(OpenAIModel):
    """One word of a verbose transcription."""

    word: str = Field(description="The word")
    start: Seconds
    end: Seconds


class TranscriptionSegment(OpenAIModel):
    """One sentence of a verbose transcription."""

    id: int = Field(description="Its number, from 0")
    start: Seconds
    end: Seconds
    text: str = Field(description="What was said")
    seek: int | None = Field(default=None, description="Where its window begins")
    tokens: list[int] | None = Field(default=None, description="Its tokens")
    temperature: float | None = Field(default=None, description="Of the sampling")
    avg_logprob: float | None = Field(default=None, description="Mean logarithm of the words' probabilities")
    compression_ratio: float | None = Field(
        default=None, description="Of the text; above 2.4 it repeats itself"
    )
    no_speech_prob: float | None = Field(default=None, description="Probability that nobody speaks")


class VerboseTranscription(OpenAIModel):
    """`response_format=verbose_json`."""

    task: Literal["transcribe", "translate"] = Field(description="What was done")
    language: str = Field(description="English name of the language", examples=["korean"])
    duration: float = Field(description="Length of the recording in seconds")
    text: str = Field(description="What was said")
    segments: list[TranscriptionSegment] | None = Field(
        default=None, description="With the timestamp granularity segment, or none"
    )
    words: list[TranscriptionWord] | None = Field(
        default=None, description="With the timestamp granularity word"
    )
    usage: TranscriptionUsage | None = Field(default=None, description="What it is billed by")


class DiarizedSegment(OpenAIModel):
    """One turn of a diarized transcription."""

    type: Literal["transcript.text.segment"] = Field(description="As in the events of a stream")
    id: str = Field(description="Its id", examples=["t1"])
    start: Seconds
    end: Seconds
    speaker: str = Field(
        description="agent, customer, a known speaker's name, or a label", examples=["agent"]
    )
    text: str = Field(description="What was said")


class DiarizedTranscription(OpenAIModel):
    """`response_format=diarized_json`."""

    task: Literal["transcribe"] = Field(description="What was done")
    duration: float = Field(description="Length of the recording in seconds")
    text: str = Field(description="What was said")
    segments: list[DiarizedSegment] = Field(description="Turn by turn")
    usage: TranscriptionUsage | None = Field(default=None, description="What it is billed by")


_TEXT = {"schema": {"type": "string"}}

_EVENT = {
    "type": "object",
    "description": "With `stream=true`: one server-sent event",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "string",
            "description": "JSON whose `type` is transcript.text.delta, .segment or .done, or error",
        }
    },
}

TRANSCRIPTION_RESPONSE: dict[str, Any] = {
    "description": "The transcription, in the `response_format` that was asked for",
    "model": DiarizedTranscription | VerboseTranscription | Transcription,
    "content": {
        "application/json": {"example": {"text": "안녕하세요, 고객센터입니다."}},
        "text/plain": {"schema": {"type": "string", "description": "text, srt"}},
        "text/vtt": _TEXT,
        "text/event-stream": {"schema": _EVENT},
    },
}
"""For ``responses={200: ...}`` of the routes."""
