# ruff: noqa: E501  (one pattern per line reads better)
"""Requests in plain words: of the customer, that the agent passes over, and of the agent, that leave the customer a task."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callytics.domain import Role
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.signals import plain

_REQUEST = {
    "ko": re.compile(
        r"(?:보내|제출|전화|연락|입금|신청|등록|확인해|회신|답변|알려)\S{0,6}(?:주세요|주십시오|주셔야|바랍니다)"
    ),
    "en": re.compile(
        r"(?:please|could you|can you|would you|make sure (?:to|you)) (?:also |then )?(?:send|call|ring|email|mail|text|confirm it|post|get back)"
    ),
}
_ANSWERS_TEXT = """
promise promise_give promise_self promise_we done_auxiliary done_passive done_past done_perfect done_set doing arrive
state refusal future alternative identity hold
"""
ANSWERS = frozenset(_ANSWERS_TEXT.split())
"""What an agent does with a request: takes it, has done it, refuses it, or asks back."""


def asks_the_customer(seen: Seen) -> bool:
    """The agent asks in plain words for something that is sent, brought or written after the call."""
    return seen.role is Role.AGENT and _is_request(seen)


def is_unanswered_request(call: Sequence[Seen], index: int) -> bool:
    seen = call[index]
    if seen.role is not Role.CUSTOMER or not _is_request(seen):
        return False
    answers = [later for later in call[index + 1 : index + 4] if later.role is Role.AGENT]
    return not any(later.signs & ANSWERS or later.turn.content.endswith("?") for later in answers)


def _is_request(seen: Seen) -> bool:
    pattern = _REQUEST.get(seen.language)
    return bool(pattern and pattern.search(plain(seen.turn.content, seen.language)))
