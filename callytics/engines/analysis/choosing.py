"""A small language model chooses among what the extractive engine offers: one question at a time.

A model of one or two billion parameters writes poor Korean, takes an apology for the issue and invents turn ids. It can
choose. So each answer is one word of a closed list, which the server enforces (a JSON schema with ``enum``): the id of
one of the likeliest turns, a topic, yes, no or unknown. Text and evidence come from the extractive engine, in the words
of the call. The model cannot state a false claim in words of its own, and what a caller says to it ("ignore your
instructions") can at most move a choice.

A question is asked only where the extractive engine is in doubt: where it is sure, it is right more often than such a
model (docs/quality.md).
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources

from callytics.domain import ContactSummary, Conversation, Flag, Role
from callytics.engines.analysis.choice_client import STAGE, ChoiceClient, UsageCounter
from callytics.engines.analysis.extractive import Candidates, Choice, ExtractiveAnalyzer
from callytics.engines.analysis.grounding import addresses_a_model
from callytics.errors import ConfigError, StageError

logger = logging.getLogger(__name__)

QUESTIONS = ("issue", "outcome", "topic", "resolved")
ASKED = QUESTIONS[:3]
"""By default: a model of 1.5 billion parameters takes a friendly end for a solution (docs/adr/0020)."""

RESOLVED = {"yes": "true", "no": "false", "unknown": "unknown"}
VAGUE_TOPICS = ("inquiry", "other")
NEIGHBOURS = 1
"""Turns that are shown before and after a candidate of a call that is too long to be shown whole."""

PROMPTS: Mapping[str, Mapping[str, str]] = json.loads(
    resources.files("callytics.engines.analysis.prompts").joinpath("choose.json").read_text(encoding="utf-8")
)
"""Language -> question -> text."""


class ChoosingAnalyzer:
    """Korean and English; other languages are left to the extractive engine. Safe to call from several threads.

    Args:
        endpoint: the application that serves the model, by name (deployments/llm_server.py).
        base_url: an OpenAI-compatible endpoint instead, which must support ``response_format`` with a JSON schema.
        model: the model's name at the endpoint.
        api_key_variable: the environment variable that holds the key; None for an endpoint without keys.
        call_timeout_s: time for all questions of a call. What has no answer by then stays as the extractive engine has
            it, and the flag ``analysis_fallback`` says so.
        questions: what is asked, in this order: "issue", "outcome", "topic"; also "resolved", for models that can tell.
        only_in_doubt: ask only where the extractive engine is not sure: an issue or outcome below ``sure``, a topic
            that it does not name, a resolution that it leaves open. False asks everything, to measure a model.
        sure: probability from which the extractive engine's issue or outcome is no matter of doubt.
        max_candidates: turns to choose among.
        max_transcript_characters: of a call that is shown whole; of a longer one the candidates and their neighbours.

    Raises:
        ConfigError: a wrong option, or no key.
    """

    def __init__(
        self,
        *,
        model: str,
        endpoint: str | None = None,
        base_url: str | None = None,
        api_key_variable: str | None = None,
        call_timeout_s: float = 120.0,
        questions: Sequence[str] = ASKED,
        only_in_doubt: bool = True,
        sure: float = 0.5,
        max_candidates: int = 5,
        max_transcript_characters: int = 3_000,
    ) -> None:
        if not set(questions) <= set(QUESTIONS) or max_candidates < 2 or call_timeout_s <= 0:
            raise ConfigError(
                "engine_options_invalid",
                f"{STAGE}: questions are {', '.join(QUESTIONS)}; max_candidates is at least 2; call_timeout_s is "
                "above 0.",
            )
        self.model = model
        self._client = ChoiceClient(model, endpoint, base_url, api_key_variable)
        self._extractive = ExtractiveAnalyzer()
        self._call_timeout_s = call_timeout_s
        self._questions = tuple(questions)
        self._sure = sure if only_in_doubt else math.inf
        self._only_in_doubt = only_in_doubt
        self._max_candidates = max_candidates
        self._max_characters = max_transcript_characters
        self.model_revision = f"choose-{_prompts_hash()}-{self._extractive.model_revision}"

    def __call__(self, conversation: Conversation) -> ContactSummary:
        """Never fails for the model's sake: what it does not answer, the extractive engine does."""
        usage = self._client.new_usage()
        choice, error = Choice(), None
        candidates = self._extractive.candidates(conversation, self._max_candidates)
        if conversation.language in PROMPTS and candidates.issue:
            deadline = time.monotonic() + self._call_timeout_s
            for question in self._asked(conversation, candidates):
                try:
                    choice = self._answered(question, conversation, candidates, choice, deadline, usage)
                except StageError as failure:
                    logger.warning("%s: %s stays extractive: %s", STAGE, question, failure.message)
                    error = failure
                    break
        summary = self._extractive.report(conversation, choice)
        own = choice != Choice() or error is None
        engine = type(self) if own else ExtractiveAnalyzer
        flags = () if error is None else (_flag(error, own),)
        return replace(
            summary,
            engine=f"{engine.__module__}:{engine.__name__}",
            model=self.model if own else self._extractive.model,
            usage=usage.total(),
            flags=(*summary.flags, *flags),
        )

    def _asked(self, conversation: Conversation, candidates: Candidates) -> list[str]:
        """The questions on which there is doubt."""
        plain = self._extractive.report(conversation, Choice())
        in_doubt = {
            "issue": max(candidates.issue.values(), default=1.0) < self._sure,
            "outcome": max(candidates.outcome.values(), default=1.0) < self._sure,
            "topic": plain.topic is None or plain.topic.text in VAGUE_TOPICS,
            "resolved": plain.resolved is None,
        }
        return [name for name in self._questions if in_doubt[name] or not self._only_in_doubt]

    def _answered(
        self,
        question: str,
        conversation: Conversation,
        candidates: Candidates,
        choice: Choice,
        deadline: float,
        usage: UsageCounter,
    ) -> Choice:
        """``choice`` with one more answer, or as it was where there is nothing to choose."""
        texts = PROMPTS[conversation.language or ""]
        shown = self._shown(conversation, candidates)

        def ask(text: str, answers: Sequence[str]) -> str:
            return self._client.choose(texts["system"], f"{shown}\n\n{text}", answers, deadline, usage)

        if question in ("issue", "outcome"):
            chances = candidates.issue if question == "issue" else candidates.outcome
            turns = {turn.id: turn for turn in conversation.turns}
            usable = [i for i in chances if not addresses_a_model(turns[i].content)]
            if len(usable) < 2:
                return choice
            offered = "\n".join(f"{i}: {turns[i].content}" for i in sorted(usable, key=list(turns).index))
            return replace(choice, **{question: ask(f"{texts[question]}\n{offered}", usable)})
        if question == "topic":
            names = texts["topics"].split()
            return replace(choice, topic=ask(f"{texts['topic']} {', '.join(names)}", names))
        return replace(choice, resolved=RESOLVED[ask(texts["resolved"], list(RESOLVED))])

    def _shown(self, conversation: Conversation, candidates: Candidates) -> str:
        """The call as lines; the same for every question, so that the server computes it once."""
        turns = list(conversation.turns)
        lines = [
            f"{turn.id} {_letter(conversation.role_of(turn.participant_id))}: {' '.join(turn.content.split())}"
            for turn in turns
        ]
        if sum(map(len, lines)) > self._max_characters:
            wanted = {*candidates.issue, *candidates.outcome}
            near = {
                place
                for index, turn in enumerate(turns)
                if turn.id in wanted
                for place in range(index - NEIGHBOURS, index + NEIGHBOURS + 1)
            }
            lines = [line for index, line in enumerate(lines) if index in near]
        return "\n".join(lines)


def _letter(role: Role) -> str:
    return role.value.capitalize()


def _flag(error: StageError, own: bool) -> Flag:
    part = "a part of" if own else "the whole of"
    return Flag("analysis_fallback", f"The extractive engine made {part} the summary alone: {error.message}")


def _prompts_hash() -> str:
    return hashlib.sha256(json.dumps(PROMPTS, sort_keys=True).encode()).hexdigest()[:12]
