"""One encoder for all engines of a process, whose threads do not change each other's results."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from callytics.engines.sentence_encoder import sentence_encoder

TURNS = [
    [
        f"{number}번 고객님, 환불은 {turn}일 안에 됩니다. " * (1 + (number * turn) % 6)
        for turn in range(1, 4 + 3 * number)
    ]
    for number in range(10)
]


def test_embeddings_are_the_same_beside_another_thread() -> None:
    """Without the lock one in forty differs, in the last digits."""
    encode = sentence_encoder().encode
    alone = [encode(texts) for texts in TURNS]
    with ThreadPoolExecutor(2) as pool:
        beside = list(pool.map(encode, TURNS * 20))
    assert all(np.array_equal(one, two) for one, two in zip(alone * 20, beside, strict=True))


def test_engines_of_a_process_share_it() -> None:
    assert sentence_encoder() is sentence_encoder()
