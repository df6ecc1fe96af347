"""Networks in the sizes of the four models that share a card in serve_config.yaml, with random weights.

    speech-recognizer      Whisper large-v3-turbo                  torch_whisper.py
    speaker-diarizer       PyanNet (segmentation-3.0) over windows of 10 s, and ResNet34 (WeSpeaker) for voices
    punctuation-restorer   XLM-RoBERTa large with a token classifier (fullstop-punctuation-multilang-large)
    sentiment-analyzer     XLM-RoBERTa base (paraphrase-multilingual-mpnet-base-v2)

Each does the work of one call of three minutes; ``CALL`` says how much that is. What a forward pass costs depends on
shapes and types, not on values. Not in it: decoding, voice activity, clustering, tokenizers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from benchmarks.gpu.contract import TINY, TURBO
from benchmarks.gpu.measure import features
from benchmarks.gpu.torch_whisper import Block, TorchWhisper

CALL_S = 180.0


@dataclass(frozen=True)
class Work:
    """What one call brings.

    Attributes:
        windows: of 30 s of speech, of both channels.
        segments: windows of 10 s, a second apart.
        voices: embeddings of speakers in these windows.
        turns: of at most ``turn_tokens``.
        sentences: of at most ``sentence_tokens``.
    """

    windows: int = 8
    segments: int = 171
    voices: int = 200
    turns: int = 60
    turn_tokens: int = 64
    sentences: int = 90
    sentence_tokens: int = 32


CALL = Work()
TINY_CALL = Work(1, 2, 2, 2, 4, 2, 4)
Job = Callable[[], None]


class TextEncoder(nn.Module):  # type: ignore[misc]
    """XLM-RoBERTa: embeddings, positions, and blocks of attention."""

    def __init__(self, vocabulary: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(514, width)
        self.blocks = nn.ModuleList(Block(width, heads, False) for _ in range(layers))

    def forward(self, tokens: Any) -> Any:
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            normal = block.own_norm(x)
            x = x + block.own.attend(normal, *block.own.keys_and_values(normal))
            x = x + block.feed(block.feed_norm(x))
        return x


class Segmentation(nn.Module):  # type: ignore[misc]
    """PyanNet: a filter bank, four bidirectional LSTM layers, two linear ones, seven classes."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.sound = nn.Sequential(
            *(nn.Conv1d(1, 80, 251, stride=10), nn.MaxPool1d(3), nn.Conv1d(80, 60, 5), nn.MaxPool1d(3)),
            *(nn.Conv1d(60, 60, 5), nn.MaxPool1d(3)),
        )
        self.lstm = nn.LSTM(60, width, num_layers=4, bidirectional=True, batch_first=True)
        self.classes = nn.Sequential(nn.Linear(2 * width, width), nn.Linear(width, 7))

    def forward(self, samples: Any) -> Any:
        return self.classes(self.lstm(self.sound(samples).transpose(1, 2))[0])


class Residual(nn.Module):  # type: ignore[misc]
    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            *(nn.Conv2d(inside, outside, 3, stride, 1), nn.BatchNorm2d(outside), nn.ReLU()),
            *(nn.Conv2d(outside, outside, 3, 1, 1), nn.BatchNorm2d(outside)),
        )
        self.short = (
            nn.Conv2d(inside, outside, 1, stride) if stride > 1 or inside != outside else nn.Identity()
        )

    def forward(self, x: Any) -> Any:
        return torch.relu(self.way(x) + self.short(x))


class Voices(nn.Module):  # type: ignore[misc]
    """ResNet34 of WeSpeaker: 80 mel bands, 32 channels at first, statistics over time, 256 numbers."""

    def __init__(self, channels: int = 32, blocks: tuple[int, ...] = (3, 4, 6, 3)) -> None:
        super().__init__()
        layers: list[Any] = [nn.Conv2d(1, channels, 3, 1, 1)]
        inside = channels
        for number, count in enumerate(blocks):
            outside = channels * 2**number
            for at in range(count):
                layers.append(Residual(inside, outside, 2 if number and not at else 1))
                inside = outside
        self.layers = nn.Sequential(*layers)
        self.embedding = nn.Linear(2 * inside * (80 // 2 ** (len(blocks) - 1)), 256)

    def forward(self, mels: Any) -> Any:
        x = self.layers(mels[:, None]).flatten(1, 2)
        return self.embedding(torch.cat([x.mean(-1), x.std(-1)], 1))


def job(stage: str, device: str, dtype: str, tiny: bool) -> Job:
    """A function that does the work of one call, and returns when the device has finished it."""
    work = TINY_CALL if tiny else CALL
    torch.manual_seed(0)
    if stage == "speech-recognizer":
        sizes = TINY if tiny else TURBO
        engine, sound = TorchWhisper(sizes, device, dtype), features(sizes, work.windows)
        return lambda: _ignored(engine.run(sound))
    if stage == "speaker-diarizer":
        return _diarizer(work, device, tiny)
    if stage == "punctuation-restorer":
        shape = (200, 32, 2, 1) if tiny else (250_002, 1024, 16, 24)
        # Single precision: deepmultilingualpunctuation loads the model as it is.
        return _texts(TextEncoder(*shape), work.turns, work.turn_tokens, device, "float32")
    shape = (200, 32, 2, 1) if tiny else (250_002, 768, 12, 12)
    return _texts(TextEncoder(*shape), work.sentences, work.sentence_tokens, device, "float32")


def _ignored(_: Any) -> None:
    return None


def _texts(network: Any, count: int, length: int, device: str, dtype: str, batch: int = 32) -> Job:
    network = network.eval().requires_grad_(False).to(device, getattr(torch, dtype))
    tokens = torch.randint(1, 199, (count, length), device=device)

    def run() -> None:
        with torch.inference_mode():
            for part in tokens.split(batch):
                network(part).float().mean().item()  # waits for the device

    return run


def _diarizer(work: Work, device: str, tiny: bool, batch: int = 32) -> Job:
    segmentation = Segmentation(16 if tiny else 128).eval().requires_grad_(False).to(device)
    voices = (
        Voices(4 if tiny else 32, (1, 1) if tiny else (3, 4, 6, 3)).eval().requires_grad_(False).to(device)
    )
    sound = torch.randn(work.segments, 1, 160_000, device=device)
    mels = torch.randn(work.voices, 80, 998, device=device)

    def run() -> None:
        with torch.inference_mode():
            for part in sound.split(batch):
                segmentation(part).mean().item()
            for part in mels.split(batch):
                voices(part).mean().item()

    return run
