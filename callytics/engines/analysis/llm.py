"""Summary, topic, issue, outcome and action items by a language model, each with the words of the call that prove it.

Works with any OpenAI-compatible endpoint. The model gets the transcript as data and must answer in a checked schema,
with the verbatim words that prove each statement. grounding.py judges every statement against its quotes by rule,
verification.py by a second question. A long call is analysed in parts, and the parts are merged (map-reduce).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources

from callytics.domain import Claim, ContactSummary, Conversation, Flag, Proof, Turn, TurnTone
from callytics.engines.analysis.entailment import PROMPTS as ODDS_PROMPTS
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.analysis.findings import Findings, ground
from callytics.engines.analysis.grounding import Grounding, addresses_a_model
from callytics.engines.analysis.llm_client import STAGE, StructuredChat, UsageCounter, has_key
from callytics.engines.analysis.llm_schema import Answer, Verdicts, answer_schema
from callytics.engines.analysis.tone import Tones, tones
from callytics.engines.analysis.verification import verified, verified_by_odds
from callytics.errors import ConfigError, StageError

logger = logging.getLogger(__name__)

PROMPT_LANGUAGES = ("en", "ko")
PROMPTS = {
    f"{kind}.{language}": resources.files("callytics.engines.analysis.prompts")
    .joinpath(f"{kind}.{language}.md")
    .read_text(encoding="utf-8")
    for kind in ("call", "merge", "verify", "tone")
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
        judge: "learned" or "rules": whether a learned judge has to believe what the rules let pass, before the second
            question. It is used in the languages in which it gave more than the rules (docs/adr/0039).
        verify: ask a second question about every statement that the rules let pass; one more request per call.
        verify_odds: the second question for a small model: by language the least log odds of "yes" with which a
            statement stands (entailment.py). Each statement is asked alone, with one token as the answer, so there are
            as many requests as statements; the endpoint must tell log probabilities. In a language that is not named
            the rules have the last word. None asks about all of them in one request, for a model that can answer that.
        tone: ask a third question, about mood, irony, empathy and rudeness of turns; one more request per call. The
            answers stand beside the values of sentiment-analyzer (tone.py).
        unproven: what becomes of a statement that its quotes do not prove. "drop": it goes, and in summary, issue and
            outcome the extractive engine's candidate stands, marked as such; "show": it stays, marked as unproven. What
            its quotes contradict is always dropped.
        fallback: "extractive" uses the extractive engine when the model fails; None fails the stage, and the call is
            partial. The result names the engine that was used.
        without_key: "extractive" starts without a key, with the extractive engine, and says so in every result and in
            the status of the stage; None does not start. It says nothing of an endpoint that fails: `fallback` does.

    Raises:
        ConfigError: a wrong option, or no key.
    """

    notice = ""
    """What a user should know of a stage that is healthy; in its status."""

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
        judge: str = "learned",
        verify: bool = True,
        verify_odds: Mapping[str, float] | None = None,
        tone: bool = False,
        unproven: str = "drop",
        fallback: str | None = None,
        endpoint: str | None = None,
        call_timeout_s: float | None = None,
        without_key: str | None = None,
    ) -> None:
        if unproven not in ("drop", "show"):
            raise ConfigError("engine_options_invalid", f"{STAGE}: unproven is drop or show.")
        if judge not in ("learned", "rules"):
            raise ConfigError("engine_options_invalid", f"{STAGE}: judge is learned or rules.")
        if verify_odds is not None and not set(verify_odds) <= set(ODDS_PROMPTS):
            raise ConfigError("engine_options_invalid", f"{STAGE}: verify_odds names ko and en only.")
        if fallback not in (None, "extractive"):
            raise ConfigError("engine_options_invalid", f"{STAGE}: fallback is extractive or null.")
        if without_key not in (None, "extractive"):
            raise ConfigError("engine_options_invalid", f"{STAGE}: without_key is extractive or null.")
        self._extractive_engine = ExtractiveAnalyzer()
        if without_key and endpoint is None and api_key_variable and not has_key(api_key_variable):
            self.notice = f"extractive, without a language model: {api_key_variable} holds no API key"
            self.model = self._extractive_engine.model
            self.model_revision = self._extractive_engine.model_revision
            logger.warning("%s: %s", STAGE, self.notice)
            return
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
        self._learned = judge == "learned"
        self._verify = verify
        self._verify_odds = dict(verify_odds) if verify_odds is not None else None
        self._asks_tone = tone
        self._shows_unproven = unproven == "show"
        self._falls_back = fallback is not None

    def __call__(self, conversation: Conversation) -> ContactSummary:
        """
        Raises:
            StageError: the model is unavailable or gave no usable answer, and there is no fallback.
        """
        if not conversation.turns:
            return ContactSummary(None, None, None, None, None)
        if self.notice:
            return self._extractive(
                conversation, None, f"The extractive engine made the summary: {self.notice}"
            )
        usage = UsageCounter(*self._prices)
        try:
            findings = self._findings(conversation, usage)
        except StageError as error:
            if not self._falls_back:
                raise
            logger.warning("%s: the extractive engine speaks instead: %s", STAGE, error.message)
            message = f"The extractive engine made the summary: {error.message}"
            return self._extractive(conversation, usage, message)
        findings, unverified = self._verified(findings, conversation, usage)
        summary = findings.contact_summary(self._shows_unproven, conversation.language)
        summary = self._with_candidates(summary, findings, conversation)
        heard, untold = self._tones(conversation, usage)
        return replace(
            summary,
            engine=f"{__name__}:{type(self).__name__}",
            model=self.model,
            usage=usage.total(),
            flags=(*findings.flags(self._shows_unproven, summary.replaced), *unverified, *untold),
            tones=heard,
        )

    def _tones(
        self, conversation: Conversation, usage: UsageCounter
    ) -> tuple[tuple[TurnTone, ...], tuple[Flag, ...]]:
        """The third question. If it fails, the summary stands without it, and a flag says so."""
        if not self._asks_tone:
            return (), ()
        prompt = PROMPTS[f"tone.{_prompt_language(conversation)}"]
        lines = parts(turn_lines(conversation), self._max_characters)
        try:
            return tones(conversation, lines, self._chat, prompt, usage)
        except StageError as error:
            logger.warning("%s: the question about tone failed: %s", STAGE, error.message)
            message = f"The language model did not judge the tone of turns: {error.message}"
            return (), (Flag("tone_missing", message),)

    def _verified(
        self, findings: Findings, conversation: Conversation, usage: UsageCounter
    ) -> tuple[Findings, tuple[Flag, ...]]:
        """After the second question. If it fails, the verdicts of the rules stand, and a flag says so."""
        if not self._verify:
            return findings, ()
        try:
            checked = self.ask_again(findings, conversation, usage)
        except StageError as error:
            logger.warning("%s: the second question failed: %s", STAGE, error.message)
            message = f"The statements of the language model were checked by rule only: {error.message}"
            return findings, (Flag("claims_unverified", message),)
        return checked, ()

    def ask_again(
        self, findings: Findings, conversation: Conversation, usage: UsageCounter | None = None
    ) -> Findings:
        """The findings after the second question about them.

        Raises:
            StageError: the model is unavailable or gave no usable answer.
        """
        counter = usage or UsageCounter(*self._prices)
        if self._verify_odds is not None:
            return verified_by_odds(findings, conversation, self._chat, counter, self._verify_odds)
        prompt = PROMPTS[f"verify.{_prompt_language(conversation)}"]
        return verified(findings, conversation, self._chat, prompt, counter, self._max_characters)

    def _with_candidates(
        self, summary: ContactSummary, findings: Findings, conversation: Conversation
    ) -> ContactSummary:
        """The extractive engine's candidates in place of headlines that were dropped."""
        empty = [name for name in findings.missing() if getattr(summary, name) is None]
        if not empty:
            return summary
        extracted = self._extractive_engine(conversation)
        speech = {turn.id for turn in conversation.turns if not addresses_a_model(turn.content)}
        found: dict[str, Claim] = {
            name: claim
            for name in empty
            if (claim := getattr(extracted, name)) and set(claim.evidence_turn_ids) <= speech
        }
        return replace(
            summary,
            summary=found.get("summary", summary.summary),
            issue=found.get("issue", summary.issue),
            outcome=found.get("outcome", summary.outcome),
            replaced=tuple(found),
            uncertain=(*summary.uncertain, *found),
        )

    def _extractive(
        self, conversation: Conversation, usage: UsageCounter | None, message: str
    ) -> ContactSummary:
        engine = self._extractive_engine
        flag = Flag("analysis_fallback", message)
        name = f"{type(engine).__module__}:{type(engine).__name__}"
        used = usage.total() if usage else None
        return replace(engine(conversation), engine=name, model=engine.model, usage=used, flags=(flag,))

    def _findings(self, conversation: Conversation, usage: UsageCounter) -> Findings:
        """Map: analyse each part of the call. Reduce: merge the findings of the parts until one remains."""
        language = _prompt_language(conversation)
        every_turn = {turn.id: turn for turn in conversation.turns}
        found: list[Findings] = []
        for part in parts(turn_lines(conversation), self._max_characters):
            shown = {turn_id: every_turn[turn_id] for turn_id, _ in part}
            found.append(self._ask(f"call.{language}", _text(part), shown, conversation, usage))
        while len(found) > 1:
            merged: list[Findings] = []
            for group in groups(found, self._max_characters):
                data = "\n".join(line for findings in group for line in findings.lines())
                quoted = {i for findings in group for s in findings.proven for i in s.turn_ids}
                noted = {i: turn for i, turn in every_turn.items() if i in quoted}
                result = self._ask(f"merge.{language}", data, noted, conversation, usage)
                failed = [
                    statement
                    for findings in group
                    for statement in (*findings.statements, *findings.dropped)
                    if statement.proof is not Proof.PROVEN
                ]
                merged.append(replace(result, dropped=(*failed, *result.dropped)))
            found = merged
        return found[0]

    def _ask(
        self,
        prompt: str,
        data: str,
        shown: Mapping[str, Turn],
        conversation: Conversation,
        usage: UsageCounter,
    ) -> Findings:
        answer = self._chat.ask(PROMPTS[prompt], data, usage, Answer, answer_schema(list(shown)))
        return ground(
            answer, Grounding(shown, conversation.role_of, conversation.language, learned=self._learned)
        )


def _prompt_language(conversation: Conversation) -> str:
    return conversation.language if conversation.language in PROMPT_LANGUAGES else "en"


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
    schemas = [answer_schema(()), Verdicts.model_json_schema(), Tones.model_json_schema()]
    text = json.dumps([PROMPTS, ODDS_PROMPTS, schemas], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
