"""What is heard does not depend on the number of threads of BLAS, which differs between a graph and a command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from callytics.engines.recognition.decoding import Decoder

class Model:
    feature_extractor = FeatureExtractor()

Decoder(Model)
noise = np.random.default_rng(0).standard_normal(480_000).astype(np.float32)
features = np.asarray(Model.feature_extractor(noise, padding=0), np.float32)
print(hashlib.sha256(features.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("threads", ["2", "4"])
def test_features_are_those_of_one_thread(threads: str) -> None:
    assert features_with(threads) == features_with("1")


def features_with(threads: str) -> str:
    variables = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout
