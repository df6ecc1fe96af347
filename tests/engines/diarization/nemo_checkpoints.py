"""Tiny NeMo models with random weights, saved as ``.nemo`` files: real loading and inference, no meaning.

Only importable where NeMo is installed (runtime_envs/speaker-diarizer-nemo.txt), so tests import it late.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from nemo.collections.asr.models import (
    EncDecClassificationModel,
    EncDecSpeakerLabelModel,
    SortformerEncLabelModel,
)
from omegaconf import OmegaConf

MEL = {
    "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
    "normalize": "per_feature",
    "sample_rate": 16_000,
}
DATA = {"manifest_filepath": None, "batch_size": 1, "sample_rate": 16_000, "shuffle": False, "num_workers": 0}


def _jasper(channels: int) -> dict[str, Any]:
    block = {"filters": channels, "repeat": 1, "kernel": [3], "stride": [1], "dilation": [1], "dropout": 0.0}
    block |= {"residual": False, "separable": True, "se": False}
    return {
        "_target_": "nemo.collections.asr.modules.ConvASREncoder",
        "feat_in": 80,
        "activation": "relu",
        "conv_mask": True,
        "jasper": [block, block],
    }


def save_vad(path: Path) -> Path:
    """MarbleNet's form: background or speech in a window."""
    torch.manual_seed(0)
    config = {
        "sample_rate": 16_000,
        "labels": ["background", "speech"],
        "train_ds": None,
        "validation_ds": None,
        "test_ds": None,
        "preprocessor": {
            **MEL,
            "features": 80,
            "window_size": 0.025,
            "window_stride": 0.01,
            "normalize": None,
        },
        "encoder": _jasper(16),
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoderClassification",
            "feat_in": 16,
            "num_classes": 2,
            "return_logits": True,
            "pooling_type": "avg",
        },
    }
    EncDecClassificationModel(cfg=OmegaConf.create(config)).save_to(str(path))
    return path


def save_speaker(path: Path) -> Path:
    """TitaNet's form: an embedding of a stretch of speech."""
    torch.manual_seed(0)
    config = {
        "sample_rate": 16_000,
        "train_ds": {**DATA, "labels": None},
        "validation_ds": {**DATA, "labels": None},
        "test_ds": {**DATA, "labels": None},
        "preprocessor": {**MEL, "features": 80, "window_size": 0.025, "window_stride": 0.01},
        "encoder": _jasper(32),
        "decoder": {
            "_target_": "nemo.collections.asr.modules.SpeakerDecoder",
            "feat_in": 32,
            "num_classes": 4,
            "pool_mode": "attention",
            "emb_sizes": 16,
            "angular": True,
        },
        "loss": {
            "_target_": "nemo.collections.asr.losses.angularloss.AngularSoftmaxLoss",
            "scale": 30,
            "margin": 0.2,
        },
    }
    EncDecSpeakerLabelModel(cfg=OmegaConf.create(config)).save_to(str(path))
    return path


def save_sortformer(path: Path, max_speakers: int = 4) -> Path:
    """Sortformer's form: four speakers every 80 ms."""
    torch.manual_seed(0)
    width = 16
    config = {
        "sample_rate": 16_000,
        "pil_weight": 0.5,
        "ats_weight": 0.5,
        "max_num_of_spks": max_speakers,
        "train_ds": None,
        "validation_ds": None,
        "test_ds": None,
        "model_defaults": {"fc_d_model": width, "tf_d_model": width},
        "preprocessor": {**MEL, "features": 80, "window_size": 0.025, "window_stride": 0.01, "dither": 0.0},
        "sortformer_modules": {
            "_target_": "nemo.collections.asr.modules.sortformer_modules.SortformerModules",
            "num_spks": max_speakers,
            "dropout_rate": 0.0,
            "fc_d_model": width,
            "tf_d_model": width,
        },
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConformerEncoder",
            "feat_in": 80,
            "feat_out": -1,
            "n_layers": 1,
            "d_model": width,
            "subsampling": "dw_striding",
            "subsampling_factor": 8,
            "subsampling_conv_channels": 8,
            "n_heads": 2,
            "self_attention_model": "rel_pos",
            "conv_kernel_size": 9,
        },
        "transformer_encoder": {
            "_target_": "nemo.collections.asr.modules.transformer.transformer_encoders.TransformerEncoder",
            "num_layers": 1,
            "hidden_size": width,
            "inner_size": width,
            "num_attention_heads": 2,
        },
        "loss": {
            "_target_": "nemo.collections.asr.losses.bce_loss.BCELoss",
            "weight": None,
            "reduction": "mean",
        },
    }
    SortformerEncLabelModel(cfg=OmegaConf.create(config)).save_to(str(path))
    return path
