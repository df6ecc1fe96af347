"""Whisper base as a folder that `transformers` loads, made from the CTranslate2 weights that the project pulls.

A model hub cannot be reached everywhere, and no registry carries these weights for `transformers`. They are the same
numbers in another order: CTranslate2 joins the projections of query, key and value into one matrix. So the real
engine runs on the real model. Needs numpy and safetensors, no torch.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.weights import manifest as models
from tests.support.checkpoints import require

Tensors = dict[str, npt.NDArray[Any]]

_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""Type codes of ctranslate2/specs/model_spec.py, _dtype_to_type_id."""

_WIDTH, _LAYERS, _HEADS, _MELS = 512, 6, 8, 80  # Radford et al. 2022, table 1: base


def read_ctranslate2(path: Path) -> Tensors:
    """Name -> weights of a CTranslate2 model.bin (format version 6)."""
    data = memoryview(path.read_bytes())
    position = 0

    def number(form: str) -> int:
        nonlocal position
        (value,) = struct.unpack_from(form, data, position)
        position += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal position
        length = number("<H")
        value = bytes(data[position : position + length - 1]).decode()
        position += length
        return value

    assert number("<I") == 6
    text()
    number("<I")
    tensors: Tensors = {}
    for _ in range(number("<I")):
        name = text()
        shape = [number("<I") for _ in range(number("<B"))]
        dtype = _DTYPES[number("<B")]
        size = number("<I")
        tensors[name] = np.frombuffer(data[position : position + size], dtype).reshape(shape)
        position += size
    return tensors


def _renamed(tensors: Tensors) -> Tensors:
    weights: Tensors = {
        "model.decoder.embed_tokens.weight": tensors["decoder/embeddings/weight"],
        "model.decoder.embed_positions.weight": tensors["decoder/position_encodings/encodings"],
        "model.encoder.embed_positions.weight": tensors["encoder/position_encodings/encodings"],
    }
    for part in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            weights[f"model.encoder.{part}.{kind}"] = tensors[f"encoder/{part}/{kind}"]

    def norm(source: str, target: str) -> None:
        weights[f"{target}.weight"] = tensors[f"{source}/layer_norm/gamma"]
        weights[f"{target}.bias"] = tensors[f"{source}/layer_norm/beta"]

    def linear(source: str, targets: list[str]) -> None:
        for kind in ("weight", "bias"):
            parts = np.split(tensors[f"{source}/{kind}"], len(targets))
            for target, part in zip(targets, parts, strict=True):
                if not (kind == "bias" and target.endswith("k_proj")):  # Whisper's keys have no bias
                    weights[f"{target}.{kind}"] = part

    for side in ("encoder", "decoder"):
        norm(side, f"model.{side}.layer_norm")
        for number in range(_LAYERS):
            source, target = f"{side}/layer_{number}", f"model.{side}.layers.{number}"
            attention = f"{target}.self_attn"
            norm(f"{source}/self_attention", f"{attention}_layer_norm")
            linear(f"{source}/self_attention/linear_0", [f"{attention}.{n}_proj" for n in "qkv"])
            linear(f"{source}/self_attention/linear_1", [f"{attention}.out_proj"])
            norm(f"{source}/ffn", f"{target}.final_layer_norm")
            linear(f"{source}/ffn/linear_0", [f"{target}.fc1"])
            linear(f"{source}/ffn/linear_1", [f"{target}.fc2"])
            if side == "decoder":
                cross = f"{target}.encoder_attn"
                norm(f"{source}/attention", f"{cross}_layer_norm")
                linear(f"{source}/attention/linear_0", [f"{cross}.q_proj"])
                linear(f"{source}/attention/linear_1", [f"{cross}.k_proj", f"{cross}.v_proj"])
                linear(f"{source}/attention/linear_2", [f"{cross}.out_proj"])
    return weights


def write_checkpoint(ctranslate2_folder: Path, folder: Path) -> Path:
    """``folder`` with config, weights, tokenizer and preprocessor, as a hub would give it."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = _renamed(read_ctranslate2(ctranslate2_folder / "model.bin"))
    save_file(
        {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    shutil.copy(ctranslate2_folder / "tokenizer.json", folder)
    converted = json.loads((ctranslate2_folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = json.loads((ctranslate2_folder / "tokenizer.json").read_text(encoding="utf-8"))
    ids = {entry["content"]: entry["id"] for entry in tokenizer["added_tokens"]}
    for name, document in _documents(converted, ids).items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


def _documents(converted: dict[str, Any], ids: dict[str, int]) -> dict[str, dict[str, Any]]:
    """The JSON files of the checkpoint: values of openai/whisper-base where the weights do not fix them."""
    start, end = ids["<|startoftranscript|>"], ids["<|endoftext|>"]
    common = {
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": start,
    }
    config = {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "vocab_size": 51865,
        "num_mel_bins": _MELS,
        "d_model": _WIDTH,
        **{f"{side}_layers": _LAYERS for side in ("encoder", "decoder")},
        **{f"{side}_attention_heads": _HEADS for side in ("encoder", "decoder")},
        **{f"{side}_ffn_dim": 4 * _WIDTH for side in ("encoder", "decoder")},
        "max_source_positions": 1500,
        "max_target_positions": 448,
        **common,
    }
    languages = set(converted["lang_ids"])
    generation = {
        **common,
        "alignment_heads": converted["alignment_heads"],
        "suppress_tokens": converted["suppress_ids"],
        "begin_suppress_tokens": converted["suppress_ids_begin"],
        "lang_to_id": {token: number for token, number in ids.items() if number in languages},
        "task_to_id": {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")},
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        "is_multilingual": True,
        "max_initial_timestamp_index": 50,
        "max_length": 448,
    }
    tokens = {f"{name}_token": "<|endoftext|>" for name in ("bos", "eos", "unk", "pad")}
    return {
        "config.json": config,
        "generation_config.json": generation,
        "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer", **tokens, "model_max_length": 448},
        "preprocessor_config.json": {
            "feature_extractor_type": "WhisperFeatureExtractor",
            "feature_size": _MELS,
            "sampling_rate": 16_000,
            "hop_length": 160,
            "n_fft": 400,
            "chunk_length": 30,
            "padding_value": 0.0,
            "return_attention_mask": False,
        },
    }


@cache
def whisper_on_transformers() -> Any:
    """The engine on the real weights, one beam: with five, this suite takes a quarter of an hour on two cores."""
    require("transformers", "speech-recognizer-transformers")
    from callytics.engines.recognition.transformers_whisper import TransformersWhisperRecognizer

    folder = models.models_folder().absolute() / ".tests" / "whisper-base"
    if not folder.exists():
        models.pull("whisper-base")
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        write_checkpoint(models.locate("whisper-base"), partial).rename(folder)
    return TransformersWhisperRecognizer(model=str(folder), beam_size=1)
