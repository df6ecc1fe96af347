"""Domain objects and results as compressed JSON: readable by every version and every environment, unlike a pickle."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from callytics import domain
from callytics.domain import Audio, CallOptions


def pack(text: bytes) -> bytes:
    return zlib.compress(text, level=6)


def unpack(data: bytes) -> bytes:
    return zlib.decompress(data)


def encode(output: Any) -> bytes:
    """The output of a stage, a dataclass of callytics.domain, as compressed JSON.

    ``Audio`` is kept without its samples, which is enough for the report, but not for an engine that processes sound.
    The samples are large, and their recording is in the blob store.
    """
    if isinstance(output, Audio):
        output = output.without_samples()
        output = replace(output, pcm=replace(output.pcm, buffer=""))  # JSON has no bytes
    document = {"type": type(output).__name__, "value": asdict(output)}
    # NaN and infinity (an SNR without noise) are written in the form of Python's json module.
    return pack(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def decode(data: bytes) -> Any:
    """The inverse of :func:`encode`.

    Raises:
        ValueError: written by a version with other types; the stage must run again.
    """
    document = json.loads(unpack(data))
    output_type = getattr(domain, document["type"], None)
    if output_type is None:
        raise ValueError(f"unknown type of stage output: {document['type']}")
    output = _adapter(output_type).validate_python(document["value"])
    if isinstance(output, Audio):
        output = replace(output, pcm=replace(output.pcm, buffer=b""))
    return output


_NEWER_OPTIONS = ("task", "known_speakers", "audio_channels", "denoise", "written_forms")
"""Left out where they are not used, so that a call of before has the same key as the same request today."""


def options_to_json(options: CallOptions) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(asdict(options)))
    for name in _NEWER_OPTIONS:
        if getattr(options, name) == getattr(CallOptions(), name):
            del value[name]
    return value


def options_from_json(value: dict[str, Any]) -> CallOptions:
    options: CallOptions = _adapter(CallOptions).validate_python(value)
    return options


@cache
def _adapter(output_type: Any) -> TypeAdapter[Any]:
    return TypeAdapter(output_type)
