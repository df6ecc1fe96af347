"""The second question, in which a model judges the claims that the rules let pass. The endpoint is scripted."""

from __future__ import annotations

import json

from callytics.domain import ClaimCounts
from tests.engines.analysis.llm_server import Reply, answer, completion, serving
from tests.support.scripted_analyzer import ENGLISH_ANSWER, analyzer
from tests.support.service_calls import ENGLISH


def verdicts(*given: tuple[str, str]) -> Reply:
    return completion(json.dumps({"verdicts": [{"claim": key, "verdict": value} for key, value in given]}))


def test_second_question_decides_about_what_the_rules_let_pass() -> None:
    said = [
        ("c1", "entailed"),
        ("c2", "not_shown"),
        ("c3", "contradicted"),
        ("c4", "entailed"),
        ("c5", "entailed"),
    ]
    with serving(answer(**ENGLISH_ANSWER), verdicts(*said)) as endpoint:
        result = analyzer(endpoint, verify=True)(ENGLISH)
    assert len(endpoint.requests) == 2
    asked = [json.loads(line) for line in endpoint.requests[1]["messages"][1]["content"].splitlines()]
    assert [one["claim"] for one in asked] == [
        "c1",
        "c2",
        "c3",
        "c4",
        "c5",
        "c6",
        "c7",
    ]  # a topic is not asked
    assert asked[4]["to_be_done_by"] == "AGENT"
    assert [turn["text"] for turn in asked[0]["turns"]] == [turn.content for turn in ENGLISH.turns[:3]]
    assert "technical_support" not in endpoint.requests[1]["messages"][1]["content"]
    schema = endpoint.requests[1]["response_format"]["json_schema"]["schema"]
    assert schema["$defs"]["Verdict"]["properties"]["claim"]["enum"] == [one["claim"] for one in asked]
    assert result.claim_counts == ClaimCounts(proven=4, unproven=3, contradicted=1, verified=True)
    assert result.usage
    assert (result.usage.requests, result.usage.input_tokens) == (2, 200)
    reasons = result.flags[0].message
    assert "contradicted_by_the_model (1), not_shown_to_the_model (3)" in reasons


def test_worse_one_of_two_verdicts_counts() -> None:
    twice = [("c1", "contradicted"), ("c1", "entailed"), *((f"c{n}", "entailed") for n in range(2, 8))]
    with serving(answer(**ENGLISH_ANSWER), verdicts(*twice)) as endpoint:
        result = analyzer(endpoint, verify=True)(ENGLISH)
    assert result.summary
    assert result.summary.text == "A technician will come tomorrow."


def test_failing_second_question_leaves_the_rules_and_a_flag() -> None:
    with serving(answer(**ENGLISH_ANSWER), Reply(500, {"error": {"message": "boom"}})) as endpoint:
        result = analyzer(endpoint, verify=True, max_retries=0)(ENGLISH)
    assert result.outcome
    assert [flag.code for flag in result.flags] == ["claims_unverified"]
    assert result.claim_counts
    assert not result.claim_counts.verified


def test_answer_without_proven_claims_is_not_asked_about() -> None:
    with serving(answer()) as endpoint:
        analyzer(endpoint, verify=True)(ENGLISH)
    assert len(endpoint.requests) == 1


def test_many_claims_are_asked_in_bounded_requests() -> None:
    every = verdicts(*((f"c{n}", "entailed") for n in range(1, 8)))
    with serving(answer(**ENGLISH_ANSWER), every) as endpoint:
        result = analyzer(endpoint, verify=True, max_transcript_characters=1200)(ENGLISH)
    sizes = [len(request["messages"][1]["content"]) for request in endpoint.requests[1:]]
    assert len(sizes) > 1
    assert max(sizes) <= 1200
    assert result.claim_counts
    assert result.claim_counts.proven == 8
