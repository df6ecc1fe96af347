"""All checks of `callytics doctor`, side by side: those that ask the network do not wait for each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from callytics.errors import CallyticsError
from callytics.home import resources
from callytics.weights.needed import needed_weights
from deployments.operations import serve_file
from deployments.operations.doctor import cards, machine, reach
from deployments.operations.doctor.findings import Finding

DASHBOARD_PORT = 8265


def examine(config: Path, home: Path) -> list[Finding]:
    """Nothing is started, fetched or changed.

    Args:
        config: the Serve file that is to be deployed.
        home: of the graph.

    Raises:
        ConfigError: the file is missing or is no Serve file.
    """
    text = serve_file.read_text(config)
    document = serve_file.parse_config(text, config)
    pins = resources.pins_folder(config)
    needs = needed_weights(document)
    http_port = int(os.environ.get("CALLYTICS_HTTP_PORT") or document["http_options"]["port"])
    dashboard_port = int(os.environ.get("CALLYTICS_DASHBOARD_PORT") or DASHBOARD_PORT)
    wanted = ((http_port, "the gateway"), (dashboard_port, "the Ray dashboard"))

    def weights_and_disk() -> list[Finding]:
        found, to_come_gb = reach.weights(needs)
        return [*found, *machine.disk(document, pins, home, to_come_gb)]

    uses_cards = bool(cards.shares(document))
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "cards": lambda: cards.examine(document, text),
        "memory": lambda: machine.memory(document, pins),
        "packages": lambda: machine.environments(document, pins, home),
        "weights": weights_and_disk,
        "HF_TOKEN": lambda: [reach.hub_token(needs)],
        "language model": lambda: reach.language_model(document),
        "database": lambda: [reach.database(needs_server=uses_cards)],
        "ports": lambda: machine.ports(home, wanted),
    }

    def run(check: str) -> list[Finding]:
        try:
            return list(checks[check]())
        except CallyticsError as error:
            return [reach.guarded(check, error)]

    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return [finding for found in pool.map(run, checks) for finding in found]
