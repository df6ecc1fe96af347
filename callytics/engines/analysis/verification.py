"""The second question: a fresh request that sees only the claims, their quotes and the turns around these.

It does not see the first answer's reasons or the rest of the call, so it can't repeat a story: it reads whether the
turns show each claim. All claims go into one request, more only if they would not fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from callytics.domain import Conversation, Turn
from callytics.engines.analysis.entailment import PROMPTS, log_odds, messages
from callytics.engines.analysis.findings import Findings, Statement
from callytics.engines.analysis.grounding import addresses_a_model
from callytics.engines.analysis.llm_client import StructuredChat, UsageCounter
from callytics.engines.analysis.llm_schema import Verdicts, verdicts_schema

NEIGHBOURS = 1
"""Turns before and after a quoted turn that are shown with it: a short answer means nothing without its question."""

RESOLVED = {
    "ko": {"true": "고객의 용건이 이 통화에서 해결되었다.", "false": "고객의 용건이 이 통화에서 해결되지 않았다."},
    "en": {
        "true": "What the customer called for was solved in this call.",
        "false": "What the customer called for was not solved in this call.",
    },
}  # fmt: skip
REASONS = {"contradicted": "contradicted_by_the_model", "not_shown": "not_shown_to_the_model"}


def verified(
    findings: Findings,
    conversation: Conversation,
    chat: StructuredChat,
    prompt: str,
    usage: UsageCounter,
    max_characters: int,
) -> Findings:
    """The findings, with what the second question denies no longer proven.

    A label ("refund") is no sentence, so topics are not asked. A claim without a verdict counts as not shown.

    Raises:
        StageError: as :meth:`StructuredChat.ask`.
    """
    asked = [s for s in findings.proven if s.field != "topic"]
    if not asked:
        return findings
    ids = {f"c{number}": statement for number, statement in enumerate(asked, start=1)}
    lines = {key: _line(key, statement, conversation) for key, statement in ids.items()}
    verdicts: dict[str, str] = {}
    for group in _groups(lines, max_characters):
        data = "\n".join(lines[key] for key in group)
        answer = chat.ask(prompt, data, usage, Verdicts, verdicts_schema(group))
        for given in answer.verdicts:
            if verdicts.get(given.claim, "entailed") == "entailed":  # of two verdicts, the worse one counts
                verdicts[given.claim] = given.verdict
    denied = {
        ids[key]: REASONS[verdict] for key in ids if (verdict := verdicts.get(key, "not_shown")) != "entailed"
    }
    return _without(findings, denied)


def verified_by_odds(
    findings: Findings,
    conversation: Conversation,
    chat: StructuredChat,
    usage: UsageCounter,
    least: Mapping[str, float],
) -> Findings:
    """The findings, each claim asked alone: it stays proven if the log odds of "yes" reach the least of its language.

    In a language without a threshold nothing is asked, and the verdicts of the rules stand.

    Raises:
        StageError: as :meth:`StructuredChat.first_words`.
    """
    threshold = least.get(conversation.language or "")
    if threshold is None or conversation.language not in PROMPTS:
        return findings
    denied: dict[Statement, str] = {}
    for statement in (s for s in findings.proven if s.field != "topic"):
        asked = messages(statement, _in_words(statement, conversation), conversation)
        if log_odds(chat.first_words(asked, usage)) < threshold:
            denied[statement] = REASONS["not_shown"]
    return _without(findings, denied)


def _without(findings: Findings, denied: Mapping[Statement, str]) -> Findings:
    statements = tuple(
        s.denied(denied[s], contradicted=denied[s] == REASONS["contradicted"]) if s in denied else s
        for s in findings.statements
    )
    return replace(findings, statements=statements, verified=True)


def _in_words(statement: Statement, conversation: Conversation) -> str:
    language = conversation.language if conversation.language in RESOLVED else "en"
    return RESOLVED[language][statement.text] if statement.field == "resolved" else statement.text


def _line(key: str, statement: Statement, conversation: Conversation) -> str:
    claim = _in_words(statement, conversation)
    order = {turn.id: place for place, turn in enumerate(conversation.turns)}
    near = sorted(
        {
            place
            for turn_id in statement.turn_ids
            for place in range(order[turn_id] - NEIGHBOURS, order[turn_id] + NEIGHBOURS + 1)
            if 0 <= place < len(conversation.turns)
        }
    )
    turns = [_turn(conversation.turns[place], conversation) for place in near]
    shown = [turn for turn in turns if turn]
    about: dict[str, object] = {"claim": key, "text": claim}
    if statement.owner:
        about["to_be_done_by"] = statement.owner.value
    quotes = [quote.text for quote in statement.quotes]
    return json.dumps({**about, "quotes": quotes, "turns": shown}, ensure_ascii=False)


def _turn(turn: Turn, conversation: Conversation) -> dict[str, str] | None:
    if addresses_a_model(turn.content):
        return None
    return {"role": conversation.role_of(turn.participant_id).value, "text": turn.content}


def _groups(lines: Mapping[str, str], max_characters: int) -> list[Sequence[str]]:
    """Ids of the claims by request."""
    groups: list[list[str]] = []
    size = 0
    for key, line in lines.items():
        if not groups or size + len(line) > max_characters:
            groups.append([])
            size = 0
        groups[-1].append(key)
        size += len(line) + 1
    return list(groups)
