"""Scrapes every process of a live graph, as Prometheus does: at the addresses of Ray's service discovery."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deployments.operations import head

DISCOVERY_FILE = "prom_metrics_service_discovery.json"


class Scrape:
    """What one scrape of all processes found."""

    def __init__(self, home: Path) -> None:
        self.types: dict[str, str] = {}
        self.samples: list[tuple[str, dict[str, str], float]] = []
        discovery = head.temp_dir(home) / "session_latest" / DISCOVERY_FILE
        for group in json.loads(discovery.read_text(encoding="utf-8")):
            for target in group["targets"]:
                text = httpx.get(f"http://{target}/metrics", timeout=30).text
                for family in text_string_to_metric_families(text):
                    self.types[family.name] = family.type
                    self.samples += [(s.name, s.labels, s.value) for s in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum over every series that has these labels, as `sum(name{...})` of PromQL; 0.0 without any."""
        return sum(
            value
            for found, of, value in self.samples
            if found == name and all(of.get(label) == text for label, text in labels.items())
        )

    def has(self, name: str) -> bool:
        return any(found == name for found, _, _ in self.samples)

    def label_values(self, prefix: str) -> set[str]:
        """Every value of every label of series whose names begin so, without those that Ray adds."""
        of_ray = {"WorkerId", "SessionName", "Version", "NodeAddress", "Component", "JobId", "NodeId", "le"}
        return {
            text
            for name, labels, _ in self.samples
            if name.startswith(prefix)
            for label, text in labels.items()
            if label not in of_ray
        }


def scrape_until(home: Path, is_there: Callable[[Scrape], bool], timeout_s: float = 60.0) -> Scrape:
    """Ray's processes report every few seconds."""
    deadline = time.monotonic() + timeout_s
    while not is_there(found := Scrape(home)):
        ours = [sample for sample in found.samples if sample[0].startswith("ray_callytics_")]
        assert time.monotonic() < deadline, ours
        time.sleep(1.0)
    return found
