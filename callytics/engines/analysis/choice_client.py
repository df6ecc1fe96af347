"""One question, one word out of a closed list, from an OpenAI-compatible endpoint.

By httpx alone: the base environment has it, so a stage on a CPU needs neither langchain nor openai for this.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from callytics.engines.analysis import endpoints
from callytics.engines.analysis.llm_client import STAGE, UsageCounter
from callytics.errors import ConfigError, StageError

__all__ = ["STAGE", "ChoiceClient", "UsageCounter"]

MAX_ANSWER_TOKENS = 40
"""Enough for {"answer": "insurance_claim"} with some white space."""


class ChoiceClient:
    """Safe to call from several threads.

    Args:
        model: its name at the endpoint.
        endpoint: an application by name (endpoints.py), or None.
        base_url: an address instead, without ``/chat/completions``.
        api_key_variable: the environment variable that holds the key; None for an endpoint without keys.

    Raises:
        ConfigError: both or none of endpoint and base_url; no key.
    """

    def __init__(
        self, model: str, endpoint: str | None, base_url: str | None, api_key_variable: str | None
    ) -> None:
        import httpx

        if (endpoint is None) == (base_url is None):
            raise ConfigError("engine_options_invalid", f"{STAGE}: give either endpoint or base_url.")
        self._httpx = httpx
        self._model = model
        self._host = endpoint or httpx.URL(base_url or "").host
        transport = endpoints.transport_to(endpoint) if endpoint else None
        headers = {} if api_key_variable is None else {"Authorization": f"Bearer {_key(api_key_variable)}"}
        address = endpoints.base_url(endpoint) if endpoint else base_url or ""
        self._client = httpx.Client(base_url=f"{address}/", transport=transport, headers=headers)

    def new_usage(self) -> UsageCounter:
        return UsageCounter(None, None)

    def choose(
        self, system: str, text: str, answers: Sequence[str], deadline: float, usage: UsageCounter
    ) -> str:
        """One of ``answers``.

        Args:
            deadline: by time.monotonic(); no answer is waited for after it.

        Raises:
            StageError: ``llm_unavailable``, ``llm_rejected`` or ``llm_malformed``. Its text contains nothing that the
                endpoint sent.
        """
        schema = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(answers)}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        body = {
            "model": self._model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": text}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "choice", "strict": True, "schema": schema},
            },
            "temperature": 0,
            "max_tokens": MAX_ANSWER_TOKENS,
        }
        reply = self._post(body, deadline)
        try:
            tokens = reply.get("usage") or {}
            usage.add(
                {
                    "input_tokens": tokens.get("prompt_tokens", 0),
                    "output_tokens": tokens.get("completion_tokens", 0),
                }
            )
            text = reply["choices"][0]["message"]["content"]
            answer = json.loads(endpoints.without_thinking(text))["answer"]
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            answer = None
        if answer not in answers:
            raise StageError(
                STAGE, "llm_malformed", f"The model at {self._host} chose none of the given answers."
            )
        return str(answer)

    def _post(self, body: dict[str, Any], deadline: float) -> Any:
        httpx = self._httpx
        left_s = deadline - time.monotonic()
        try:
            if left_s <= 0:
                raise httpx.ReadTimeout("no time is left")
            reply = self._client.post("chat/completions", json=body, timeout=left_s)
        except httpx.TimeoutException:
            raise StageError(STAGE, "llm_unavailable", f"{self._host} did not answer in time.") from None
        except httpx.HTTPError:
            raise StageError(STAGE, "llm_unavailable", f"{self._host} cannot be reached.") from None
        if reply.status_code == 408:
            raise StageError(STAGE, "llm_unavailable", f"{self._host} did not answer in time.")
        if reply.status_code in (401, 403):
            raise StageError(STAGE, "llm_unauthorized", f"{self._host} does not accept the API key.")
        if reply.status_code == 429 or reply.status_code >= 500:
            raise StageError(STAGE, "llm_unavailable", f"{self._host} fails ({reply.status_code}).")
        if reply.status_code != 200:
            raise StageError(
                STAGE, "llm_rejected", f"{self._host} rejected the request ({reply.status_code})."
            )
        try:
            return reply.json()
        except ValueError:
            return {}


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigError(
            "llm_key_missing",
            f"{STAGE}: the environment variable {variable} holds no API key. Set it where the stage runs, or leave "
            "api_key_variable out for an endpoint without keys.",
        )
    return key
