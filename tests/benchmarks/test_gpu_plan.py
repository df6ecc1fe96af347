"""The simulation of a shared card, on cases that can be computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import simpy
import yaml

from benchmarks import gpu_plan, record
from benchmarks.gpu_simulation import Card, GpuStage, Outcome, simulate
from callytics.errors import ConfigError

PROJECT = Path(__file__).parents[2]


def ends(*jobs: tuple[float, float, float]) -> tuple[list[float], Card]:
    """Jobs (start, seconds alone, demand) on one card -> when each ends."""
    environment = simpy.Environment()
    card = Card(environment)
    found = [0.0] * len(jobs)

    def work(i: int, start_s: float, seconds: float, demand: float) -> simpy.events.ProcessGenerator:
        yield environment.timeout(start_s)
        yield card.work(seconds, demand)
        found[i] = environment.now

    for i, job in enumerate(jobs):
        environment.process(work(i, *job))
    environment.run()
    return found, card


def test_single_job_takes_its_own_time() -> None:
    assert ends((0, 3, 1.0))[0] == [3]


def test_jobs_that_ask_for_the_whole_card_take_turns() -> None:
    found, card = ends((0, 1, 1.0), (0, 1, 1.0))
    assert found == pytest.approx([2, 2])
    assert card.busy_s == pytest.approx(2)


def test_jobs_that_fit_together_do_not_slow_each_other() -> None:
    found, card = ends((0, 1, 0.5), (0, 3, 0.5))
    assert found == pytest.approx([1, 3])
    assert card.busy_s == pytest.approx(2)


def test_later_job_slows_the_first_from_its_start() -> None:
    # One second alone, then both at half speed: the second's one second takes two, the first's last one second too.
    assert ends((0, 3, 1.0), (1, 1, 1.0))[0] == pytest.approx([4, 3])


def test_three_halves_of_a_card_slow_down_by_a_third() -> None:
    assert ends((0, 2, 0.5), (0, 2, 0.5), (0, 2, 0.5))[0] == pytest.approx([3, 3, 3])


def stages(fast_s: float, slow_s: float, demand: float = 1.0) -> tuple[GpuStage, GpuStage]:
    return (
        GpuStage("speech-recognizer", 0.5, slow_s, demand),
        GpuStage("sentiment-analyzer", 0.5, fast_s, demand),
    )


def run(apart: bool, demand: float = 1.0, fast_s: float = 1.0, slow_s: float = 3.0) -> Outcome:
    slow, fast = stages(fast_s, slow_s, demand)
    return simulate([(slow, 0), (fast, 1 if apart else 0)], 2 if apart else 1, 8, 400, seed=1)


def test_one_card_per_stage_is_as_fast_as_the_slowest_stage() -> None:
    outcome = run(apart=True)
    assert outcome.audio_per_second == pytest.approx(60 / 3, rel=0.02)
    assert outcome.utilisation == pytest.approx((1.0, 1 / 3), abs=0.02)


def test_shared_card_is_not_idle_while_there_is_work() -> None:
    outcome = run(apart=False)
    assert outcome.audio_per_second == pytest.approx(60 / 4, rel=0.02)
    assert outcome.utilisation == pytest.approx((1.0,), abs=0.01)
    assert outcome.per_card > run(apart=True).per_card


def test_stages_with_spare_capacity_share_a_card_for_free() -> None:
    assert run(apart=False, demand=0.5).audio_per_second == pytest.approx(60 / 3, rel=0.02)


def test_diarizer_runs_in_parallel_with_the_recogniser() -> None:
    recognizer, diarizer = (
        GpuStage("speech-recognizer", 0.5, 2, 0.5),
        GpuStage("speaker-diarizer", 0.5, 1, 0.5),
    )
    outcome = simulate([(diarizer, 0), (recognizer, 0)], 1, 1, 200, seed=1)
    assert outcome.audio_per_second == pytest.approx(60 / 2)


def test_same_seed_gives_the_same_output() -> None:
    slow, fast = stages(1, 3)
    outcomes = [simulate([(slow, 0), (fast, 0)], 1, 4, 100, seed) for seed in (1, 1, 2)]
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_shares_match_the_configuration() -> None:
    config = PROJECT / "serve_config.yaml"
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    shares = {
        application["name"]: application["deployments"][0]["ray_actor_options"].get("num_gpus")
        for application in document["applications"]
    }
    found = gpu_plan.stages_on_cards(config, 1.0)
    assert {stage.name: stage.share for stage in found} == {name: s for name, s in shares.items() if s}
    assert {stage.name for stage in found} == set(gpu_plan.SOURCES)


def test_free_share_goes_to_the_slowest_stage() -> None:
    found = gpu_plan.plans(gpu_plan.stages_on_cards(PROJECT / "serve_config.yaml", 1.0))
    names = [stage.name for stage, _ in found[gpu_plan.SCALED]]
    assert names.count("speaker-diarizer") == 2
    assert [card for _, card in found[gpu_plan.DEDICATED]] == [0, 1, 2, 3]


def test_more_than_one_card_is_rejected() -> None:
    with pytest.raises(ConfigError, match=r"1\.200 of a card"):
        gpu_plan.plans([GpuStage("speech-recognizer", 0.6, 1, 1), GpuStage("speaker-diarizer", 0.6, 1, 1)])


def test_every_line_is_marked_as_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_plan, "NUM_CALLS", 60)
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    assert "Not simulated" in gpu_plan.section(record.folder())
    gpu_plan.main(PROJECT / "serve_config.yaml", "")
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("SIMULATION") for line in lines)
    section = gpu_plan.section(record.folder())
    assert section.startswith("## One GPU shared by stages: a SIMULATION")
    assert lines[-1] in section
