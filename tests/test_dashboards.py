"""The Grafana dashboards: what is committed is what the tool writes, and Grafana's own types accept it.

Whether every query finds data is tested live: tests/e2e/test_observability.py.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from callytics.telemetry import SERIES
from tests.support.observability import expressions, needs_servers
from tools import make_dashboards

ROOT = Path(__file__).parents[1]
GRAFANA = ROOT / "observability" / "grafana"
TYPES = ROOT / "tools" / "grafana"
SCHEMA = Draft7Validator(json.loads((TYPES / "dashboard.schema.json").read_text(encoding="utf-8")))
NAMES = sorted(make_dashboards.DASHBOARDS)


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8")
    )
    return document


def test_committed_dashboards_are_those_that_the_tool_writes() -> None:
    assert sorted(path.stem for path in (GRAFANA / "dashboards").iterdir()) == NAMES
    for name in NAMES:
        text = (GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8")
        assert text == make_dashboards.text(name), "run tools/make_dashboards.py"


@pytest.mark.parametrize("name", NAMES)
def test_dashboard_has_the_types_of_grafana(name: str) -> None:
    assert [error.message for error in SCHEMA.iter_errors(read(name))] == []


BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown panel": lambda board: board["panels"][0].update(type="graph"),
    "an unknown option": lambda board: board["panels"][0]["options"].update(stacking=True),
    "an option of another type": lambda board: board["panels"][0]["options"].update(graphMode="bars"),
    "no query": lambda board: board["panels"][0]["targets"][0].pop("expr"),
    "no unit": lambda board: board["panels"][0]["fieldConfig"]["defaults"].pop("unit"),
    "no place": lambda board: board["panels"][0]["gridPos"].pop("w"),
    "an unknown variable type": lambda board: board["templating"]["list"][0].update(type="source"),
    "no uid": lambda board: board.pop("uid"),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_dashboard_is_rejected(broken: str) -> None:
    document = copy.deepcopy(read("overview"))
    BREAKS[broken](document)
    assert list(SCHEMA.iter_errors(document)) != []


def test_names_and_uids_are_unique() -> None:
    boards = [read(name) for name in NAMES]
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(boards)
    assert [board["uid"] for board in boards] == [f"callytics-{name}" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_a_unit_a_description_and_a_place_of_their_own(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read(name)["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len(taken) == 24 * len({y for _, y in taken}), "a row has a gap"


@pytest.mark.parametrize("name", NAMES)
def test_every_query_asks_the_data_source_that_the_reader_chooses(name: str) -> None:
    board = read(name)
    (variable,) = board["templating"]["list"]
    assert variable["name"] == "datasource"
    sources = [target["datasource"] for panel in board["panels"] for target in panel["targets"]]
    assert {source["uid"] for source in sources} == {"${datasource}"}
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/callytics.yaml").read_text())
    assert variable["current"]["value"] in [source["uid"] for source in provisioned["datasources"]]


def test_grafana_knows_how_often_prometheus_scrapes() -> None:
    """It makes $__rate_interval of it: a shorter one would find less than two samples."""
    provisioned = yaml.safe_load((GRAFANA / "provisioning/datasources/callytics.yaml").read_text())
    prometheus = yaml.safe_load((ROOT / "observability" / "prometheus.yml").read_text())
    intervals = [source["jsonData"].get("timeInterval") for source in provisioned["datasources"]]
    assert prometheus["global"]["scrape_interval"] in intervals


def test_queries_name_series_that_the_graph_exports() -> None:
    """Labels too: a label that a series does not have finds nothing, or sums everything."""
    exported = {f"ray_{series.name}": {label.name for label in series.labels} for series in SERIES}
    for query in expressions(GRAFANA / "dashboards"):
        for name, where in re.findall(r"(ray_callytics_\w+)(\{[^}]*\})?", query):
            series = re.sub(r"_(bucket|sum|count)$", "", name)
            series = series if series in exported else series.removesuffix("_total")
            assert series in exported, query
            assert set(re.findall(r"(\w+)=", where)) <= exported[series], query
            for labels in re.findall(rf"by \(([^)]*)\) \((?:rate|increase)\({name}", query):
                assert {label.strip() for label in labels.split(",")} - {"le"} <= exported[series], query


@needs_servers
def test_every_query_is_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(expressions(GRAFANA / "dashboards"))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_schema_is_that_of_grafanas_package(tmp_path: Path) -> None:
    for name in ("dashboard.ts", "package.json", "tsconfig.json"):
        shutil.copy(TYPES / name, tmp_path / name)
    for command in (["npm", "install", "--no-audit", "--no-fund"], ["npm", "run", "schema"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert json.loads((tmp_path / "dashboard.schema.json").read_text()) == SCHEMA.schema


def test_pictures_of_the_page_are_there_and_small() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]+\]\((monitoring/[\w.-]+)\)", page)
    assert pictures
    for picture in pictures:
        assert (ROOT / "docs" / picture).stat().st_size < 150_000, picture
    assert {f"monitoring/{path.name}" for path in (ROOT / "docs" / "monitoring").iterdir()} == set(pictures)
