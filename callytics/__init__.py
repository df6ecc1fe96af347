"""Callytics: call-centre recordings turned into structured analytics.

    analyze("call.mp3")                     one call, in this process
    Client(url, api_key), AsyncClient       the HTTP API
    CallResult and the models in it         docs/result.md
    CallyticsError and its subclasses       callytics/errors.py

docs/python.md has examples. Names are loaded on first use: importing callytics loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callytics.client import AsyncClient, CallStatus, Client
    from callytics.errors import (
        CallyticsError,
        ConfigError,
        ConflictError,
        EngineUnavailableError,
        ForbiddenError,
        InvalidMediaError,
        InvalidRequestError,
        NotFoundError,
        StageError,
        TooManyRequestsError,
        UnauthorizedError,
        UnavailableError,
        WeightsError,
    )
    from callytics.in_process import analyze
    from callytics.result.schema.call import CallResult, read_result
    from callytics.result.schema.characteristics import ConversationCharacteristics
    from callytics.result.schema.summary import ContactSummaryDetail
    from callytics.result.schema.transcript import ParticipantDetail, TranscriptItem, TranscriptTurn

__all__ = [
    "AsyncClient",
    "CallResult",
    "CallStatus",
    "CallyticsError",
    "Client",
    "ConfigError",
    "ConflictError",
    "ContactSummaryDetail",
    "ConversationCharacteristics",
    "EngineUnavailableError",
    "ForbiddenError",
    "InvalidMediaError",
    "InvalidRequestError",
    "NotFoundError",
    "ParticipantDetail",
    "StageError",
    "TooManyRequestsError",
    "TranscriptItem",
    "TranscriptTurn",
    "UnauthorizedError",
    "UnavailableError",
    "WeightsError",
    "analyze",
    "read_result",
]

_CLIENT = {"AsyncClient", "CallStatus", "Client"}
_RESULT = {
    "CallResult": "call",
    "ContactSummaryDetail": "summary",
    "ConversationCharacteristics": "characteristics",
    "ParticipantDetail": "transcript",
    "TranscriptItem": "transcript",
    "TranscriptTurn": "transcript",
    "read_result": "call",
}
"""The module in callytics/result/schema that defines the name."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'callytics' has no attribute {name!r}")
    if name in _CLIENT:
        module = "callytics.client"
    elif name in _RESULT:
        module = f"callytics.result.schema.{_RESULT[name]}"
    else:
        module = "callytics.in_process" if name == "analyze" else "callytics.errors"
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
