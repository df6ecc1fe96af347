"""Summary, topic, issue, outcome and action items by a language model, each checked against the turns that it cites.

Works with any OpenAI-compatible endpoint. The model gets the transcript as data and must answer in a checked schema.
Only claims that the cited turns support are kept (grounding.py): neither an invention nor an instruction that a caller
speaks to the model can enter a result. A long call is analysed in parts, and the parts are merged (map-reduce).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources

from callytics.domain import ContactSummary, Conversation, Flag, Turn
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.analysis.findings import Findings, grounded_findings
from callytics.engines.analysis.llm_client import STAGE, StructuredChat, UsageCounter
from callytics.engines.analysis.llm_schema import Answer, answer_json_schema
from callytics.errors import ConfigError, StageError

logger = logging.getLogger(__name__)

PROMPT_LANGUAGES = ("en", "ko")
PROMPTS = {
    f"{kind}.{language}": resources.files("callytics.engines.analysis.prompts")
    .joinpath(f"{kind}.{language}.md")
    .read_text(encoding="utf-8")
    for kind in ("call", "merge")
    for language in PROMPT_LANGUAGES
}


class LlmAnalyzer:
    """Safe to call from several threads. As deterministic as the endpoint: temperature 0 unless configured otherwise.

    Args:
        base_url: base URL of the endpoint, without ``/chat/completions``.
        model: the model's name at the endpoint.
        endpoint: an application of the graph by name (llm-server), instead of base_url; it needs no key.
        call_timeout_s: time for all requests of a call; None does not limit it. With base_url the retries of a request
            that has begun come on top.
        api_key_variable: the environment variable that holds the key; None for an endpoint without keys. The key
            itself is not an option, because options appear in configuration files, hashes and logs.
        timeout_s: timeout per request.
        max_retries: retries per request while the endpoint is busy or unavailable, with exponential back-off or after
            the time that its Retry-After header gives.
        max_reasks: repeated questions after an answer that violates the schema or was cut off.
        max_transcript_characters: characters per request; longer calls are analysed in parts. 24,000 characters are
            about 6,000 tokens of English and 15,000 of Korean.
        max_output_tokens: tokens per answer.
        structured_output: "json_schema", or "json_object" for endpoints without schema support.
        temperature: None uses the endpoint's default (some reasoning models accept no other).
        input_price_usd, output_price_usd: price per million tokens; without prices a result has tokens but no cost.
        fallback: "extractive" uses the extractive engine when the model fails; None fails the stage, and the call is
            partial. The result names the engine that was used.

    Raises:
        ConfigError: a wrong option, or no key.
    """

    def __init__(
        self,
        *,
        model: str,
        base_url: str = "https://api.openai.com/v1",
        api_key_variable: str | None = "OPENAI_API_KEY",
        timeout_s: float = 60.0,
        max_retries: int = 4,
        max_reasks: int = 1,
        max_transcript_characters: int = 24_000,
        max_output_tokens: int = 2_000,
        structured_output: str = "json_schema",
        temperature: float | None = 0.0,
        input_price_usd: float | None = None,
        output_price_usd: float | None = None,
        fallback: str | None = None,
        endpoint: str | None = None,
        call_timeout_s: float | None = None,
    ) -> None:
        if fallback not in (None, "extractive"):
            raise ConfigError("engine_options_invalid", f"{STAGE}: fallback is extractive or null.")
        self.model = model
        self.model_revision = f"prompts-{_prompts_hash()}"
        self._chat = StructuredChat(
            base_url=base_url,
            model=model,
            api_key_variable=api_key_variable,
            timeout_s=timeout_s,
            max_retries=max_retries,
            max_reasks=max_reasks,
            max_output_tokens=max_output_tokens,
            structured_output=structured_output,
            temperature=temperature,
            endpoint=endpoint,
            call_timeout_s=call_timeout_s,
        )
        self._max_characters = max_transcript_characters
        self._prices = (input_price_usd, output_price_usd)
        self._fallback = ExtractiveAnalyzer() if fallback else None

    def __call__(self, conversation: Conversation) -> ContactSummary:
        """
        Raises:
            StageError: the model is unavailable or gave no usable answer, and there is no fallback.
        """
        if not conversation.turns:
            return ContactSummary(None, None, None, None, None)
        usage = UsageCounter(*self._prices)
        try:
            findings = self._findings(conversation, usage)
        except StageError as error:
            if self._fallback is None:
                raise
            logger.warning("%s: the extractive engine speaks instead: %s", STAGE, error.message)
            return self._extractive(self._fallback, conversation, usage, error)
        summary = findings.contact_summary()
        return replace(
            summary,
            engine=f"{__name__}:{type(self).__name__}",
            model=self.model,
            usage=usage.total(),
            flags=findings.flags(),
        )

    def _extractive(
        self, engine: ExtractiveAnalyzer, conversation: Conversation, usage: UsageCounter, error: StageError
    ) -> ContactSummary:
        flag = Flag("analysis_fallback", f"The extractive engine made the summary: {error.message}")
        name = f"{type(engine).__module__}:{type(engine).__name__}"
        return replace(
            engine(conversation), engine=name, model=engine.model, usage=usage.total(), flags=(flag,)
        )

    def _findings(self, conversation: Conversation, usage: UsageCounter) -> Findings:
        """Map: analyse each part of the call. Reduce: merge the findings of the parts until one remains."""
        language = conversation.language if conversation.language in PROMPT_LANGUAGES else "en"
        every_turn = {turn.id: turn for turn in conversation.turns}
        found: list[Findings] = []
        for part in parts(turn_lines(conversation), self._max_characters):
            shown = {turn_id: every_turn[turn_id] for turn_id, _ in part}
            answer = self._chat.ask(PROMPTS[f"call.{language}"], _text(part), usage)
            found.append(self._ground(answer, conversation, shown))
        while len(found) > 1:
            merged: list[Findings] = []
            for group in groups(found, self._max_characters):
                data = "\n".join(line for findings in group for line in findings.lines())
                answer = self._chat.ask(PROMPTS[f"merge.{language}"], data, usage)
                noted = {i: every_turn[i] for findings in group for i in findings.turn_ids()}
                dropped = [reason for findings in group for reason in findings.dropped]
                result = self._ground(answer, conversation, noted)
                merged.append(replace(result, dropped=(*dropped, *result.dropped)))
            found = merged
        return found[0]

    def _ground(self, answer: Answer, conversation: Conversation, shown: Mapping[str, Turn]) -> Findings:
        return grounded_findings(answer, shown, conversation.role_of)


def turn_lines(conversation: Conversation) -> list[tuple[str, str]]:
    """Turn id and JSON line of every turn. Spoken text cannot break out of a JSON string."""
    return [
        (
            turn.id,
            json.dumps(
                {
                    "id": turn.id,
                    "role": conversation.role_of(turn.participant_id).value,
                    "text": turn.content,
                },
                ensure_ascii=False,
            ),
        )
        for turn in conversation.turns
    ]


def parts(lines: Sequence[tuple[str, str]], max_characters: int) -> list[list[tuple[str, str]]]:
    """Lines in parts of at most ``max_characters``, in order; a longer line is a part of its own."""
    found: list[list[tuple[str, str]]] = []
    size = 0
    for turn_id, line in lines:
        if not found or size + len(line) > max_characters:
            found.append([])
            size = 0
        found[-1].append((turn_id, line))
        size += len(line) + 1
    return found


def groups(found: Sequence[Findings], max_characters: int) -> list[list[Findings]]:
    """Consecutive findings that fit into one request; at least two per group, so that merging terminates."""
    made: list[list[Findings]] = []
    size = 0
    for findings in found:
        length = sum(len(line) + 1 for line in findings.lines())
        if not made or (len(made[-1]) >= 2 and size + length > max_characters):
            made.append([])
            size = 0
        made[-1].append(findings)
        size += length
    return made


def _text(part: Sequence[tuple[str, str]]) -> str:
    return "\n".join(line for _, line in part)


def _prompts_hash() -> str:
    """First 12 hex digits of the SHA-256 of prompts and schema: a changed prompt counts as a changed model."""
    text = json.dumps([PROMPTS, answer_json_schema()], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
