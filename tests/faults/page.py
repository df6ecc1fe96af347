"""docs/faults.md, which two test modules write: one graph on one machine, and a cluster of three nodes."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/faults.md"
CLUSTER = "## A cluster of three nodes"


def write_one_machine(text: str, page: Path = PAGE) -> None:
    """All before the part on the cluster."""
    _, mark, rest = page.read_text(encoding="utf-8").partition(CLUSTER)
    page.write_text(f"{text.rstrip()}\n" + (f"\n{mark}{rest}" if mark else ""), encoding="utf-8")


def write_cluster(text: str, page: Path = PAGE) -> None:
    """The part on the cluster, without its title."""
    first = page.read_text(encoding="utf-8").partition(CLUSTER)[0]
    page.write_text(f"{first.rstrip()}\n\n{CLUSTER}\n\n{text.strip()}\n", encoding="utf-8")
