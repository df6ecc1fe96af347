"""The second question with a real language model: asked once, its answers kept in asked.jsonl, judged again at no cost.

    callytics eval DATA --only claims --llm local     asks what asked.jsonl does not have; some seconds of a core each

A sample of the claims is asked, the first by the hash of their ids: on that of `fit` and `choose` the thresholds were
chosen, that of `report` says what they give. A second sample, from claims that were written later, is for the
judge that reads the answer beside its signs (docs/adr/0039). An answer belongs to the messages that were sent: a
changed prompt or claim makes it void. The model sees the quotes and the claim, whatever the rules say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callytics.engines.analysis.entailment import log_odds, messages
from callytics.engines.analysis.findings import Statement
from callytics.engines.analysis.grounding import Grounding
from callytics.engines.analysis.llm_client import StructuredChat, UsageCounter
from evaluation.claims import read_claims
from evaluation.claims.scores import statement_of
from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.language_model import local_model
from evaluation.meaning.reading import conversation_of

FILE = Path(__file__).with_name("asked.jsonl")
SAMPLE = {("fit", "choose"): 45, ("report",): 60}
"""Splits -> claims that are asked at most, by language: of `report` every one."""

FIRST_LATER_LOT = 4
"""Claims from this lot on were not there when the sample was drawn."""

JUDGED_LOTS, JUDGED_SAMPLE = (5, 6), {"ko": 70, "en": 50}
"""Lots of the second sample, and how many claims of each language it has."""

QUESTION_S = 600.0
"""For one answer, on a machine that may be busy."""


def digest(asked: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:16]


def questions() -> Iterator[tuple[Mapping[str, Any], list[tuple[str, str]]]]:
    """The claims that are asked, each with its messages."""
    for language in LANGUAGES:
        for splits, number in SAMPLE.items():
            calls = {call["id"]: call for name in splits for call in read_dialogues(name, language)}  # type: ignore[arg-type]
            for claim in _sample(splits, language, number):
                conversation = conversation_of(calls[claim["call"]], roles=True)
                turns = {turn.id: turn for turn in conversation.turns}
                statement: Statement = statement_of(claim, Grounding(turns, conversation.role_of, language))
                yield claim, messages(statement, statement.text, conversation)


def _sample(splits: Sequence[str], language: str, number: int) -> list[dict[str, Any]]:
    """The first claims by the hash of their ids, of the first lots, then of those that the judge learned from."""
    every = [claim for name in splits for claim in read_claims(name, language)]
    every.sort(key=lambda claim: hashlib.sha256(claim["id"].encode()).hexdigest())
    first = [claim for claim in every if claim.get("lot", 0) < FIRST_LATER_LOT]
    later = [claim for claim in every if claim.get("lot", 0) in JUDGED_LOTS]
    return [*first[:number], *later[: JUDGED_SAMPLE[language]]]


def kept_answers() -> dict[str, float]:
    """Id of a claim -> log odds of "yes", where the claim and the prompt are still what was asked."""
    if not FILE.is_file():
        return {}
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    found = {(row["id"], row["asked"]): row["log_odds"] for row in rows}
    every = {claim["id"]: digest(asked) for claim, asked in questions()}
    return {name: found[name, asked] for name, asked in every.items() if (name, asked) in found}


def open_chat(model: str) -> StructuredChat:
    """To the model that this process reaches by name."""
    return StructuredChat(
        base_url="http://unused",
        endpoint="llm-server",
        model=model,
        api_key_variable=None,
        timeout_s=QUESTION_S,
        max_retries=0,
        max_reasks=0,
        max_output_tokens=1,
        structured_output="json_schema",
        temperature=0.0,
    )


def ask(model: str) -> None:
    """Ask what has no answer yet; each answer is written at once.

    Raises:
        NotFoundError, WeightsError, StageError: the model is not there, or does not answer.
    """
    done = kept_answers()
    left = [(claim, asked) for claim, asked in questions() if claim["id"] not in done]
    if not left:
        return
    with local_model(model) as found, FILE.open("a", encoding="utf-8") as file:
        chat = open_chat(found.name)
        for claim, asked in left:
            odds = log_odds(chat.first_words(asked, UsageCounter(None, None)))
            row = {"id": claim["id"], "asked": digest(asked), "log_odds": round(odds, 3)}
            row |= {"model": found.name, "date": datetime.now(UTC).date().isoformat()}
            print(json.dumps(row), file=file, flush=True)
