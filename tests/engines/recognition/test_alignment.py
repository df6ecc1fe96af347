from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from callytics.engines.recognition.alignment import cheapest_path, median_filtered, token_starts


def cost_of(cost: np.ndarray, starts: np.ndarray) -> float:
    """Cost of the path that stays with a token until the next one starts."""
    ends = [*starts[1:], cost.shape[1]]
    pairs = zip(starts, ends, strict=True)
    return float(sum(cost[row, a : max(b, a + 1)].sum() for row, (a, b) in enumerate(pairs)))


def test_each_token_starts_with_its_attention() -> None:
    attention = np.full((2, 3, 60), 0.01)
    for token, (start, end) in enumerate([(0, 20), (20, 35), (35, 60)]):
        attention[:, token, start:end] = 0.9
    assert token_starts(attention).tolist() == [0, 20, 35]


def test_single_token_or_frame_is_aligned() -> None:
    assert token_starts(np.ones((1, 1, 10))).tolist() == [0]
    assert token_starts(np.ones((4, 3, 1))).tolist() == [0, 0, 0]


@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 12)), elements=st.floats(-1, 1)))
def test_starts_do_not_fall_and_begin_at_the_first_frame(cost: np.ndarray) -> None:
    starts = cheapest_path(cost)
    assert starts[0] == 0
    assert (np.diff(starts) >= 0).all()
    assert starts[-1] < cost.shape[1]


def test_path_is_the_cheapest() -> None:
    """Against every way to cut six frames into three tokens; such paths have no vertical step."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        cost = rng.uniform(0.5, 1.0, (3, 6))
        cuts = [(0, a, b) for a in range(1, 5) for b in range(a + 1, 6)]
        best = min(cost_of(cost, np.array(cut)) for cut in cuts)
        assert cost_of(cost, cheapest_path(cost)) <= best + 1e-9


def test_the_median_filter_removes_single_peaks() -> None:
    values = np.zeros((1, 20))
    values[0, 9] = 5.0
    assert median_filtered(values, 7).max() == 0.0
    assert median_filtered(np.array([[1.0, 2.0]]), 7).tolist() == [[1.0, 2.0]]
