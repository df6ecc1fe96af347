"""Files that look like a Whisper in both formats, small and without a meaning: what is checked is their form."""

from __future__ import annotations

import json
import struct

TOKENIZER = json.dumps(
    {"added_tokens": [{"id": 1, "content": "<|startoftranscript|>"}], "model": {}}
).encode()
D_MODEL, MELS, VOCABULARY = 4, 8, 16


def ctranslate2(name: bytes = b"WhisperSpec") -> dict[str, bytes]:
    text = name + b"\0"
    return {
        "config.json": b'{"alignment_heads": [[0, 0]], "lang_ids": [2]}',
        "model.bin": struct.pack("<IH", 6, len(text)) + text + struct.pack("<II", 3, 0) + b"weights",
        "tokenizer.json": TOKENIZER,
        "vocabulary.txt": b"a\nb\n",
        "README.md": b"# of the publisher",
    }


def safetensors(shapes: dict[str, list[int]]) -> bytes:
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 2
        for length in shape:
            size *= length
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def transformers() -> dict[str, bytes]:
    config = {"model_type": "whisper", "d_model": D_MODEL, "num_mel_bins": MELS, "vocab_size": VOCABULARY}
    shapes = {
        "model.encoder.conv1.weight": [D_MODEL, MELS, 3],
        "model.decoder.embed_tokens.weight": [VOCABULARY, D_MODEL],
    }
    return {
        "config.json": json.dumps(config).encode(),
        "generation_config.json": b"{}",
        "model.safetensors": safetensors(shapes),
        "preprocessor_config.json": b"{}",
        "tokenizer.json": TOKENIZER,
    }
