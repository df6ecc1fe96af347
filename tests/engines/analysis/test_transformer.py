"""Texts of different lengths go through the layers together, and weights of few bits are numbers again."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.analysis.transformer import (
    HEADS,
    Array,
    Layer,
    Linear,
    Norm,
    groups_of,
    layer_of,
    unpacked,
)

WIDTH = 2 * HEADS


def layer() -> Layer:
    rng = np.random.default_rng(1)

    def linear(wide: int, narrow: int) -> Linear:
        return Linear(rng.normal(size=(wide, narrow)).astype(np.float32), np.zeros(narrow, np.float32))

    def norm() -> Norm:
        return Norm(np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32))

    return Layer(
        linear(WIDTH, 3 * WIDTH),
        linear(WIDTH, WIDTH),
        norm(),
        linear(WIDTH, 4 * WIDTH),
        linear(4 * WIDTH, WIDTH),
        norm(),
    )


def pieces(count: int, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)


def test_text_does_not_see_the_others() -> None:
    read, long, short = layer(), pieces(7, 2), pieces(3, 3)
    together = read(np.vstack([long, short]), groups_of(np.array([7, 3])))
    assert together[:7] == pytest.approx(read(long.copy(), groups_of(np.array([7]))), abs=1e-5)
    assert together[7:] == pytest.approx(read(short.copy(), groups_of(np.array([3]))), abs=1e-5)


def test_pieces_of_a_text_see_each_other() -> None:
    read, text = layer(), pieces(4, 4)
    changed = text.copy()
    changed[3] += 1.0
    groups = groups_of(np.array([4]))
    assert not np.allclose(read(text.copy(), groups)[0], read(changed, groups)[0], atol=1e-3)


def test_four_bits_are_the_low_halves_then_the_high_ones() -> None:
    digits = np.full((1, 1, 16), 0x9C, dtype=np.uint8)
    found = unpacked(np.array([[0.5]], dtype=np.float16), digits)
    assert found.tolist() == [[2.0] * 16 + [0.5] * 16]


def test_eight_bits_have_a_scale_per_row() -> None:
    data = {f"0.{name}.{part}": np.zeros(1) for name in ("norm", "last") for part in ("weight", "bias")}
    for name in ("attend", "after", "widen", "narrow"):
        data[f"0.{name}.digits"] = np.array([[1, -2], [3, 127]], dtype=np.int8)
        data[f"0.{name}.scales"] = np.array([[0.5], [2.0]], dtype=np.float32)
        data[f"0.{name}.bias"] = np.zeros(2)
    assert layer_of(data, 0).attend.weight.tolist() == [[0.5, 6.0], [-1.0, 254.0]]
