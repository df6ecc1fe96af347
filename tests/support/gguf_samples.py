"""A language model of 150 kB with random weights, which llama.cpp opens: it talks nonsense, in whatever form is asked.

Its words are single bytes, so every schema can be followed. For the format of the file, and for llama.cpp without the
gigabyte of a real model.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

WIDTH, HIDDEN, HEADS, CONTEXT = 64, 128, 2, 32768
UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
CHAT_TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>"
    "{% endfor %}assistant: "
)
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def tiny_model(**changes: Any) -> bytes:
    """The file. ``changes``: metadata by their names with "_" for "."; None leaves one out."""
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    metadata = {key: value for key, value in (_metadata() | changed).items() if value is not None}
    tensors = _tensors()
    data, infos, offset = b"", b"", 0
    for name, values in tensors.items():
        infos += _text(name) + struct.pack("<I", values.ndim)
        infos += struct.pack(f"<{values.ndim}Q", *reversed(values.shape)) + struct.pack("<IQ", 0, offset)
        data += values.tobytes()
        offset = len(data)  # multiples of 32 as they are: all shapes are
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(_text(key) + _value(value) for key, value in metadata.items()) + infos
    return head + b"\0" * (-len(head) % 32) + data


def _metadata() -> dict[str, Any]:
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    return {
        "general.architecture": "llama",
        "general.name": "tiny",
        "general.license": "apache-2.0",
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": HIDDEN,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": [UNKNOWN, CONTROL, CONTROL, *([BYTE] * 256)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }


def _tensors() -> Mapping[str, Any]:
    random = np.random.default_rng(7)

    def weights(*shape: int) -> Any:
        return random.normal(0, 0.05, shape).astype("<f4")

    square = {f"blk.0.attn_{name}.weight": weights(WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
    return {
        "token_embd.weight": weights(259, WIDTH),
        "output_norm.weight": np.ones(WIDTH, "<f4"),
        "output.weight": weights(259, WIDTH),
        "blk.0.attn_norm.weight": np.ones(WIDTH, "<f4"),
        **square,
        "blk.0.ffn_norm.weight": np.ones(WIDTH, "<f4"),
        "blk.0.ffn_gate.weight": weights(HIDDEN, WIDTH),
        "blk.0.ffn_up.weight": weights(HIDDEN, WIDTH),
        "blk.0.ffn_down.weight": weights(WIDTH, HIDDEN),
    }


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _text(value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    items = list(value)
    if isinstance(items[0], str):
        return struct.pack("<IIQ", ARRAY, STRING, len(items)) + b"".join(map(_text, items))
    kind, form = (FLOAT32, "f") if isinstance(items[0], float) else (5, "i")
    return struct.pack("<IIQ", ARRAY, kind, len(items)) + struct.pack(f"<{len(items)}{form}", *items)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
