"""Whether a GGUF file is a chat model that llama.cpp can serve, and whole. Reads the header only; needs no llama.cpp.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 2 and 3, little-endian).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from callytics.errors import WeightsError

FORMAT = "gguf"
SUFFIX = ".gguf"
SERVER = "callytics.language_model.llama:LlamaServer"
"""What serves it, in the application llm-server."""

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_COUNT = 1 << 24
"""Limit for keys, tensors and items of an array; the tokenizer of Gemma has 262,144 tokens."""
MAX_STRING_BYTES = 1 << 24
DEFAULT_ALIGNMENT = 32

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

_BLOCKS = {  # tensor type -> (elements, bytes) of a block: ggml.h and ggml-common.h
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


@dataclass(frozen=True)
class GgufHeader:
    """``licence``: as the file says; "" if it says none."""

    architecture: str
    name: str
    licence: str
    has_chat_template: bool
    tensor_bytes: int
    data_start: int


def check_gguf(path: Path, origin: str) -> GgufHeader:
    """
    Raises:
        WeightsError: ``model_not_gguf``: no GGUF file, or no chat model; ``weights_corrupt``: it is not whole.
    """
    try:
        with path.open("rb") as stream:
            header = _header(stream)
    except (struct.error, ValueError, KeyError, OverflowError, RecursionError) as error:
        raise WeightsError(
            "model_not_gguf", f"{origin} is no GGUF file that can be read: {error}."
        ) from error
    if not header.has_chat_template:
        raise WeightsError(
            "model_not_gguf",
            f"{origin} has no chat template (tokenizer.chat_template): it is no model that answers questions. An "
            "'instruct' or 'chat' variant of it is needed.",
        )
    size, whole = path.stat().st_size, header.data_start + header.tensor_bytes
    if size < whole:
        raise WeightsError("weights_corrupt", f"{origin} has {size} bytes, its header says {whole}.")
    return header


def _header(stream: BinaryIO) -> GgufHeader:
    if stream.read(4) != MAGIC:
        raise ValueError("its first bytes are not GGUF")
    version, tensors, keys = _unpack(stream, "IQQ")
    if version not in VERSIONS:
        raise ValueError(f"version {version} is not one of {VERSIONS}")
    if max(tensors, keys) > MAX_COUNT:
        raise ValueError(f"{tensors} tensors, {keys} keys")
    values = {_string(stream): _value(stream) for _ in range(keys)}
    if values.get("split.count", 0) > 1:
        raise ValueError("it is one of several parts; join them with llama-gguf-split --merge")
    alignment = int(values.get("general.alignment", DEFAULT_ALIGNMENT))
    end = max((_tensor_end(stream) for _ in range(tensors)), default=0)
    start = math.ceil(stream.tell() / alignment) * alignment
    return GgufHeader(
        architecture=str(values["general.architecture"]),
        name=str(values.get("general.name", "")),
        licence=str(values.get("general.license", "")),
        has_chat_template=bool(values.get("tokenizer.chat_template")),
        tensor_bytes=end,
        data_start=start,
    )


def _tensor_end(stream: BinaryIO) -> int:
    """Where the data of the next tensor end, from the start of all data; where they begin, for an unknown type."""
    _string(stream)
    (dimensions,) = _unpack(stream, "I")
    if dimensions > 8:
        raise ValueError(f"a tensor of {dimensions} dimensions")
    shape = _unpack(stream, "Q" * dimensions)
    kind, offset = _unpack(stream, "IQ")
    if kind not in _BLOCKS:
        return int(offset)
    elements, width = _BLOCKS[kind]
    return int(offset) + int(math.prod(shape)) // elements * width


def _value(stream: BinaryIO) -> Any:
    (kind,) = _unpack(stream, "I")
    return _of_kind(stream, kind)


def _of_kind(stream: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(stream)
    if kind == _ARRAY:
        item, count = _unpack(stream, "IQ")
        if count > MAX_COUNT:
            raise ValueError(f"an array of {count} items")
        if item in _SCALARS:
            stream.seek(count * struct.calcsize(f"<{_SCALARS[item]}"), 1)
        else:
            for _ in range(count):
                _of_kind(stream, item)
        return None  # no array is asked for
    return _unpack(stream, _SCALARS[kind])[0]


def _string(stream: BinaryIO) -> str:
    (length,) = _unpack(stream, "Q")
    if length > MAX_STRING_BYTES:
        raise ValueError(f"a string of {length} bytes")
    data = stream.read(length)
    if len(data) != length:
        raise ValueError("it ends inside a string")
    return data.decode("utf-8", "replace")


def _unpack(stream: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{form}", stream.read(struct.calcsize(f"<{form}")))
