"""docs/monitoring.md has a row per series, as it is defined."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.telemetry import SERIES, Kind, Series
from callytics.telemetry.labels import Label

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")


def row(of: Series) -> str:
    labels = ", ".join(f"`{label.name}`" for label in of.labels)
    return f"| `{of.exported_name}` | {of.kind} | {labels} | {of.meaning} |"


@pytest.mark.parametrize("of", SERIES, ids=lambda of: of.name)
def test_series_has_its_row(of: Series) -> None:
    assert row(of) in PAGE.splitlines(), f"docs/monitoring.md should have\n{row(of)}"


def test_page_has_no_other_series() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| `ray_callytics_") and line.count("|") == 5
    ]
    assert rows == [row(of) for of in SERIES]


def test_labels_with_a_list_are_explained() -> None:
    labels = {label for of in SERIES for label in of.labels}
    for label in sorted(labels, key=lambda label: (label.name, label.meaning)):
        assert f"| `{label.name}` | {label.meaning} | {values(label)} |" in PAGE, label_row(label)


def label_row(label: Label) -> str:
    return f"| `{label.name}` | {label.meaning} | {values(label)} |"


def values(label: Label) -> str:
    if label.values is None:
        return "names in the Serve configuration"
    if len(label.values) > 15:
        return f"a closed list of {len(label.values)}"
    return ", ".join(f"`{value}`" for value in sorted(map(str, label.values)))


def test_buckets_are_those_of_the_page() -> None:
    for of in SERIES:
        if of.kind is Kind.HISTOGRAM:
            assert " ".join(f"{bound:g}" for bound in of.buckets) in PAGE, of.name
