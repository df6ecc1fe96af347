"""The machine itself: packages, disk, memory, ports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from callytics.config import engine_blocks
from callytics.errors import CallyticsError
from callytics.home import graphs as local_graphs
from callytics.weights.prefetch import existing
from deployments.operations import head
from deployments.operations.doctor.cards import first_replicas
from deployments.operations.doctor.findings import Finding, fail, ok, warn
from deployments.operations.environments import TORCH, environment_names, exact_name, read_pins
from deployments.operations.launcher import overlay

TORCH_GB, CUDA_GB, SMALL_GB = 7.0, 2.0, 0.5
"""About what an environment takes on disk: with torch and its CUDA libraries (an estimate), with CUDA libraries alone
(an estimate), without (473 MB measured for faster-whisper)."""
RECORDINGS_GB = 5.0
"""Room for recordings, results and logs, below which a graph is not worth starting."""

MEMORY_GB = {"service": 0.12, "engine": 0.35, TORCH: 2.5}
"""Main memory per replica. The graph of serve_config.cpu.yaml takes 3.5 GB with its 13 replicas and Ray's own
processes (docs/performance.md). 2.5 GB: torch, CUDA, and a model of 2 GB on its way to the card (estimate)."""
RAY_GB = 1.5

SHARED_MEMORY = Path("/dev/shm")


def environments(document: Mapping[str, Any], pins_folder: Path, home: Path) -> Iterator[Finding]:
    """Which are built; what the others need."""
    absent, broken = [], []
    for name in environment_names(document):
        try:
            there = overlay(home / "envs", exact_name(name, pins_folder)) / "bin" / "python"
        except CallyticsError as error:
            broken.append(error.message)
            continue
        if not os.access(there, os.X_OK):
            absent.append(name)
    if broken:
        yield fail(
            "packages", broken[0], "Restore the file, or run `callytics init` in another folder for a copy"
        )
    elif absent:
        yield warn(
            "packages",
            f"not built yet: the environments {', '.join(absent)}",
            "`callytics up` builds them before it starts anything; the package registry must be reachable for that",
        )
    else:
        yield ok("packages", f"all environments are built; Python {sys.version.split()[0]}")


def _size_gb(name: str, pins_folder: Path) -> float:
    try:
        pins = read_pins(pins_folder / f"{name}.txt")
    except CallyticsError:
        return 0.0
    if TORCH in pins:
        return TORCH_GB
    return CUDA_GB if any(package.startswith("nvidia-") for package in pins) else SMALL_GB if pins else 0.0


def disk(document: Mapping[str, Any], pins_folder: Path, home: Path, weights_gb: float) -> Iterator[Finding]:
    """
    Args:
        weights_gb: what is still to be fetched.
    """
    absent = [
        name for name in environment_names(document) if not (home / "envs" / name / "bin" / "python").exists()
    ]
    packages_gb = sum(_size_gb(name, pins_folder) for name in absent)
    needed_gb = packages_gb + weights_gb + RECORDINGS_GB
    folder = existing(home)
    free_gb = shutil.disk_usage(folder).free / 1e9
    told = (
        f"{free_gb:.0f} GB free in {folder}; about {packages_gb:.0f} GB of packages and {weights_gb:.0f} GB of weights "
        "are still to come"
    )
    if free_gb < packages_gb + weights_gb + 1:
        yield fail("disk", told, "Make room, or set CALLYTICS_HOME and HF_HOME to folders on a larger disk")
    elif free_gb < needed_gb:
        yield warn(
            "disk",
            f"{told}: little is left for recordings",
            "Make room, or put CALLYTICS_HOME on a larger disk",
        )
    else:
        yield ok("disk", told)


def memory(document: Mapping[str, Any], pins_folder: Path) -> Iterator[Finding]:
    needed_gb = RAY_GB + sum(_memory_gb(app, pins_folder) for app in document["applications"])
    found = psutil.virtual_memory()
    total_gb, available_gb = found.total / 1e9, found.available / 1e9
    told = f"{available_gb:.0f} of {total_gb:.0f} GB available; this graph takes about {needed_gb:.0f}"
    if total_gb < needed_gb:
        yield fail("memory", told, "Take a machine with more memory, or fewer and smaller engines")
    elif available_gb < needed_gb:
        yield warn("memory", f"{told}, and other programs hold the rest", "End what else runs here")
    else:
        yield ok("memory", told)
    if SHARED_MEMORY.is_dir():
        room = shutil.disk_usage(SHARED_MEMORY).total
        if room < head.OBJECT_STORE_BYTES:
            yield warn(
                "shared memory",
                f"{SHARED_MEMORY} has {room / 1e9:.1f} GB; Ray wants {head.OBJECT_STORE_BYTES / 1e9:.1f} for "
                "recordings, and takes the slower disk instead",
                "In docker: --shm-size=2g; otherwise mount a larger one",
            )


def _memory_gb(application: Mapping[str, Any], pins_folder: Path) -> float:
    names = environment_names({"applications": [application]})
    has_torch = any(_size_gb(name, pins_folder) >= CUDA_GB for name in names)
    engines = len(list(engine_blocks(application)))
    kind = TORCH if has_torch else "engine" if engines else "service"
    return (
        MEMORY_GB[kind] * max(engines, 1) * sum(first_replicas(d) for d in application.get("deployments", []))
    )


def ports(home: Path, wanted: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    """
    Args:
        wanted: port and what for.
    """
    graphs = {graph.home: graph for graph in local_graphs.running()}
    own = graphs.get(home.resolve())
    for port, use in wanted:
        if head.is_free(port):
            continue
        if own and port in (own.http_port, own.dashboard_port):
            continue
        holder = next((g for g in graphs.values() if port in (g.http_port, g.dashboard_port)), None)
        by = f"your graph of {holder.home}" if holder else "another program"
        yield fail(
            "ports",
            f"port {port} for {use} is taken by {by}",
            "End it, or choose another port: CALLYTICS_HTTP_PORT, CALLYTICS_DASHBOARD_PORT",
        )
        return
    listed = ", ".join(f"{port} for {use}" for port, use in wanted)
    yield ok("ports", f"{listed}: {'held by your own graph, which goes on' if own else 'free'}")
