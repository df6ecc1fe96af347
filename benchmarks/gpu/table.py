"""The record as a page: results.md beside results.json, and the section of docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RECORD = "gpu"
TITLE = "## Recognition on a GPU\n\n"
COMMAND = "`python -m benchmarks.gpu`"


def page(record: Mapping[str, Any]) -> str:
    sizes = record["sizes"]
    head = (
        f"{COMMAND}, {record['measured_at']}; {record['card'] or 'no card: the CPU'}, {record['dtype']}, "
        f"{record['cores']} cores of the host; read by {record['read_by'] or 'nothing'}; torch {record['torch']}.\n\n"
        f"Whisper in the sizes of {sizes['name']} ({record['parameters'] / 1e6:,.0f} M parameters) with RANDOM "
        f"weights, {sizes['tokens']} tokens written for every window of 30 s, {record['beams']} beams: what a step "
        "costs does not depend on what the weights say. Not in it: voice activity, log-mel, word times, second "
        "readings.\n\n"
    )
    parts = [head, _table(record["batches"], ("batch", "runs", "batch_s"))]
    if record["calls"]:
        columns = ("at_once", "calls", "max_batch", "mean_batch", "wall_s", "call_s")
        windows = record["calls"][0]["windows_per_call"]
        parts.append(f"Calls of {windows} windows; batches are filled across calls, from one queue:\n\n")
        parts.append(_table(record["calls"], columns))
    parts += [f"- {line}\n" for line in record["left_out"]]
    return "".join(parts).rstrip() + "\n"


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    names = [
        "engine",
        *columns,
        "s of audio a second",
        "busy",
        "SM active",
        "memory (GB)",
        "cores of the host",
    ]
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    for row in rows:
        cells = [row["engine"], *(_number(row[column]) for column in columns), f"{row['audio_per_s']:,.0f}"]
        cells += [
            _share(row["busy"]),
            _share(row["sm_active"]),
            _number(row["memory_gb"]),
            _number(row["host_cpu"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def section(source: Path) -> str:
    """The section of docs/performance.md; what ran on a CPU does not count."""
    path = source / f"{RECORD}.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if record is None or not record["card"]:
        return (
            f"{TITLE}Not yet run on a card: no figure of this project is from a GPU. {COMMAND} measures one in at most "
            "8 minutes, without a network: recognition in the sizes of large-v3-turbo with random weights, batches of "
            "1 to 128 windows, one to forty calls at once, with utilisation, memory and the host's processor time. "
            "`python -m benchmarks.gpu.stages` then has the four GPU stages at work together in their shares, with "
            "networks of their sizes, in two minutes. `--tiny` tries the same on a CPU. "
            "The shares of `serve_config.yaml` are computed from published figures, "
            "which its comments name.\n"
        )
    return TITLE + page(record)
