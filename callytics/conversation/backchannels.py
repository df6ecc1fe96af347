"""Backchannels: short signals of listening that do not take the floor ("네", "uh-huh").

The lists follow what the literature calls backchannels or continuers (Yngve 1970; for Korean: Young & Lee 2004,
"Reactive tokens"). They are closed lists: a question or an answer with content is never one.
"""

from __future__ import annotations

import re

MAX_WORDS = 4

_KOREAN = """
네 예 응 음 어 아 오 흠 으음 그럼요 그렇죠 그쵸 그죠 맞아요 맞습니다 그래요 그렇군요 그러네요 아하 네네 예예 네에 넵 넹
알겠습니다 알겠어요 그렇습니다 아이고 저런 진짜요 정말요 세상에
"""
_ENGLISH = """
yeah yes yep yup uh-huh mm-hmm mhm mmhmm hmm hm mm um uh oh ah ok okay right sure exactly absolutely i see
"""
_TOKENS = frozenset(f"{_KOREAN} {_ENGLISH}".split())
_EDGE = re.compile(r"^[^\w]+|[^\w]+$")


def is_backchannel(text: str) -> bool:
    """Whether all of an utterance (at most MAX_WORDS words) consists of backchannel words."""
    words = [_EDGE.sub("", word).lower() for word in text.split()]
    words = [word for word in words if word]
    return bool(words) and len(words) <= MAX_WORDS and all(word in _TOKENS for word in words)
