"""A panel is one line or a few: title, unit, description, queries with their legends. Everything else that Grafana
wants is the same for all panels, and stands once, in grafana.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GRAPH_HEIGHT, NUMBER_HEIGHT = 8, 4


Query = tuple[str, str]
"""PromQL, and the legend: text with {{label}}."""


@dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    description: str
    queries: tuple[Query, ...]
    type: str = "timeseries"
    width: int = 12
    stacked: bool = False
    maximum: float | None = None
    red_from: float | None = None
    red_below: float | None = None

    @property
    def height(self) -> int:
        return NUMBER_HEIGHT if self.type == "stat" else GRAPH_HEIGHT


def graph(title: str, unit: str, description: str, *queries: Query, **more: Any) -> Panel:
    return Panel(title, unit, description, queries, **more)


def number(title: str, unit: str, description: str, query: str, legend: str = "", **more: Any) -> Panel:
    return Panel(title, unit, description, ((query, legend),), "stat", **{"width": 4, **more})


def bars(title: str, unit: str, description: str, *queries: Query, **more: Any) -> Panel:
    return Panel(title, unit, description, queries, "bargauge", **more)
