"""Whisper's network in plain torch: fused attention (SDPA), a static cache, and on a card one CUDA graph per step.

Written out instead of taken from transformers, so that nothing but torch is needed and the cache has a fixed place: a
CUDA graph replays kernels at fixed addresses.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.gpu.contract import NotHere, OutOfMemory, Sizes

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    raise NotHere(f"torch is not installed ({error})") from error

START = 0


class Attention(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key, self.value = nn.Linear(width, width, bias=False), nn.Linear(width, width)

    def split(self, x: Any) -> Any:
        """(batch, length, width) -> (batch, heads, length, width of a head)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def keys_and_values(self, x: Any) -> tuple[Any, Any]:
        return self.split(self.key(x)), self.split(self.value(x))

    def attend(self, x: Any, keys: Any, values: Any, mask: Any = None) -> Any:
        mixed = functional.scaled_dot_product_attention(self.split(self.query(x)), keys, values, mask)
        return self.out(mixed.transpose(1, 2).flatten(-2))


class Block(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int, heads: int, crosses: bool) -> None:
        super().__init__()
        self.own, self.own_norm = Attention(width, heads), nn.LayerNorm(width)
        self.cross = Attention(width, heads) if crosses else None
        self.cross_norm = nn.LayerNorm(width) if crosses else None
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.feed_norm = nn.LayerNorm(width)


class Network(nn.Module):  # type: ignore[misc]
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.first = nn.Conv1d(sizes.mels, sizes.width, 3, padding=1)
        self.second = nn.Conv1d(sizes.width, sizes.width, 3, stride=2, padding=1)
        self.places = nn.Parameter(torch.randn(sizes.positions, sizes.width) * 0.02)
        self.encoder = nn.ModuleList(
            Block(sizes.width, sizes.heads, False) for _ in range(sizes.encoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(sizes.width)
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.text_places = nn.Parameter(torch.randn(sizes.text_positions, sizes.width) * 0.02)
        self.decoder = nn.ModuleList(
            Block(sizes.width, sizes.heads, True) for _ in range(sizes.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(sizes.width)

    def encode(self, features: Any) -> Any:
        """(batch, mels, 3000) -> (batch, 1500, width)."""
        x = functional.gelu(self.second(functional.gelu(self.first(features)))).transpose(1, 2) + self.places
        for block in self.encoder:
            normal = block.own_norm(x)
            x = x + block.own.attend(normal, *block.own.keys_and_values(normal))
            x = x + block.feed(block.feed_norm(x))
        return self.encoder_norm(x)


class _State:
    """All that a decoder step reads and writes, at fixed addresses.

    Args:
        rows: windows times beams.
    """

    def __init__(self, network: Network, sizes: Sizes, rows: int, device: Any, dtype: Any) -> None:
        def cache(length: int) -> list[Any]:
            shape = (rows, sizes.heads, length, sizes.width // sizes.heads)
            return [torch.zeros(shape, device=device, dtype=dtype) for _ in network.decoder]

        self.length = sizes.tokens + 1
        self.keys, self.values = cache(self.length), cache(self.length)
        self.sound_keys, self.sound_values = cache(sizes.positions), cache(sizes.positions)
        self.token = torch.zeros(rows, 1, device=device, dtype=torch.long)
        self.place = torch.zeros(1, device=device, dtype=torch.long)
        self.order = torch.arange(rows, device=device)
        self.range = torch.arange(self.length, device=device)
        self.graph: Any = None


class TorchWhisper:
    """
    Args:
        dtype: "float16", "bfloat16" or "float32".
        beams: hypotheses per window. With several, their caches are put in a new order after every step, as a beam
            search does; which hypotheses win is not searched, since random weights have none that are better.
        uses_graph: replay each step as a CUDA graph; on a card only.
    """

    def __init__(
        self, sizes: Sizes, device: str, dtype: str, beams: int = 1, uses_graph: bool = False
    ) -> None:
        if uses_graph and not device.startswith("cuda"):
            raise NotHere("CUDA graphs need a card")
        self.name = f"torch SDPA, static cache{', CUDA graphs' if uses_graph else ''}"
        torch.manual_seed(0)
        self._sizes, self._beams, self._uses_graph = sizes, beams, uses_graph
        self._device, self._dtype = torch.device(device), getattr(torch, dtype)
        with torch.device("cpu"):
            self._network = Network(sizes).eval()
        self._network.to(self._device, self._dtype).requires_grad_(False)
        self._states: dict[int, _State] = {}

    def run(self, features: Any) -> list[list[int]]:
        try:
            with torch.inference_mode():
                return self._run(features)
        except torch.OutOfMemoryError as error:
            self._states.clear()
            torch.cuda.empty_cache()
            raise OutOfMemory(str(error).splitlines()[0]) from error

    def _run(self, features: Any) -> list[list[int]]:
        placed = torch.from_numpy(np.ascontiguousarray(features)).to(self._device, self._dtype)
        state = self._state(len(features))
        encoded = self._network.encode(placed)
        for number, block in enumerate(self._network.decoder):
            keys, values = block.cross.keys_and_values(encoded)
            state.sound_keys[number].copy_(keys.repeat_interleave(self._beams, 0))
            state.sound_values[number].copy_(values.repeat_interleave(self._beams, 0))
        state.token.fill_(START)
        written = []
        for place in range(self._sizes.tokens):
            state.place.fill_(place)
            if state.graph is None:
                self._step(state)
            else:
                state.graph.replay()
            written.append(state.token.clone())
        best = torch.cat(written, 1)[:: self._beams]
        found: list[list[int]] = best.cpu().tolist()  # waits for the card
        return found

    def _state(self, num_windows: int) -> _State:
        rows = num_windows * self._beams
        if rows not in self._states:
            self._states.clear()  # the caches of one batch at a time: those of 128 windows are gigabytes
            state = _State(self._network, self._sizes, rows, self._device, self._dtype)
            if self._uses_graph:
                self._capture(state)
            self._states[rows] = state
        return self._states[rows]

    def _capture(self, state: _State) -> None:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # kernels are chosen and libraries loaded before the capture
            for _ in range(3):
                self._step(state)
        torch.cuda.current_stream().wait_stream(side)
        state.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(state.graph):
            self._step(state)

    def _step(self, state: _State) -> None:
        """One token for every row: reads and writes ``state`` only, with shapes that never change."""
        network = self._network
        x = network.tokens(state.token) + network.text_places[state.place]
        mask = (state.range <= state.place)[None, None, None]
        for number, block in enumerate(network.decoder):
            normal = block.own_norm(x)
            keys, values = block.own.keys_and_values(normal)
            state.keys[number].index_copy_(2, state.place, keys)
            state.values[number].index_copy_(2, state.place, values)
            x = x + block.own.attend(normal, state.keys[number], state.values[number], mask)
            normal = block.cross_norm(x)
            x = x + block.cross.attend(normal, state.sound_keys[number], state.sound_values[number])
            x = x + block.feed(block.feed_norm(x))
        logits = functional.linear(network.decoder_norm(x), network.tokens.weight)
        state.token.copy_(logits.float().argmax(-1))
        if self._beams > 1:
            for cache in (*state.keys, *state.values):
                cache.copy_(cache.index_select(0, state.order))


def parameters(sizes: Sizes) -> int:
    """How many a model in these sizes has."""
    with torch.device("meta"):
        return sum(math.prod(weight.shape) for weight in Network(sizes).parameters())
