"""`up --observe` on a live graph with engines that need no models: what Prometheus sees, and what an alert does.

Prometheus and Alertmanager are Debian's, with the files of observability/; intervals and waits are shortened, so that
all of this takes a minute (tests/support/observed_graph.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from callytics.home import resources
from deployments.operations import local, observers, ray_token
from tests.support.observability import expressions, needs_servers
from tests.support.observed_graph import BROKEN, ObservedGraph, observed_graph, wait_for

pytestmark = needs_servers

QUERIES = expressions(resources.project_file("observability") / "grafana" / "dashboards")
WITHOUT_DATA = {
    r"gpu|gram|GPU": "this machine has no GPU",
    r"llm_tokens|llm_cost": "no language model runs here, and so no token is paid for",
}
"""Queries that find nothing on this graph, and why. That they are PromQL is tested in tests/test_dashboards.py."""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservedGraph]:
    with observed_graph(tmp_path_factory.mktemp("observed")) as graph:
        yield graph


def test_every_process_of_the_graph_is_scraped(observed: ObservedGraph) -> None:
    def up() -> bool:
        targets = observed.prometheus.targets()
        jobs = {target["labels"]["job"] for target in targets}
        return jobs >= {"ray", "prometheus", "alertmanager"} and all(t["health"] == "up" for t in targets)

    wait_for("every target is up", up, 90)


def test_ray_dashboard_finds_prometheus(observed: ObservedGraph) -> None:
    headers = ray_token.headers(observed.run.token_path)
    answer = httpx.get(f"{observed.run.dashboard_url}/api/prometheus_health", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    assert "prometheus running" in answer.text


def test_ray_dashboard_looks_for_grafana_where_up_said(observed: ObservedGraph) -> None:
    """There is none here: the dashboard says so, and does not fall back to another."""
    headers = ray_token.headers(observed.run.token_path)
    answer = httpx.get(f"{observed.run.dashboard_url}/api/grafana_health", headers=headers, timeout=30)
    assert answer.status_code == 500
    assert os.environ["CALLYTICS_GRAFANA_PORT"] in answer.text


def test_every_panel_shows_data(observed: ObservedGraph) -> None:
    (observed.home / "fail").touch()  # for the panels about errors, retries and partial results
    wait_for("a stage failed", lambda: observed.prometheus.values("ray_callytics_stage_errors_total"), 90)
    (observed.home / "fail").unlink()
    asked = [query for query in QUERIES if not excuse(query)]
    left = asked

    def all_found() -> bool:
        nonlocal left
        left = [query for query in left if not observed.prometheus.values(query)]
        return not left

    with suppress(AssertionError):
        wait_for("every query finds data", all_found, 90)
    assert left == []
    assert len(asked) >= 35


def excuse(query: str) -> str:
    return next((reason for pattern, reason in WITHOUT_DATA.items() if re.search(pattern, query)), "")


def test_broken_stage_fires_an_alert_that_arrives_and_resolves(observed: ObservedGraph) -> None:
    name = "CallyticsStageDown"
    wait_for("the stage is well", lambda: not observed.alerts_kept(name, "firing"), 90)
    fired, resolved = (len(observed.alerts_sent(name, status)) for status in ("firing", "resolved"))
    observed.break_stage()
    (alert, *_) = wait_for("it fires", lambda: observed.alerts_sent(name, "firing")[fired:], 90)
    assert alert["labels"]["severity"] == "page"
    assert alert["annotations"]["summary"] == f"Stage {BROKEN} is down"
    wait_for("the gateway keeps it", lambda: observed.alerts_kept(name, "firing"), 60)
    observed.mend_stage()
    wait_for("it resolves", lambda: observed.alerts_sent(name, "resolved")[resolved:], 90)
    wait_for("the gateway knows", lambda: not observed.alerts_kept(name, "firing"), 60)
    assert observed.alerts_kept(name, "resolved")


def test_down_ends_the_servers_with_the_graph(observed: ObservedGraph) -> None:
    assert len(observers.processes(observed.run.run_id)) == len(observed.run.observers)
    assert [state.ready for state in local.status(home=observed.home).observers] == [True, True]
    local.down(home=observed.home)
    assert observers.processes(observed.run.run_id) == []
    assert local.status(home=observed.home).run is None
