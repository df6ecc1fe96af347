"""The engines of benchmarks/gpu, with tiny random models on the CPU; the whole command as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu.__main__ import main
from benchmarks.gpu.contract import TINY, TURBO, NotHere
from benchmarks.gpu.measure import features
from tests.support.checkpoints import require

ENVIRONMENT = "speech-recognizer-transformers"
torch: Any = require("torch", ENVIRONMENT)
require("transformers", ENVIRONMENT)

from benchmarks.gpu import ctranslate2_whisper, torch_whisper  # noqa: E402


def written_without_a_cache(engine: torch_whisper.TorchWhisper, sound: Any) -> list[list[int]]:
    """The same network, the whole text through it again for every token, with a causal mask."""
    network = engine._network
    with torch.inference_mode():
        encoded = network.encode(torch.from_numpy(sound))
        tokens = torch.zeros(len(sound), 1, dtype=torch.long)
        for _ in range(TINY.tokens):
            length = tokens.shape[1]
            x = network.tokens(tokens) + network.text_places[:length]
            mask = torch.ones(length, length, dtype=torch.bool).tril()
            for block in network.decoder:
                normal = block.own_norm(x)
                x = x + block.own.attend(normal, *block.own.keys_and_values(normal), mask)
                x = x + block.cross.attend(block.cross_norm(x), *block.cross.keys_and_values(encoded))
                x = x + block.feed(block.feed_norm(x))
            logits = network.decoder_norm(x)[:, -1:] @ network.tokens.weight.T
            tokens = torch.cat([tokens, logits.argmax(-1)], 1)
    found: list[list[int]] = tokens[:, 1:].tolist()
    return found


@pytest.mark.parametrize("beams", [1, 3])
def test_static_cache_writes_what_the_network_writes_without_one(beams: int) -> None:
    engine = torch_whisper.TorchWhisper(TINY, "cpu", "float32", beams)
    sound = features(TINY, 3)
    found = engine.run(sound)
    assert found == written_without_a_cache(engine, sound)
    assert engine.run(sound) == found  # nothing is left of the run before
    assert engine.run(sound[:1]) == found[:1]


def test_network_has_the_parameters_of_turbo() -> None:
    assert torch_whisper.parameters(TURBO) / 1e6 == pytest.approx(809, abs=1)


def test_graphs_need_a_card() -> None:
    with pytest.raises(NotHere, match="card"):
        torch_whisper.TorchWhisper(TINY, "cpu", "float32", uses_graph=True)


def test_ctranslate2_writes_all_tokens_of_a_random_model() -> None:
    engine = ctranslate2_whisper.CTranslate2Whisper(TINY, "cpu", "float32")
    found = engine.run(features(TINY, 2))
    assert np.shape(found) == (2, TINY.tokens)
    assert 0 not in np.ravel(found)


def test_device_that_is_not_there_is_told() -> None:
    if torch.cuda.is_available():
        pytest.skip("a card is here")
    with pytest.raises(NotHere, match="does not start on cuda"):
        ctranslate2_whisper.CTranslate2Whisper(TINY, "cuda", "float16")


def test_whole_command_runs_with_a_tiny_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tiny", "--device", "cpu", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "results.json").read_text())
    engines = {row["engine"] for row in kept["batches"]}
    assert engines == {"torch SDPA, static cache", "CTranslate2"}
    assert {row["engine"] for row in kept["calls"]} == engines
    assert kept["card"] == ""
    assert all(row["audio_per_s"] > 0 for row in (*kept["batches"], *kept["calls"]))
    assert "no card: the CPU" in (tmp_path / "results.md").read_text()
    assert "no card: the CPU" in capsys.readouterr().out


def test_full_size_is_refused_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("a card is here")
    assert main(["--out", str(tmp_path)]) == 1
    assert "--tiny" in capsys.readouterr().out
