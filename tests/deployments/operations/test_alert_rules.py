"""observability/alerts.yml: promtool takes it and its tests pass; each alert is tested, labelled and explained."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
RULES, TESTS = ROOT / "observability" / "alerts.yml", ROOT / "observability" / "alerts.test.yml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule
}
EXPECTED = {
    "CallyticsStageDown",
    "CallyticsCallErrorRatioHigh",
    "CallyticsQueueOldestAboveTarget",
    "CallyticsCallsFailing",
    "CallyticsLatencyBudgetFastBurn",
    "CallyticsLatencyBudgetSlowBurn",
    "CallyticsLatencyBudgetTicket",
    "CallyticsGpuIdleWhileCallsWait",
    "CallyticsDiskLow",
    "CallyticsDatabaseUnreachable",
    "CallyticsWebhooksFailing",
    "CallyticsConfidenceDrift",
    "CallyticsLanguageMixDrift",
    "CallyticsMetricsMissing",
}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def headings(document: Path) -> dict[str, str]:
    """Anchor -> text of the section, of the headings of the third level."""
    parts = re.split(r"^### (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        title.lower().replace(" ", "-"): text.partition("\n## ")[0]
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_alert_that_was_agreed_is_there() -> None:
    assert set(ALERTS) == EXPECTED


@needs_promtool
def test_rules_are_valid() -> None:
    promtool("check", "rules", str(RULES))


@needs_promtool
def test_every_alert_fires_and_clears_in_the_tests_of_the_rules() -> None:
    promtool("test", "rules", str(TESTS))


def test_every_alert_has_a_test_that_sees_it_fire_and_afterwards_clear() -> None:
    """Which it does when promtool is there."""
    fires_and_clears = set()
    for each in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]:
        states: dict[str, list[bool]] = {}
        for check in each.get("alert_rule_test", ()):
            states.setdefault(check["alertname"], []).append(bool(check.get("exp_alerts")))
        fires_and_clears |= {name for name, fired in states.items() if True in fired and not fired[-1]}
    assert fires_and_clears == set(ALERTS)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_alert_has_its_labels_and_a_runbook_section_that_exists(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert all(rule["annotations"].values())
    document, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor == f"alert-{name.lower()}"
    section = headings(ROOT / document)[anchor]
    for part in ("**Means.**", "**Look at**", "**Do.**"):
        assert part in section


def test_no_section_explains_an_alert_that_is_not_there() -> None:
    found = headings(ROOT / "docs" / "operations.md")
    anchors = {anchor for anchor in found if anchor.startswith("alert-")}
    assert anchors == {f"alert-{name.lower()}" for name in ALERTS}


def test_table_of_alerts_is_complete_and_tells_the_severity() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(Callytics\w+)` \|.*\| (\w+) \|$", text, re.MULTILINE))
    assert rows == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}


def test_increases_are_counted_once_in_each_interval() -> None:
    """`offset 1m` counts what came since the evaluation before."""
    (increases,) = [group for group in GROUPS if group["name"] == "callytics-increases"]
    assert increases["interval"] == "1m"
    for rule in increases["rules"]:
        assert rule["record"].endswith(":increase1m")
        assert set(re.findall(r"offset (\w+)", rule["expr"])) <= {"1m"}


def test_every_threshold_is_used_and_every_used_one_is_defined() -> None:
    text = RULES.read_text(encoding="utf-8")
    defined = {
        rule["record"] for rule in GROUPS[0]["rules"] if rule["record"].startswith("callytics:threshold:")
    }
    used = {name for line in text.splitlines() if "record:" not in line
            for name in re.findall(r"callytics:threshold:\w+", line)}  # fmt: skip
    assert GROUPS[0]["name"] == "callytics-thresholds"
    assert defined == used


def test_every_recorded_series_that_an_alert_reads_is_recorded() -> None:
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    read = {
        name
        for group in GROUPS
        for rule in group["rules"]
        for name in re.findall(r"callytics:\w+:\w+", rule["expr"])
    }
    assert read == recorded
