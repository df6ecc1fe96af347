"""Known speakers: names, and of each a few seconds of their voice as a data URL (RFC 2397).

The recordings become blobs of the call and are deleted with it; the audio-processor decodes them, the speaker-diarizer
compares them with the voices of the call.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from callytics.api.services import Services
from callytics.domain import CallOptions, KnownSpeaker, Recording
from callytics.errors import InvalidMediaError, InvalidRequestError

MAX_SPEAKERS = 4
MIN_REFERENCE_S = 2.0
MAX_REFERENCE_S = 10.0
"""OpenAI's limits."""

TOLERANCE_S = 0.1
"""Codecs cut into frames."""

MAX_REFERENCE_BYTES = 3 << 20
"""Limit of a data URL: ten seconds of CD quality are 2.4 MB in base64."""

_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)
_NAMES, _REFERENCES = "known_speaker_names", "known_speaker_references"


@dataclass(frozen=True)
class VoiceReference:
    name: str
    data: bytes


def read_references(names: Sequence[str], data_urls: Sequence[str]) -> tuple[VoiceReference, ...]:
    """
    Raises:
        InvalidRequestError: not one data URL of each name, or names that cannot be labels.
    """
    if len(names) != len(data_urls):
        raise InvalidRequestError(
            "known_speakers_invalid",
            f"{len(names)} {_NAMES}[] and {len(data_urls)} {_REFERENCES}[]: send one of each, in the same order.",
            _REFERENCES if names else _NAMES,
        )
    for name in names:
        if not name.strip() or len(name) > 64 or not name.isprintable() or names.count(name) > 1:
            raise InvalidRequestError(
                "known_speakers_invalid",
                "A known speaker's name is 1 to 64 printable characters and unlike the others.",
                _NAMES,
            )
    return tuple(VoiceReference(name, _decoded(url)) for name, url in zip(names, data_urls, strict=True))


def _decoded(data_url: str) -> bytes:
    head = _DATA_URL.match(data_url)
    try:
        if head is None:
            raise ValueError
        return base64.b64decode(data_url[head.end() :], validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequestError(
            "known_speakers_invalid", "A reference is a data URL: data:audio/wav;base64,UklGR...", _REFERENCES
        ) from error


async def with_known_speakers(
    options: CallOptions,
    references: Sequence[VoiceReference],
    services: Services,
    call_id: str,
    turn: Callable[[], AbstractAsyncContextManager[None]],
) -> CallOptions:
    """The options with the references, which are stored as blobs of the call.

    Args:
        turn: to examine a recording (turns.py); one for each, so that four take no longer from others than one.

    Raises:
        InvalidRequestError: one cannot be decoded, or is too short or too long.
    """
    speakers = []
    for number, reference in enumerate(references):
        blob = f"voice-{number}"
        await asyncio.to_thread(_write, services, call_id, blob, reference.data)
        speaker = KnownSpeaker(reference.name, services.blobs.uri(call_id, blob))
        recording = Recording(call_id, speaker.uri)
        try:
            async with turn():
                media = await services.audio.probe(recording, CallOptions(), 2 * MAX_REFERENCE_S)
        except InvalidMediaError as error:
            raise _unusable(reference, error.message) from error
        if not MIN_REFERENCE_S - TOLERANCE_S <= media.duration_s <= MAX_REFERENCE_S + TOLERANCE_S:
            raise _unusable(reference, f"it lasts {media.duration_s:.1f} s")
        speakers.append(speaker)
    return replace(options, known_speakers=tuple(speakers))


def _unusable(reference: VoiceReference, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        "known_speakers_invalid",
        f"The reference of {reference.name!r} cannot be used: {why}. Send 2 to 10 seconds of this person alone.",
        _REFERENCES,
    )


def _write(services: Services, call_id: str, blob: str, data: bytes) -> None:
    with services.blobs.writer(call_id, blob) as writer:
        writer.write(data)
