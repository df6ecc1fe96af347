"""The analyser with a language model before a scripted endpoint, and an answer that the call supports."""

from __future__ import annotations

from typing import Any

from callytics.domain import ContactSummary
from callytics.engines.analysis.llm import LlmAnalyzer
from tests.engines.analysis.llm_server import Endpoint, Reply, serving
from tests.support.service_calls import ENGLISH
from tests.support.told_claims import quote

INTERNET = quote("t2", "My internet has stopped working since Monday morning.")
TECHNICIAN = quote("t4", "We will send a technician to your house tomorrow.")
ENGLISH_ANSWER: dict[str, Any] = {
    "summary": [
        {"text": "The customer's internet has not worked since Monday.", "quotes": [INTERNET]},
        {"text": "A technician will come tomorrow.", "quotes": [TECHNICIAN]},
    ],
    "topic": {"label": "technical_support", "quotes": [INTERNET]},
    "issue": {"text": "The internet has stopped working since Monday morning.", "quotes": [INTERNET]},
    "outcome": {"text": "A technician will be sent to the house.", "quotes": [TECHNICIAN]},
    "resolution": {"resolved": False, "quotes": [TECHNICIAN]},
    "action_items": [
        {"text": "Send a technician tomorrow", "owner": "AGENT", "quotes": [TECHNICIAN]},
        {
            "text": "Restart the router",
            "owner": "CUSTOMER",
            "quotes": [quote("t4", "Please restart the router once before he comes.")],
        },
    ],
}


def analyzer(endpoint: Endpoint, **options: Any) -> LlmAnalyzer:
    options = {"verify": False, **options}
    return LlmAnalyzer(model="scripted", base_url=endpoint.url, api_key_variable=None, **options)


def analyzed(reply: Reply, conversation: Any = ENGLISH, **options: Any) -> ContactSummary:
    with serving(reply) as endpoint:
        return analyzer(endpoint, **options)(conversation)
