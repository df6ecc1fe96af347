"""The written claims are what their README says, and their figures are counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.domain import Conversation
from callytics.engines.analysis.claims.quotes import is_verbatim
from callytics.engines.analysis.findings import Findings
from evaluation.claims import KINDS, page, read_claims
from evaluation.claims.scores import judge_call
from evaluation.dialogues import read_dialogues
from tests.engines.analysis.llm_server import Reply, completion, serving

ROOT = Path(__file__).parents[2]
CLAIMS = [claim for s in page.SPLITS for language in ("ko", "en") for claim in read_claims(s, language)]
CALLS = {call["id"]: call for split in page.SPLITS for call in read_dialogues(split)}  # type: ignore[arg-type]


def test_there_are_200_claims_and_more_half_in_each_language() -> None:
    languages = Counter(claim["language"] for claim in CLAIMS)
    assert len(CLAIMS) >= 200
    assert min(languages.values()) >= 0.45 * len(CLAIMS)
    assert sum(claim["split"] == "report" for claim in CLAIMS) >= 100
    assert 0.4 <= sum(claim["true"] for claim in CLAIMS) / len(CLAIMS) <= 0.6
    lies = Counter(claim["kind"] for claim in CLAIMS if not claim["true"])
    assert min(lies[kind] for kind in KINDS if kind != "paraphrase") >= 25


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_claim_quotes_its_call(claim: dict[str, Any]) -> None:
    call = CALLS[claim["call"]]
    said = {turn["id"]: turn["text"] for turn in call["turns"]}
    assert (claim["split"], claim["language"]) == (call["split"], call["language"])
    assert claim["kind"] in KINDS
    assert claim["quotes"]
    for quote in claim["quotes"]:
        assert is_verbatim(quote["text"], said[quote["turn_id"]])


def claims_on(call_id: str) -> list[dict[str, Any]]:
    return [claim for claim in CLAIMS if claim["call"] == call_id]


def test_each_way_of_judging_is_counted() -> None:
    def denies_all(findings: Findings, conversation: Conversation) -> Findings:
        return Findings(tuple(s.denied("not_shown_to_the_model") for s in findings.statements))

    judged = judge_call(CALLS["en_telecom_001"], claims_on("en_telecom_001"), denies_all)
    (total, by_kind, _) = page.tables_of([page.Measured("report", "en", judged)])
    row = dict(zip(total.header, total.rows[0], strict=True))
    assert row["lies caught, asked"] == "1.00 [1.00, 1.00]"
    assert row["true kept, asked"] == "0.00 [0.00, 0.00]"
    assert row["true kept, by rule"] == "1.00 [1.00, 1.00]"
    numbers = next(row for row in by_kind.rows if row[0] == "number")
    assert dict(zip(by_kind.header, numbers, strict=True))["lies caught, by rule"] == "1 of 1"


def test_column_is_empty_without_an_endpoint() -> None:
    judged = judge_call(CALLS["en_telecom_001"], claims_on("en_telecom_001"), None)
    (total, _, _) = page.tables_of([page.Measured("report", "en", judged)])
    assert dict(zip(total.header, total.rows[0], strict=True))["lies caught, asked"] == "–"


def test_errors_of_the_report_split_are_not_listed() -> None:
    judged = judge_call(CALLS["en_telecom_001"], claims_on("en_telecom_001"), None)
    assert page.errors_of([page.Measured("report", "en", judged)]) == []


def test_second_question_of_a_configuration_is_asked(tmp_path: Path) -> None:
    """A scripted model finds everything entailed: nothing changes, and one request per call is sent."""

    def entailed(request: dict[str, Any]) -> Reply:
        asked = [json.loads(line)["claim"] for line in request["messages"][1]["content"].splitlines()]
        verdicts = [{"claim": key, "verdict": "entailed"} for key in asked]
        return completion(json.dumps({"verdicts": verdicts}))

    with serving(entailed) as endpoint:
        document = yaml.safe_load((ROOT / "serve_config.cpu.yaml").read_text(encoding="utf-8"))
        for application in document["applications"]:
            if application["name"] == "llm-analyzer":
                options = {"model": "scripted", "base_url": endpoint.url, "api_key_variable": None}
                engine = "callytics.engines.analysis.llm:LlmAnalyzer"
                application["args"] = {"engine": engine, "options": options}
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        measured = page.measure_claims(config, ("choose",))
    assert all(judged.asked == judged.by_judge for one in measured for judged in one.judged)
    calls = {judged.claim["call"] for one in measured for judged in one.judged}
    assert len(endpoint.requests) == len(calls)


def test_section_takes_the_place_of_the_one_before() -> None:
    block = f"{page.SECTION.begin}\n\nnew\n\n{page.SECTION.end}"
    old = f"# Quality\n\n{page.SECTION.begin}\n\nold\n\n{page.SECTION.end}\n\nrest\n"
    assert page.SECTION.replaced(old, block) == f"# Quality\n\n{block}\n\nrest\n"
    assert page.SECTION.replaced("# Quality\n", block) == f"# Quality\n\n{block}\n"
