"""No label holds a call's id or a caller's text: closed lists, names of the configuration, and ``other``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from callytics.domain import ContactSummary, LanguageModelUsage, StageRun, StageStatus
from callytics.engines.analysis.llm_schema import Topic
from callytics.store import CallBegun, CallEnded, JobStatus, Priority
from callytics.telemetry import SERIES, Kind, labels, samples, series, store_samples

PROJECT = Path(__file__).resolve().parents[2]
HOSTILE = (
    "", "my card is 4111 1111 1111 1111", '"} 1\nray_callytics_calls_total 9', "환불해 주세요", "a" * 65,
    "call 01jd2v3w4x5y6z7a8b9c0d1e2f", "../../etc/passwd", "x\0y",
)  # fmt: skip


def raised_codes(folder: str) -> set[str]:
    """Every code with which an engine fails: the literals of errors in its source."""
    found = set()
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name.endswith("Error") and name != "StageError":
                first = node.args[:1]
            elif isinstance(node, ast.Call) and name in ("StageError", "StageFailure"):
                first = node.args[1:2]
            else:
                continue
            found |= {a.value for a in first if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return {code for code in found if code.replace("_", "").isalpha() and code.islower()}


def test_codes_of_engines_are_in_the_closed_list() -> None:
    others = {
        "format_unknown",
        "part_invalid",
        "engine_options_unknown",
    }  # of conversions, which are no stage
    missing = raised_codes("callytics/engines") - labels.STAGE_ERROR_CODES - others
    assert not missing


def test_topics_are_those_of_the_engines() -> None:
    assert labels.TOPIC.values == {topic.value for topic in Topic}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("of", SERIES, ids=lambda of: of.name)
def test_hostile_value_becomes_other(of: series.Series, value: str) -> None:
    safe = of.safe_labels(dict.fromkeys((label.name for label in of.labels), value))
    assert set(safe.values()) <= {"other"}


def test_values_of_the_graph_are_kept() -> None:
    run = StageRun(
        "speech-recognizer", StageStatus.FAILED, 1, 2.0, "speech-recognizer-v2", error_code="stage_lost"
    )
    taken = [
        *store_samples.of_call(CallBegun(Priority.HIGH, 1.0)),
        *store_samples.of_call(CallEnded(JobStatus.PARTIAL, "acme", "ko", Priority.LOW, 60.0, 20.0, True)),
        *samples.of_stage(run, 60.0),
        *samples.of_retry(run),
        *samples.of_batch("speech-recognizer", "speech-recognizer-v2", "windows", 3, 16),
        *samples.of_webhook("PENDING"),
    ]
    assert all(sample.series.safe_labels(sample.labels) == sample.labels for sample in taken)


def test_tenants_are_told_apart_by_class_only() -> None:
    ended = CallEnded(JobStatus.COMPLETED, "acme", "en", Priority.NORMAL, 60.0, 20.0, True)
    written = str([sample.labels for sample in store_samples.of_call(ended)])
    assert "acme" not in written
    assert "'tenant_class': 'tenant'" in written


def test_code_of_an_engine_of_ones_own_becomes_other() -> None:
    run = StageRun("sentiment-analyzer", StageStatus.FAILED, 1, error_code="the customer said 1234")
    (error,) = [s for s in samples.of_stage(run, 1.0) if s.series is series.STAGE_ERRORS]
    assert error.series.safe_labels(error.labels)["code"] == "other"


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len({each.name for each in SERIES}) == len(SERIES)
    for each in SERIES:
        assert each.exported_name.startswith("ray_callytics_")
        assert each.exported_name.endswith("_total") is (each.kind is Kind.COUNTER)
        assert bool(each.buckets) is (each.kind is Kind.HISTOGRAM)
        assert list(each.buckets) == sorted(set(each.buckets))


def test_cost_is_absent_without_prices() -> None:
    summary = ContactSummary(None, None, None, None, None, usage=LanguageModelUsage(1, 10, 5))
    values = {(s.series.name, s.value) for s in samples.of_summary(summary, "llm-analyzer")}
    assert values == {
        ("callytics_llm_tokens", 10),
        ("callytics_llm_tokens", 5),
        ("callytics_llm_cost_usd", 0.0),
    }
