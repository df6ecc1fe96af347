"""SIMULATION: the shares of a card in serve_config.yaml against one card per stage.

    python -m benchmarks.gpu_plan        takes seconds; neither needs nor measures a GPU

The shares, the replicas and the calls in flight come from the configuration; the times of a stage on a card are
published or computed (SOURCES), not measured here. The last line is the ratio: throughput of a card shared by all
stages, divided by that of a card with one stage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import BaseModel

from benchmarks import record
from benchmarks.command import Conditions, run
from benchmarks.gpu_simulation import GpuStage, mean_utilisation, simulate
from benchmarks.graph import calls_at_work
from benchmarks.record import Record, spread
from callytics.errors import ConfigError

NAME = "gpu-plan"
SEEDS = (1, 2, 3)
NUM_CALLS = 600
DEMANDS = (1.0, 0.5)
"""Part of a card that a running stage keeps busy. There are no published values, so two are simulated: at 1, stages on
a card only take turns, and sharing gains only idle time; at 0.5, two run in parallel at full speed."""

SECONDS_PER_MINUTE = {
    "speech-recognizer": 19.155 / 13 * 17 / 63,
    "speaker-diarizer": 80 / 60,
    "punctuation-restorer": 2 * 303e6 * 225 / 4e12,
    "sentiment-analyzer": 2 * 86e6 * 225 / 4e12,
}
SOURCES = {
    "speech-recognizer": (
        "published, scaled: large-v3-turbo, float16, beam 5, 13 minutes in 19.155 s on an RTX 2080 Ti, one window at a "
        "time (faster-whisper issue 1030), times the gain of eight windows together, 63 s to 17 s with large-v2 on an "
        "RTX 3070 Ti (faster-whisper README)"
    ),
    "speaker-diarizer": (
        "published: pyannote speaker-diarization-3.1, an hour of audio in about 1 min 20 s on high-end NVIDIA hardware "
        "(pyannote's card on the hub); calls of one channel, those of two need far less"
    ),
    "punctuation-restorer": (
        "computed: XLM-RoBERTa large, 2 x 303 M parameters without embeddings x 225 tokens a minute (150 words), at "
        "4 TFLOP/s reached in float32; English, Korean needs no card"
    ),
    "sentiment-analyzer": "computed: XLM-RoBERTa base, 2 x 86 M x 225 tokens a minute, at 4 TFLOP/s reached in float32",
}
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class PlanOutcome(BaseModel):
    """One plan under one assumption; one value per seed."""

    plan: str
    demand: float
    num_cards: int
    shares: str
    audio_per_second: tuple[float, ...]
    utilisation: tuple[float, ...]
    least_used: tuple[float, ...]
    call_s: tuple[float, ...]


class GpuPlanRecord(Record):
    in_flight: int
    stages: dict[str, float]
    outcomes: tuple[PlanOutcome, ...]

    @property
    def figure(self) -> str:
        ratios = []
        for demand in DEMANDS:
            shared, dedicated = (
                next(one for one in self.outcomes if (one.plan, one.demand) == (plan, demand))
                for plan in (SHARED, DEDICATED)
            )
            per_card = [
                sum(one.audio_per_second) / len(one.audio_per_second) / one.num_cards
                for one in (shared, dedicated)
            ]
            ratios.append(f"{per_card[0] / per_card[1]:.2f} at demand {demand:g}")
        return (
            f"SIMULATION, throughput of a shared card over that of a card with one stage: {', '.join(ratios)}"
        )


SHARED, SCALED, DEDICATED = "one card, shared", "one card, shared, its free share used", "one stage per card"


def stages_on_cards(config: Path, demand: float) -> list[GpuStage]:
    """The stages of a Serve configuration that take a share of a card, in its order.

    Raises:
        ConfigError: ``stage_time_unknown``: the time of a stage on a card is unknown.
    """
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    found = []
    for application in document["applications"]:
        share = _actor_options(application).get("num_gpus", 0)
        if not share:
            continue
        name = application["name"]
        if name not in SECONDS_PER_MINUTE:
            raise ConfigError("stage_time_unknown", f"{name} takes a card; add its time to gpu_plan.py.")
        found.append(GpuStage(name, float(share), SECONDS_PER_MINUTE[name], demand))
    return found


def _actor_options(application: dict[str, Any]) -> dict[str, Any]:
    deployments: list[dict[str, Any]] = application.get("deployments") or [{}]
    return deployments[0].get("ray_actor_options") or {}


def plans(stages: list[GpuStage]) -> dict[str, list[tuple[GpuStage, int]]]:
    """Plan -> every replica and its card.

    Raises:
        ConfigError: ``shares_do_not_fit``: one replica of each stage does not fit on one card.
    """
    slowest = max(stages, key=lambda stage: stage.seconds_per_minute)
    check_fit(stages)
    scaled = [*stages, slowest]
    if sum(stage.share for stage in scaled) > 1:
        scaled = stages
    apart = range(len(stages))
    return {
        SHARED: [(stage, 0) for stage in stages],
        SCALED: [(stage, 0) for stage in scaled],
        DEDICATED: list(zip(stages, apart, strict=True)),
        f"{len(stages)} cards, each shared so": [(stage, card) for card in apart for stage in scaled],
    }


def check_fit(stages: list[GpuStage]) -> None:
    taken = sum(stage.share for stage in stages)
    if taken > 1:
        raise ConfigError("shares_do_not_fit", f"The stages take {taken:.3f} of a card together.")


def outcome(plan: str, replicas: list[tuple[GpuStage, int]], in_flight: int) -> PlanOutcome:
    num_cards = 1 + max(card for _, card in replicas)
    runs = [simulate(replicas, num_cards, in_flight, NUM_CALLS, seed) for seed in SEEDS]
    on_first = [stage.share for stage, card in replicas if card == 0]
    return PlanOutcome(
        plan=plan,
        demand=replicas[0][0].demand,
        num_cards=num_cards,
        shares="a card each" if plan == DEDICATED else " + ".join(f"{share:g}" for share in on_first),
        audio_per_second=tuple(one.audio_per_second for one in runs),
        utilisation=tuple(mean_utilisation(one) for one in runs),
        least_used=tuple(min(one.utilisation) for one in runs),
        call_s=tuple(one.call_s for one in runs),
    )


@app.command(help=__doc__)
def main(
    config: Annotated[Path, typer.Option(help="A Serve configuration.")] = record.PROJECT
    / "serve_config.yaml",
    conditions: Conditions = "a simulation, nothing was measured",
) -> None:
    in_flight = calls_at_work(config)
    outcomes = []
    for demand in DEMANDS:
        stages = stages_on_cards(config, demand)
        for plan, replicas in plans(stages).items():
            outcomes.append(outcome(plan, replicas, in_flight))
            print(
                f"SIMULATION, demand {demand:g}, {plan}: {spread(outcomes[-1].audio_per_second, 0)} s of audio a second"
            )
    planned = GpuPlanRecord(
        conditions=conditions,
        in_flight=in_flight,
        stages={stage.name: stage.seconds_per_minute for stage in stages},
        outcomes=tuple(outcomes),
    )
    record.save(NAME, planned, record.folder())
    print(planned.figure)


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## One GPU shared by stages: a SIMULATION\n\n"
    planned = record.load(NAME, GpuPlanRecord, source)
    if planned is None:
        return f"{title}Not simulated (`python -m benchmarks.gpu_plan`).\n"
    rows = "".join(
        f"| {one.demand:g} | {one.plan} | {one.shares} | {spread(one.audio_per_second, 0)} "
        f"| {sum(one.audio_per_second) / len(one.audio_per_second) / one.num_cards:.0f} "
        f"| {spread([100 * value for value in one.utilisation], 0)} | {min(one.least_used):.0%} "
        f"| {spread(one.call_s, 0)} |\n"
        for one in planned.outcomes
    )
    times = "".join(
        f"| {name} | {seconds:.3f} | {SOURCES[name]} |\n" for name, seconds in planned.stages.items()
    )
    return (
        f"{title}No GPU was at hand: nothing here is measured. `python -m benchmarks.gpu_plan` simulates the shares "
        "of `serve_config.yaml` on 24 GB cards by discrete events (benchmarks/gpu_simulation.py), "
        f"{planned.in_flight} calls in flight, {NUM_CALLS} calls of one to nine minutes, drawn with {len(SEEDS)} "
        f"seeds; {planned.measured_at:%Y-%m-%d %H:%M} UTC.\n\n**{planned.figure}**\n\n"
        "*Demand* is the part of a card that a stage keeps busy while it runs: at 1 stages on one card only take "
        "turns. llm-analyzer waits for an endpoint and takes no card; audio-processor has CPUs of its own. Median "
        "(least to most) over the seeds.\n\n"
        "| demand | plan | shares of a card | s of audio a second | of one card | cards busy (%) | least busy card "
        f"| a call (s) |\n|{' --- |' * 8}\n{rows}\n"
        f"| stage | seconds on a card, a minute of audio | where from |\n| --- | --- | --- |\n{times}"
    )


if __name__ == "__main__":
    run(app)
