"""Structured answers from an OpenAI-compatible endpoint, through langchain.

There are two kinds of retry. If the endpoint is busy or unavailable (429, 408, 5xx, no connection, timeout), openai's
client retries with exponential back-off and jitter, and honours a ``Retry-After`` of up to two minutes. If the answer
is unusable (not JSON, not the schema, no choices, cut off), the model is asked again and told the problem. A refusal
is a valid answer: the model is not asked again.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from callytics.domain import LanguageModelUsage
from callytics.errors import ConfigError, StageError

STAGE = "llm-analyzer"
Model = TypeVar("Model", bound=BaseModel)
MOST_LOGPROBS = 20
"""The most that OpenAI's API names for a token."""

_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)


class UsageCounter:
    """Adds up the usage of one call. Each call has its own counter, so engines remain safe to share between threads."""

    def __init__(self, input_price: float | None, output_price: float | None) -> None:
        self._prices = (input_price, output_price)
        self.started_s = time.monotonic()
        self.requests = 0
        self.input_tokens = 0
        self.output_tokens = 0

    def add(self, usage: dict[str, Any] | None) -> None:
        self.requests += 1
        if usage:
            self.input_tokens += int(usage.get("input_tokens", 0))
            self.output_tokens += int(usage.get("output_tokens", 0))

    def total(self) -> LanguageModelUsage:
        """Cost is None if no prices are configured: it is never guessed from the model's name."""
        input_price, output_price = self._prices
        cost_usd = None
        if input_price is not None and output_price is not None:
            cost_usd = round((self.input_tokens * input_price + self.output_tokens * output_price) / 1e6, 6)
        return LanguageModelUsage(self.requests, self.input_tokens, self.output_tokens, cost_usd)


@dataclass(frozen=True)
class _Reply:
    """``problem`` says why ``text`` is not a complete answer; None if it is complete."""

    text: str
    usage: dict[str, Any] | None
    problem: str = ""
    refused: bool = False


class StructuredChat:
    """One model behind one endpoint. Safe to call from several threads.

    Args:
        base_url: base URL of the endpoint, without ``/chat/completions``.
        model: the model's name at the endpoint.
        api_key_variable: the environment variable that holds the key; None for an endpoint without keys.
        timeout_s: timeout per request.
        max_retries: retries per request while the endpoint is busy or unavailable.
        max_reasks: repeated questions after an unusable answer.
        max_output_tokens: tokens per answer; doubled after an answer that was cut off.
        structured_output: "json_schema" (OpenAI, vLLM, Ollama, llama.cpp) or "json_object" (older endpoints, which
            read the schema in the prompt).
        endpoint: an application of the graph by name (endpoints.py), instead of base_url. A busy one is not asked
            again: requests wait in it.
        call_timeout_s: time for all requests of a call; None does not limit it.

    Raises:
        ConfigError: a wrong option, or the key is not in the environment.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key_variable: str | None,
        timeout_s: float,
        max_retries: int,
        max_reasks: int,
        max_output_tokens: int,
        structured_output: str,
        temperature: float | None,
        endpoint: str | None = None,
        call_timeout_s: float | None = None,
    ) -> None:
        import openai
        from langchain.chat_models import init_chat_model

        from callytics.engines.analysis import endpoints

        if structured_output not in ("json_schema", "json_object"):
            raise ConfigError(
                "engine_options_invalid", f"{STAGE}: structured_output is json_schema or json_object."
            )
        self._openai = openai
        self._timeout_s = timeout_s
        self._call_timeout_s = call_timeout_s
        by_name: dict[str, Any] = {}
        if endpoint is not None:
            base_url, max_retries, api_key_variable = endpoints.base_url(endpoint), 0, None
            by_name = {"http_client": endpoints.http_client(endpoint)}
        self._host = _checked_host(base_url)
        self._max_reasks = max_reasks
        self._max_output_tokens = max_output_tokens
        self._structured_output = structured_output
        self._chat = init_chat_model(
            model,
            model_provider="openai",
            base_url=base_url,
            api_key=_key(api_key_variable),
            timeout=timeout_s,
            max_retries=max_retries,
            temperature=temperature,
            use_responses_api=False,
            stream_usage=False,
            **by_name,
        )

    def ask(
        self, system: str, data: str, usage: UsageCounter, answer: type[Model], schema: dict[str, Any]
    ) -> Model:
        """The checked answer.

        Args:
            system: the instructions.
            data: what they are about.
            usage: counts this request and its repetitions.
            answer: the model that checks the answer.
            schema: its JSON schema for this request.

        Raises:
            StageError: ``llm_unavailable``, ``llm_rate_limited``, ``llm_unauthorized``, ``llm_rejected``,
                ``llm_refused`` or ``llm_malformed``. Its text contains nothing that
                the endpoint sent, because that could be a key or part of the call.
        """
        if self._structured_output == "json_object":
            text = json.dumps(schema, ensure_ascii=False)
            system = f"{system}\n\nAnswer with one JSON object of this schema:\n{text}"
        messages: list[tuple[str, str]] = [("system", system), ("human", data)]
        max_tokens = self._max_output_tokens
        problem = ""
        for _ in range(1 + self._max_reasks):
            reply = self._request(messages, max_tokens, schema, self._time_left_s(usage))
            usage.add(reply.usage)
            if reply.refused:
                raise StageError(
                    STAGE, "llm_refused", f"The model at {self._host} refused to analyse this call."
                )
            if not reply.problem:
                try:
                    return answer.model_validate_json(_FENCE.sub(r"\1", reply.text))
                except ValidationError as error:
                    reply = _Reply(reply.text, reply.usage, _what_is_wrong(error))
            problem = reply.problem
            if problem == "it was cut off":
                max_tokens *= 2
            correction = (
                f"Your last answer could not be used: {problem}. Answer again, with the JSON object only."
            )
            messages = [*messages[:2], ("human", correction)]
        raise StageError(
            STAGE,
            "llm_malformed",
            f"The model at {self._host} gave no usable answer, {1 + self._max_reasks} times: {problem}.",
        )

    def first_words(self, messages: list[tuple[str, str]], usage: UsageCounter) -> list[tuple[str, float]]:
        """The likeliest first tokens of an answer with their log probabilities, the likeliest first.

        Raises:
            StageError: as :meth:`ask`; ``llm_rejected`` if the endpoint tells no log probabilities.
        """
        from langsmith import tracing_context

        try:
            with tracing_context(enabled=False):
                message = self._chat.invoke(
                    messages,
                    logprobs=True,
                    top_logprobs=MOST_LOGPROBS,
                    max_tokens=1,
                    timeout=self._time_left_s(usage),
                )
        except self._openai.APIError as error:
            raise self._stage_error(error) from None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise StageError(
                STAGE, "llm_malformed", f"The model at {self._host} gave no usable answer."
            ) from None
        usage.add(dict(message.usage_metadata or {}))
        try:
            named = message.response_metadata["logprobs"]["content"][0]["top_logprobs"]
            return [(str(one["token"]), float(one["logprob"])) for one in named]
        except (KeyError, TypeError, ValueError, IndexError):
            raise StageError(
                STAGE,
                "llm_rejected",
                f"{self._host} tells no log probabilities: leave verify_odds out for this endpoint.",
            ) from None

    def _request(
        self, messages: list[tuple[str, str]], max_tokens: int, schema: dict[str, Any], timeout_s: float
    ) -> _Reply:
        from langsmith import tracing_context

        from callytics.engines.analysis import endpoints

        openai = self._openai
        try:
            # A LANGSMITH_TRACING in the environment must not send customers' words to a third party.
            with tracing_context(enabled=False):
                message = self._chat.invoke(
                    messages,
                    response_format=self._response_format(schema),
                    max_tokens=max_tokens,
                    timeout=timeout_s,
                )
        except openai.LengthFinishReasonError as error:
            tokens = error.completion.usage
            used = {"input_tokens": tokens.prompt_tokens, "output_tokens": tokens.completion_tokens}
            return _Reply("", used if tokens else None, "it was cut off")
        except openai.ContentFilterFinishReasonError:
            return _Reply("", None, refused=True)
        except openai.APIResponseValidationError:
            return _Reply("", None, "the endpoint sent no chat completion")
        except openai.APIError as error:
            raise self._stage_error(error) from None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            # langchain raises this, undocumented, for a body that is not a chat completion or has no choices.
            return _Reply("", None, f"the endpoint sent no chat completion ({type(error).__name__})")
        text = endpoints.without_thinking(message.content) if isinstance(message.content, str) else ""
        return _Reply(
            text,
            dict(message.usage_metadata or {}),
            problem="" if text.strip() else "it was empty",
            refused=bool(message.additional_kwargs.get("refusal")),
        )

    def _response_format(self, schema: dict[str, Any]) -> dict[str, Any]:
        if self._structured_output == "json_object":
            return {"type": "json_object"}
        named = {"name": "call_analysis", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}

    def _time_left_s(self, usage: UsageCounter) -> float:
        """For the next request."""
        if self._call_timeout_s is None:
            return self._timeout_s
        left_s = self._call_timeout_s - (time.monotonic() - usage.started_s)
        if left_s <= 0:
            raise StageError(STAGE, "llm_unavailable", f"{self._host} did not answer in time.")
        return min(self._timeout_s, left_s)

    def _stage_error(self, error: Any) -> StageError:
        """The kind and status of the failure only, never the endpoint's own text."""
        openai = self._openai
        if isinstance(error, openai.APITimeoutError):
            return StageError(STAGE, "llm_unavailable", f"{self._host} did not answer in time.")
        if isinstance(error, openai.APIConnectionError):
            return StageError(STAGE, "llm_unavailable", f"{self._host} cannot be reached.")
        status = getattr(error, "status_code", None)
        if isinstance(error, openai.RateLimitError):
            return StageError(
                STAGE, "llm_rate_limited", f"{self._host} is over its rate limit or quota (429)."
            )
        if status in (401, 403):
            return StageError(
                STAGE, "llm_unauthorized", f"{self._host} does not accept the API key ({status})."
            )
        if status is not None and status < 500:
            return StageError(
                STAGE,
                "llm_rejected",
                f"{self._host} rejected the request ({status}): check base_url, model and structured_output.",
            )
        return StageError(STAGE, "llm_unavailable", f"{self._host} fails ({status or type(error).__name__}).")


def _checked_host(base_url: str) -> str:
    """Host of the endpoint, for messages."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("engine_options_invalid", f"{STAGE}: base_url is no http(s) address.")
    if parts.username or parts.password or parts.query:
        raise ConfigError(
            "engine_options_invalid",
            f"{STAGE}: base_url must hold no credentials and no query; the key comes from the environment.",
        )
    return parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"


def has_key(variable: str) -> bool:
    return bool(os.environ.get(variable, "").strip())


def _key(variable: str | None) -> Any:
    from pydantic import SecretStr

    if variable is None:
        return SecretStr("none")
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(
            "llm_key_missing",
            f"{STAGE}: the environment variable {variable} holds no API key. Set it where the stage runs, or say "
            "api_key_variable: null for an endpoint without keys.",
        )
    return SecretStr(key)


def _what_is_wrong(error: ValidationError) -> str:
    """Where and how the answer violates the schema, without its text."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    kind = "it is not JSON" if first["type"] == "json_invalid" else f"{first['type']} at {where or 'the top'}"
    return kind if error.error_count() == 1 else f"{kind}, and {error.error_count() - 1} more"
