"""A call through the graph with a scripted model: what its result and its report say."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from callytics.cli.terminal import report
from callytics.config import StageConfig
from callytics.domain import CallOptions, Recording
from callytics.pipeline import InProcess
from callytics.result.schema.call import CallResult
from tests.engines.analysis.llm_server import Endpoint, Reply, answer, serving
from tests.support.played_engines import CLASSES
from tests.support.told_claims import quote as q


def report_of(endpoint: Endpoint, **options: Any) -> CallResult:
    """A call through the whole graph in process: the test's engines, and the analyser as configured."""
    name = "callytics.engines.analysis.llm:LlmAnalyzer"
    fixed = {"model": "scripted", "base_url": endpoint.url, "api_key_variable": None, "verify": False}
    options = {**fixed, **options}
    stages = {
        s: StageConfig(s, f"tests.support.played_engines:{engine.__name__}") for s, engine in CLASSES.items()
    }
    stages["llm-analyzer"] = StageConfig("llm-analyzer", name, options)
    return InProcess(stages)(Recording("c1", "call.wav"), CallOptions())


def test_call_with_unavailable_endpoint_is_partial() -> None:
    with serving(Reply(503, {"error": {"message": "down"}})) as endpoint:
        result = report_of(endpoint, max_retries=0)
    assert result.job_status == "PARTIAL"
    assert [(e.stage, e.code) for e in result.job_details.errors] == [("llm-analyzer", "llm_unavailable")]
    assert result.contact_summary is None
    assert result.transcript


def test_result_has_engine_and_usage() -> None:
    claim = {"text": "고객이 환불을 요청함", "quotes": [q("t2", "환불해 주세요")]}
    with serving(answer(issue=claim), Reply(503, {"error": {"message": "down"}})) as endpoint:
        by_model = report_of(endpoint)
        by_fallback = report_of(endpoint, max_retries=0, fallback="extractive")
    assert by_model.job_status == by_fallback.job_status == "COMPLETED"
    assert by_model.contact_summary
    assert by_model.contact_summary.issue == "고객이 환불을 요청함"
    assert by_model.contact_summary.model == "scripted"
    assert by_model.contact_summary.usage
    assert by_model.contact_summary.usage.input_tokens == 100
    assert by_fallback.contact_summary
    assert by_fallback.contact_summary.model == "extractive"
    assert "analysis_fallback" in [flag.code for flag in by_fallback.flags]


def test_report_shows_claims_with_quotes_and_what_was_dropped() -> None:
    said = {"text": "고객이 환불을 요청함", "quotes": [q("t2", "환불해 주세요")]}
    lie = {"text": "상담원이 환불해 주었다.", "quotes": [q("t2", "환불해 주세요")]}
    with serving(answer(issue=said, outcome=lie)) as endpoint:
        result = report_of(endpoint)
    summary = result.contact_summary
    assert summary
    assert [claim.model_dump() for claim in summary.claims] == [
        {
            "field": "issue",
            "text": "고객이 환불을 요청함",
            "quotes": [{"turn_id": "t2", "text": "환불해 주세요"}],
            "proof": "proven",
            "reason": "",
        }
    ]
    assert summary.claim_counts
    assert summary.claim_counts.model_dump() == {
        "proven": 1,
        "unproven": 0,
        "contradicted": 1,
        "verified": False,
    }
    assert "claims_dropped" in [flag.code for flag in result.flags]
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(report(result, "a call"))
    shown = console.export_text()
    assert "“환불해 주세요”" in shown
    assert "1 proven, 0 unproven, 1 contradicted (by rule)" in shown
    assert ("the model's claim was not proven" in shown) == bool(summary.replaced)
