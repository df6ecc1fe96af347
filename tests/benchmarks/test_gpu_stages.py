"""The four GPU stages together: the table, and the shares of serve_config.yaml. With torch: that it runs."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from benchmarks.gpu import stages
from benchmarks.gpu.stages import SHARES, StageResult, table

CONFIG = Path(__file__).resolve().parents[2] / "serve_config.yaml"


def results() -> list[StageResult]:
    alone = [StageResult(stage, False, 10, 20.0, 1.0, 0.6) for stage in SHARES]
    return [*alone, *(replace(one, together=True, calls=4, busy=0.97) for one in alone)]


def test_shares_are_those_of_the_configuration() -> None:
    applications = {
        app["name"]: app for app in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["applications"]
    }
    for stage, share in SHARES.items():
        options = applications[stage]["args"]["options"]
        of_card = applications[stage]["deployments"][0]["ray_actor_options"]["num_gpus"]
        assert options.get("memory_share", share) == share
        assert share < of_card


def test_table_compares_each_stage_with_itself_alone() -> None:
    text = table(results(), "NVIDIA Test")
    assert "| speech-recognizer | 90 | 60% | 36 | 40% | 1.0 | 5.8 |" in text
    assert "Together the card was busy 97%" in text


def test_stage_that_does_not_fit_has_no_figure() -> None:
    missing = "speech-recognizer"
    found = [replace(one, problem="does not fit: 2 GB" if one.stage == missing else "") for one in results()]
    text = table(found, "NVIDIA Test")
    assert "| speech-recognizer | does not fit: 2 GB |" in text
    assert "Together the card" not in text


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch: make test-slow")
def test_command_runs_with_tiny_models(tmp_path: Path) -> None:
    assert stages.main(["--tiny", "--device", "cpu", "--seconds", "0.2", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "stages.json").read_text(encoding="utf-8"))
    assert len(found) == 2 * len(SHARES)
    assert all(one["calls"] >= 1 and one["seconds"] > 0 and not one["problem"] for one in found)
    assert {one["stage"] for one in found if one["together"]} == set(SHARES)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch: make test-slow")
def test_networks_have_the_sizes_of_their_models() -> None:
    import torch

    from benchmarks.gpu.stand_ins import Segmentation, TextEncoder, Voices

    def millions(make: object) -> float:
        with torch.device("meta"):
            return sum(weight.numel() for weight in make().parameters()) / 1e6  # type: ignore[operator]

    assert millions(lambda: TextEncoder(250_002, 1024, 16, 24)) == pytest.approx(559, rel=0.01)
    assert millions(lambda: TextEncoder(250_002, 768, 12, 12)) == pytest.approx(278, rel=0.01)
    assert millions(Segmentation) == pytest.approx(1.47, rel=0.03)
    assert millions(Voices) == pytest.approx(6.6, rel=0.03)
