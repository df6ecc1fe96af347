"""Customers who say that the problem is solved."""

from __future__ import annotations

import pytest

from callytics.engines.analysis.features import look_at
from callytics.engines.analysis.solved import says_solved
from tests.support.service_calls import ROLES
from tests.support.talk import talk


@pytest.mark.parametrize(
    ("language", "said", "solved"),
    [
        ("en", "No, that solves my problem. Thank you.", True),
        ("en", "Great, the issue is fixed.", True),
        ("en", "That has not solved the problem.", False),
        ("en", "If that solves my problem I'm happy.", False),
        ("en", "Thanks for your help.", False),
        ("en", "You said that solves my problem, last time.", False),
        ("ko", "네, 이제 해결됐어요. 감사합니다.", True),
        ("ko", "아직 해결된 것 같지 않은데요.", False),
        ("ko", "빨리 해결됐으면 좋겠네요.", False),
        ("ko", "네, 알겠습니다.", False),
    ],
)
def test_customer_says_it_is_solved(language: str, said: str, solved: bool) -> None:
    call = talk(
        ("a", "네, 안녕하세요." if language == "ko" else "Hello."),
        ("c", said),
        roles=ROLES,
        language=language,
    )
    assert says_solved(look_at(call)) is solved


def test_only_the_customer_counts() -> None:
    call = talk(("c", "It is broken."), ("a", "That solves the problem."), roles=ROLES, language="en")
    assert not says_solved(look_at(call))


def test_beginning_of_the_call_does_not_count() -> None:
    lines = [
        ("c", "Great, the issue is fixed."),
        *[("a", "One moment."), ("c", "Another thing, my bill.")] * 4,
    ]
    assert not says_solved(look_at(talk(*lines, roles=ROLES, language="en")))
