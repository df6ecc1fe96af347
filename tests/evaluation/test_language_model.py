"""Requests go to the model's process through pipes, and what was answered is not asked again. No model is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callytics.domain import ContactSummary, Conversation, LanguageModelUsage
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from evaluation.claims import asked
from evaluation.dialogues import read_dialogues
from evaluation.language_model import PipeTransport
from evaluation.meaning import with_model

ECHO = """\
import json, sys
for number, line in enumerate(sys.stdin):
    said = json.loads(line)
    status = 500 if "fail" in said["body"] else 200
    print(json.dumps({"status": status, "body": json.dumps({"n": number, "path": said["path"]})}), flush=True)
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield child
    child.kill()
    child.wait()


def post(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("http://llm-server/v1/chat/completions", json={"text": text})


def test_answer_is_kept_and_failure_is_not(process: subprocess.Popen[str], tmp_path: Path) -> None:
    with httpx.Client(transport=PipeTransport(process, "model 1", tmp_path / "kept")) as client:
        first = post(client, "a").json()
        assert first == {"n": 0, "path": "/v1/chat/completions"}
        assert post(client, "a").json() == first
        assert post(client, "b").json()["n"] == 1
        assert post(client, "fail").status_code == 500
        assert post(client, "fail").json()["n"] == 3
        process.kill()
        process.wait()
        assert post(client, "b").json()["n"] == 1
        with pytest.raises(httpx.HTTPError):
            post(client, "c")
    other = PipeTransport(process, "model 2", tmp_path / "kept")
    with httpx.Client(transport=other) as client, pytest.raises(httpx.HTTPError):
        post(client, "a")  # of another model nothing was kept


def test_kept_answers_are_of_the_claims_and_prompts_of_today() -> None:
    answers = asked.kept_answers()
    kept = len(asked.FILE.read_text(encoding="utf-8").splitlines())
    assert len(answers) == kept, (
        "asked.jsonl has answers to other claims or prompts: ask again with --llm local"
    )
    questions = {claim["id"]: claim for claim, _ in asked.questions()}
    assert len(answers) >= 2 * asked.SAMPLE["fit", "choose"]
    chosen_on = [questions[name] for name in answers if questions[name]["split"] != "report"]
    later = [claim for claim in chosen_on if claim.get("lot") in asked.JUDGED_LOTS]
    assert len(later) == sum(asked.JUDGED_SAMPLE.values())
    assert len(chosen_on) - len(later) == 2 * asked.SAMPLE["fit", "choose"]


def test_changed_question_has_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = asked.FILE.read_text(encoding="utf-8").splitlines()[0]
    kept = tmp_path / "asked.jsonl"
    monkeypatch.setattr(asked, "FILE", kept)
    kept.write_text(row + "\n", encoding="utf-8")
    assert len(asked.kept_answers()) == 1
    kept.write_text(row.replace('"asked": "', '"asked": "0') + "\n", encoding="utf-8")
    assert asked.kept_answers() == {}


def test_calls_with_a_model_stand_beside_the_same_calls_without() -> None:
    def wrong(conversation: Conversation) -> ContactSummary:
        return ContactSummary(None, None, None, None, None, usage=LanguageModelUsage(1, 10, 1, None))

    def same(conversation: Conversation) -> ContactSummary:
        return ExtractiveAnalyzer()(conversation)

    calls: list[dict[str, Any]] = [
        call for language in ("ko", "en") for call in read_dialogues("fit", language)[:2]
    ]
    heard = [with_model.hear(call, same if call["language"] == "ko" else wrong) for call in calls]
    every, doubts = with_model.tables_of(with_model.WithModel("m", 1, 2, heard))
    issue = dict(zip(every.header, every.rows[0], strict=True))
    assert issue["ko, with the model"] == issue["ko, extractive"] != "0.00"
    assert issue["en, with the model"] == "0.00" != issue["en, extractive"]
    assert doubts.title.startswith("The 2 of them")
    page = with_model.SECTION.replaced(
        "# Quality\n", with_model.section(with_model.WithModel("m", 1, 2, heard))
    )
    assert "on 2 of these 4 calls (0 ko, 2 en)" in page
    assert (
        with_model.SECTION.replaced(page, with_model.section(with_model.WithModel("m", 1, 2, heard))) == page
    )


def test_new_page_keeps_the_section_of_a_measurement_with_a_model() -> None:
    block = f"{with_model.SECTION.begin}\n\nmeasured\n\n{with_model.SECTION.end}"
    assert with_model.SECTION.carried_over(f"old\n\n{block}\n\nmore", "# New\n") == f"# New\n\n{block}\n"
    assert with_model.SECTION.carried_over("old", "# New\n") == "# New\n"


def test_chosen_calls_do_not_depend_on_their_order() -> None:
    ids = [call["id"] for call in with_model.chosen("report", "ko", 10)]
    assert len(set(ids)) == 10
    assert ids[:5] == [call["id"] for call in with_model.chosen("report", "ko", 5)]
