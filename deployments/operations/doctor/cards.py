"""NVIDIA cards, and whether the shares of a Serve file fit on them.

By `nvidia-smi`, which comes with every driver. NVML's Python binding would be one more package for the same figures,
and a machine without a driver has neither.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.operations.doctor.findings import Finding, fail, ok, warn

PROGRAM = "nvidia-smi"
TIMEOUT_S = 20.0
"""A driver that initialises its cards anew for every program takes seconds."""
FIELDS = ("name", "memory.total", "memory.used", "driver_version", "compute_mode", "mig.mode.current")

CUDA_12_DRIVER = 525
CUDA_13_DRIVER = 580
"""Oldest branches of the driver on Linux that run them (NVIDIA, CUDA Toolkit release notes)."""

SHARES_OF_GB = re.compile(r"shares of one (\d+) GB card")
"""In the head of a Serve file: the card that its `num_gpus` are written for."""


@dataclass(frozen=True)
class Card:
    name: str
    total_mb: int
    used_mb: int
    driver: str
    compute_mode: str
    mig_mode: str


@dataclass(frozen=True)
class Share:
    """One replica on a card."""

    application: str
    num_gpus: float


def shares(document: Mapping[str, Any]) -> list[Share]:
    """Those of every replica that starts at once, in the order of the file."""
    return [
        Share(str(application["name"]), num_gpus)
        for application in document["applications"]
        for deployment in application.get("deployments", [])
        if (num_gpus := float((deployment.get("ray_actor_options") or {}).get("num_gpus") or 0))
        for _ in range(first_replicas(deployment))
    ]


def first_replicas(deployment: Mapping[str, Any]) -> int:
    scaling = deployment.get("autoscaling_config") or {}
    if scaling:
        return int(scaling.get("initial_replicas") or scaling.get("min_replicas", 1))
    return int(deployment.get("num_replicas") or 1)


def examine(document: Mapping[str, Any], text: str) -> Iterator[Finding]:
    """
    Args:
        text: of the file, whose head names the card that the shares are for.
    """
    wanted = shares(document)
    if not wanted:
        yield ok("cards", "no stage of this configuration asks for one")
        return
    names = ", ".join(dict.fromkeys(share.application for share in wanted))
    program = shutil.which(PROGRAM)
    if program is None:
        yield fail(
            "driver",
            f"there is no {PROGRAM} here, so no NVIDIA driver, and {names} each ask for a share of a card",
            "Install NVIDIA's driver (580 or newer), take a machine with a card, or deploy serve_config.cpu.yaml",
        )
        return
    try:
        found = read_cards(program)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        yield fail(
            "driver",
            f"{PROGRAM} does not answer: {error}",
            f"Run {PROGRAM} by hand; after an update of the driver the machine must be restarted",
        )
        return
    if not found:
        yield fail(
            "driver", "the driver runs and sees no card", "Look for the card in `lspci | grep -i nvidia`"
        )
        return
    yield _driver(found[0].driver)
    yield from _fit(found, wanted)
    yield from _memory(found, wanted, text)
    yield from _modes(found)


def read_cards(program: str = PROGRAM) -> list[Card]:
    """
    Raises:
        OSError, ValueError, subprocess.SubprocessError: the driver does not answer; the message says what it said.
    """
    command = [program, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        if "No devices were found" in said:
            return []
        raise ValueError(said.splitlines()[0] if said else f"exit code {done.returncode}")
    rows = [[field.strip() for field in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
    if any(len(row) != len(FIELDS) for row in rows):
        raise ValueError(f"it answered {said.splitlines()[0]!r}")
    return [Card(row[0], int(float(row[1])), int(float(row[2])), *row[3:]) for row in rows]


def _driver(version: str) -> Finding:
    branch = int(version.partition(".")[0]) if version.partition(".")[0].isdigit() else 0
    remedy = "Install a driver of the branch 580 or newer"
    if branch < CUDA_12_DRIVER:
        return fail(
            "driver", f"{version} is too old for CUDA 12, which speech-recognizer's engine needs", remedy
        )
    if branch < CUDA_13_DRIVER:
        return warn(
            "driver", f"{version} runs CUDA 12; wheels of torch that are built for CUDA 13 need 580", remedy
        )
    return ok("driver", version)


def _fit(cards: Sequence[Card], wanted: Sequence[Share]) -> Iterator[Finding]:
    total = sum(share.num_gpus for share in wanted)
    models = ", ".join(f"{card.name} with {card.total_mb / 1024:.0f} GB" for card in cards)
    told = f"{len(cards)} ({models}); the shares of {len(wanted)} replicas are {total:g} of a card"
    left = place(wanted, len(cards))
    if left is None:
        yield fail(
            "cards",
            f"{told} and do not fit: a replica takes its share of one card",
            "Lower num_gpus or min_replicas in the Serve file, or add a card",
        )
        return
    largest = max(share.num_gpus for share in wanted)
    if max(left) + 1e-9 < largest:
        yield warn(
            "cards",
            f"{told}; none has {largest:g} left, so a deploy of the largest stage waits for its old replica's place",
            "Lower num_gpus where the card has room, or set max_surge_percent: 0 for that stage",
        )
        return
    yield ok("cards", told)


def place(wanted: Sequence[Share], num_cards: int) -> list[float] | None:
    """What is left of each card when every replica has its place, the largest first; None if one has none."""
    left = [1.0] * num_cards
    for share in sorted(wanted, key=lambda share: -share.num_gpus):
        whole = round(share.num_gpus)
        if share.num_gpus >= 1:  # Ray gives whole cards
            free = [number for number, rest in enumerate(left) if rest >= 1.0 - 1e-9][:whole]
            if len(free) < whole:
                return None
            for number in free:
                left[number] = 0.0
            continue
        best = max(range(num_cards), key=lambda number: left[number])
        if left[best] + 1e-9 < share.num_gpus:
            return None
        left[best] -= share.num_gpus
    return left


def _memory(cards: Sequence[Card], wanted: Sequence[Share], text: str) -> Iterator[Finding]:
    reference = SHARES_OF_GB.search(text)
    smallest = min(cards, key=lambda card: card.total_mb)
    smallest_gb = smallest.total_mb / 1024
    if reference and smallest_gb < 0.92 * int(reference[1]):  # a card of 24 GB says 22.5 to 24
        share = max(wanted, key=lambda share: share.num_gpus)
        yield fail(
            "card memory",
            f"{smallest.name} has {smallest_gb:.0f} GB, and the shares are of a card with {reference[1]} GB: "
            f"{share.application} would find {share.num_gpus * smallest_gb:.1f} instead of "
            f"{share.num_gpus * int(reference[1]):.1f} GB",
            "Raise num_gpus of every stage in that ratio (they may then need two cards), or take smaller models",
        )
        return
    busiest = max(cards, key=lambda card: card.used_mb)
    free_share = 1 - busiest.used_mb / busiest.total_mb
    needed = min(1.0, sum(share.num_gpus for share in wanted) / len(cards))
    if free_share < needed:
        yield fail(
            "card memory",
            f"other programs hold {busiest.used_mb / 1024:.1f} of {busiest.total_mb / 1024:.0f} GB of {busiest.name}, "
            f"and the stages take {needed:.0%} of it",
            "End them (`nvidia-smi` lists them; `callytics down`, if it is a graph of yours)",
        )
        return
    yield ok("card memory", f"{smallest_gb:.0f} GB a card, {busiest.used_mb / 1024:.1f} GB in use")


def _modes(cards: Sequence[Card]) -> Iterator[Finding]:
    for card in cards:
        if card.compute_mode not in ("Default", "[N/A]", "N/A"):
            yield fail(
                "card mode",
                f"{card.name} is in compute mode {card.compute_mode}: stages cannot share it",
                "sudo nvidia-smi --compute-mode=DEFAULT",
            )
        if card.mig_mode == "Enabled":
            yield warn(
                "card mode",
                f"{card.name} is cut into MIG instances; Ray counts the instances that it sees as cards",
                "The shares are then of an instance: see that its memory is that of the Serve file's head",
            )
