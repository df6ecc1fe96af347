"""Which files of a folder or a hub repository are a Whisper that an engine serves, and whether they are whole.

Two formats: CTranslate2 (``model.bin``) and Transformers (``model.safetensors``). Pickled weights
(``pytorch_model.bin``) are refused, because loading them runs code that is inside the file. Needs neither torch nor
CTranslate2.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from callytics.errors import WeightsError

CTRANSLATE2, TRANSFORMERS = "ctranslate2", "transformers"
ENGINES = {
    CTRANSLATE2: "callytics.engines.recognition.faster_whisper:FasterWhisperRecognizer",
    TRANSFORMERS: "callytics.engines.recognition.transformers_whisper:TransformersWhisperRecognizer",
}
"""Format -> the engine of the stage speech-recognizer that serves it."""

MAX_JSON_BYTES = 64 << 20
"""Limit for a configuration or tokenizer; the tokenizer of Whisper large-v3 has 2.7 MB."""

_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_OPTIONAL_OF_TRANSFORMERS = (
    "added_tokens.json", "generation_config.json", "merges.txt", "model.safetensors.index.json", "normalizer.json",
    "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
)  # fmt: skip


def choose_files(names: Collection[str], origin: str) -> tuple[str, tuple[str, ...]]:
    """The format, and the files that belong to it.

    Args:
        names: of all files that are there.
        origin: the folder or hub id, for messages.

    Raises:
        WeightsError: ``model_not_whisper``: a file is missing; ``weights_pickled``: only pickled weights.
    """
    if "model.bin" in names:
        wanted = ["config.json", "model.bin", "tokenizer.json", *_vocabulary(names)]
        optional = ["preprocessor_config.json"]
        kind = CTRANSLATE2
    elif "model.safetensors" in names or any(_SHARD.fullmatch(name) for name in names):
        weights = (
            ["model.safetensors"] if "model.safetensors" in names else sorted(filter(_SHARD.fullmatch, names))
        )
        tokenizer = ["tokenizer.json"] if "tokenizer.json" in names else ["vocab.json", "merges.txt"]
        wanted = ["config.json", "preprocessor_config.json", *weights, *tokenizer]
        optional = list(_OPTIONAL_OF_TRANSFORMERS)
        if "model.safetensors" in names:
            optional.remove("model.safetensors.index.json")  # of shards that are not taken
        kind = TRANSFORMERS
    elif "pytorch_model.bin" in names:
        raise WeightsError(
            "weights_pickled",
            f"{origin} has pickled weights only (pytorch_model.bin), and loading them runs code that is inside. "
            "Convert them: ct2-transformers-converter, or save_pretrained(..., safe_serialization=True).",
        )
    else:
        raise WeightsError(
            "model_not_whisper",
            f"{origin} has neither model.bin (CTranslate2) nor model.safetensors (Transformers). A Whisper in one of "
            "these two formats is needed.",
        )
    if missing := [name for name in wanted if name not in names]:
        raise WeightsError(
            "model_not_whisper", f"{origin}: a Whisper in {kind} format also has {', '.join(missing)}."
        )
    return kind, tuple(dict.fromkeys([*wanted, *(name for name in optional if name in names)]))


def _vocabulary(names: Collection[str]) -> list[str]:
    return [name for name in ("vocabulary.json", "vocabulary.txt") if name in names][:1] or [
        "vocabulary.json"
    ]


def check_files(folder: Path, kind: str, names: Collection[str], origin: str) -> None:
    """That the files are those of a Whisper, and whole: configuration, tokenizer, header and size of the weights.

    Raises:
        WeightsError: ``model_not_whisper`` or ``weights_corrupt``.
    """
    config = _json(folder / "config.json", origin)
    if "tokenizer.json" in names:
        tokenizer = _json(folder / "tokenizer.json", origin)
        if "<|startoftranscript|>" not in {
            token.get("content") for token in tokenizer.get("added_tokens", [])
        }:
            raise WeightsError(
                "model_not_whisper",
                f"{origin}: tokenizer.json has no token <|startoftranscript|> of Whisper.",
            )
    if kind == CTRANSLATE2:
        _check_model_bin(folder / "model.bin", origin)
        return
    if config.get("model_type") != "whisper":
        raise WeightsError(
            "model_not_whisper",
            f"{origin}: config.json says model_type {config.get('model_type')!r}, not 'whisper'.",
        )
    tensors: dict[str, Any] = {}
    for name in names:
        if name.endswith(".safetensors"):
            tensors |= _tensors(folder / name, origin)
    _check_tensors(tensors, config, origin)
    if "model.safetensors.index.json" in names:
        index = _json(folder / "model.safetensors.index.json", origin)
        if missing := sorted(set(index.get("weight_map", {})) - set(tensors)):
            raise WeightsError("weights_corrupt", f"{origin}: {missing[0]} of the index is in no file.")


def _json(path: Path, origin: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ValueError(f"larger than {MAX_JSON_BYTES >> 20} MB")
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("not an object")
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            "weights_corrupt", f"{origin}: {path.name} cannot be read as JSON ({error})."
        ) from error
    return document


def _check_model_bin(path: Path, origin: str) -> None:
    """The header of CTranslate2 (model.h): format version, name of the specification."""
    with path.open("rb") as stream:
        head = stream.read(6)
        length = struct.unpack("<IH", head)[1] if len(head) == 6 else 0
        name = stream.read(min(length, 64)).rstrip(b"\0").decode("ascii", "replace")
    if name != "WhisperSpec":
        raise WeightsError(
            "model_not_whisper",
            f"{origin}: model.bin is no Whisper of CTranslate2 (its header says {name!r}).",
        )


def _tensors(path: Path, origin: str) -> Mapping[str, Any]:
    """Name -> entry of the header of a safetensors file, whose size must be the one that the header implies."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        try:
            if not 2 <= length <= min(size - 8, MAX_JSON_BYTES):
                raise ValueError(f"header of {length} bytes")
            header = json.loads(stream.read(length))
            header.pop("__metadata__", None)
            end = max(int(entry["data_offsets"][1]) for entry in header.values())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise WeightsError(
                "weights_corrupt", f"{origin}: {path.name} is no safetensors file ({error})."
            ) from error
    if size != 8 + length + end:
        raise WeightsError(
            "weights_corrupt", f"{origin}: {path.name} has {size} bytes, its header says {8 + length + end}."
        )
    return dict(header)


def _check_tensors(tensors: Mapping[str, Any], config: Mapping[str, Any], origin: str) -> None:
    expected = {
        "model.encoder.conv1.weight": [config.get("d_model"), config.get("num_mel_bins"), 3],
        "model.decoder.embed_tokens.weight": [config.get("vocab_size"), config.get("d_model")],
    }
    for name, shape in expected.items():
        found = tensors.get(name, {}).get("shape")
        if found != shape:
            raise WeightsError(
                "weights_corrupt",
                f"{origin}: the weights {name} have shape {found}, config.json says {shape}.",
            )
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1}
    for name, entry in tensors.items():
        width = sizes.get(entry.get("dtype"))
        begin, end = entry["data_offsets"]
        if width and end - begin != width * math.prod(entry.get("shape", ())):
            raise WeightsError(
                "weights_corrupt", f"{origin}: the weights {name} do not have the size of their shape."
            )
