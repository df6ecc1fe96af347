# ruff: noqa: E501  (one pattern per line reads better)
"""Turns spoken clauses into a readable line: without fillers, false starts and openers. Only takes words away."""

from __future__ import annotations

import re

MAX_WORDS = {"ko": 22, "en": 30}
"""A longer sentence is cut at a comma or conjunction: a line of a report, not a speech."""

_FILLERS = {
    "en": re.compile(
        r"(?:(?<=^)|(?<=[\s,]))(?:u+h+m*|u+m+|e+r+m*|m+hm+|hm+|you know,|i mean,)(?:[,.]|\.{3})?(?=\s|$)",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"(?:(?<=^)|(?<=[\s,]))(?:(?:어+|음+|으음|아+|에+|저기|거시기|있잖아요?)(?:[,.…]|\.{3})?|(?:저|그|뭐|그그|그니까|그러니까)(?:[,…]|\.{3}))(?=\s|$)"
    ),
}
"""Sounds that say nothing. Words that can say something ("그", "저", "like") are taken only before a pause."""
_OPENERS = {
    "en": re.compile(
        r"^(?:(?:so|well|okay|ok|alright|oh|ah|and|but|hi|hello|hey|hang on|good morning|good afternoon|good evening)(?:[,.!]|\.{3})?\s+|(?:yeah|yes|yep|yup|no|all right|right|now|look|listen|perfect|lovely|great|awesome|sure|of course|grand|brilliant|actually|basically|like)(?:[,.!]|\.{3})\s+)+(?=\S+\s+\S+)",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"^(?:(?:아이고|아이구|여보세요|안녕하세요|안녕하십니까|그럼|그러면|근데|그런데|그래서|그리고|다름이 아니라|저기요|고객님|네 네|하하|오메|어머)(?:[,.!?…]|\.{3})?\s+|(?:네+|예+|응|아니|아니요|자|일단|알겠습니다|아 네)(?:[,.!?…]|\.{3})\s+)+(?=\S+\s+\S+)"
    ),
}
"""How turns begin. "No dramas" keeps its "no": words that can carry meaning are taken only before a mark."""
_AGAIN = re.compile(r"\b([\w']+)(?:[,.…]*\s+\1\b)+", re.IGNORECASE)
"""A false start of one word: "the the"."""
_DOUBLED_TEXT = """
that had very so no bye really zero oh one two three four five six seven eight nine ten hundred
또 더 꼭 잘 다 하나 조금 공 영 일 이 삼 사 오 육 칠 팔 구 둘 백 천 만
"""
_DOUBLED = frozenset(_DOUBLED_TEXT.split())
"""Words that are said twice on purpose, the digits of a number among them."""
_CUT = {
    "en": re.compile(r"(?<=[,;:–])\s+|\s+(?=(?:and|but|so|because|then|which) )"),
    "ko": re.compile(
        r"(?<=[,;:])\s+|(?<=는데)\s+|(?<=거든요)\s+|(?<=니까)\s+|(?<=어서)\s+|(?<=고요)\s+|(?<=고)\s+"
    ),
}
_DAY = {
    "en": re.compile(
        r"\b(?:(?:by|on|within|before|until|inside|after|for|from|at|in)\s+)?(?:(?:the\s+)?(?:end of (?:the )?(?:day|week|month)|close of play)|(?:next |this |early |late )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week(?:end)?|month)(?: (?:morning|afternoon|evening|night|before \w+|by \w+))?|today|tonight|tomorrow(?: (?:morning|afternoon|evening))?|this (?:morning|afternoon|evening)|(?:an? |one |two |three |four |five |six |seven |eight |ten |twelve |fourteen |twenty |thirty |forty-eight |\d+ )(?:to (?:three|four|five|seven|ten|\d+) )?(?:more )?(?:business |working )?(?:minutes?|hours?|days?|weeks?|months?)|the \w*(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|teenth|tieth|\dth|\dst|\dnd|\drd)(?=\s*(?:[,.;!?]|$|at|by|for|and|in\b)))\b",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"(?:(?:오늘|내일|모레|글피|이번 ?주|다음 ?주|다음 ?달|이번 ?달|이달|내달|주말|[월화수목금토일]요일|(?:\d{1,2}|[일이삼사오육유칠팔구십시]+)월 ?(?:\d{1,2}|[일이삼사오육칠팔구십]+)일|(?:\d+|[일이삼사오육칠팔구십두세네한하루이틀사흘]+) ?(?:시간|영업일|일|주일?|달|개월|분|시|년)(?: ?반)?|오전|오후|저녁|아침|말일|하루|이틀|사흘|일주일|이주)\s?)+(?:안에?|이내에?|내로|뒤에?|후에?|까지|전까지|전에?|중으로|부터|정도)?(?=[\s,.?!]|에|까지|전|쯤|정도|이면|인데|이고|$)"
    ),
}
_ACTION_DAY = re.compile(r"^(?:아침|저녁|하루|오전|오후|morning|in a|a)$", re.IGNORECASE)


def readable(text: str, language: str) -> str:
    """One line of the report: the words of the clause, in their order, without what says nothing."""
    words = " ".join(text.split())
    for _ in range(2):  # an opener may hide a filler, and the other way round
        words = _FILLERS[language].sub("", words) if language in _FILLERS else words
        words = (
            re.sub(r"\s+", " ", words).lstrip(" ,.…-")
            if words[:1] in ",. …-"
            else re.sub(r"\s+", " ", words).strip()
        )
        words = _OPENERS[language].sub("", words) if language in _OPENERS else words
    words = _AGAIN.sub(
        lambda m: m.group() if m.group(1).lower() in _DOUBLED or m.group(1).isdigit() else m.group(1), words
    )
    words = re.sub(r"\s+([,.?!])", r"\1", words)
    words = words.strip() or " ".join(text.split())
    return words[:1].upper() + words[1:]


def parts_of(sentence: str, language: str) -> list[str]:
    """The sentence, or its clauses if it is longer than a line."""
    unmarked = language == "en" and not re.search(r"[,.?!]", sentence)
    limit = MAX_WORDS[language] // (2 if unmarked else 1) if language in _CUT else 0
    if language not in _CUT or len(sentence.split()) <= limit:
        return [sentence]
    parts: list[str] = []
    for piece in _CUT[language].split(sentence):
        if parts and len(parts[-1].split()) < limit // 2:
            parts[-1] += " " + piece
        else:
            parts.append(piece)
    return parts


def day_in(text: str, language: str) -> str | None:
    """The first day or term that a clause names, in its own words."""
    if language not in _DAY:
        return None
    for match in _DAY[language].finditer(text):
        found = match.group().strip(" ,.")
        if found and not _ACTION_DAY.match(found):
            return found
    return None
