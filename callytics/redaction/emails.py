"""E-mail addresses, written or spoken: "kim at example dot com", "바다 골뱅이 네이버 닷컴"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.english_words import is_common, may_be_given_name
from callytics.redaction.span import Span

_WRITTEN = re.compile(
    r"[A-Za-z0-9._%+-]+\s?@\s?(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[가-힣]{1,3}메일|네이버|다음|네이트|카카오|구글)"
)
_TOP = r"(?:com|net|org|edu|gov|me|io|kr|uk|de|jp|info|biz|co|us|ca|email|dev|example)"
_ENGLISH_DOMAIN = re.compile(
    rf"\s+at\s+(?:the\s+)?\w+(?:\s+\w+)?(?:\s+dot\s+\w+)*?(?:\s+dot\s+(?:{_TOP}|u k|co uk))+\b", re.IGNORECASE
)
_KOREAN_TOP = (
    r"(?:닷\s?컴|닷\s?넷|[점쩜]\s?(?:컴|콤|넷|씨오|케이알|제이피|com|net|co|kr|org)|dot\s?(?:com|net))"
)
_KOREAN_DOMAIN = re.compile(
    rf"\s*(?:골뱅이|앳|엣|at)\s*[가-힣A-Za-z0-9]+(?:\s[가-힣A-Za-z0-9]+)?\s*{_KOREAN_TOP}(?:\s*{_KOREAN_TOP})*",
    re.IGNORECASE,
)
_KOREAN_HOST = re.compile(
    r"\s*(?:골뱅이|앳|엣)\s*(?:[가-힣]{1,3}메일|네이버|다음|네이트|카카오|구글|야후|핫메일|naver|daum|nate|kakao|gmail|g메일)",
    re.IGNORECASE,
)
"""Hosts that are said without their "닷컴"."""
_WORD_BEFORE = re.compile(r"([\w.+-]+)[\s,]*\Z")
# Words between the verb and the address, which are not part of the address.
_STOP_TEXT = (
    "is it's its it to at email mail address my the a an and so sure yes yeah ok okay um uh on use by write send reach "
    "you this that email's was "
    "네 예 아 어 음 제 이메일 메일 이메일은 메일은 주소 주소는 주소가 이메일이 메일이 그 그게 그건 저는 네네"
)
_STOP = frozenset(_STOP_TEXT.split())
_DOT_AFTER = re.compile(r"\s(?:dot|점|쩜)\s", re.IGNORECASE)
"""What stands before a dot belongs to the address, whatever it is: "tha is dot moura at ..."."""
MAX_WORDS_BEFORE = 6
"""Maximum words of a spoken address before its "at"; each spelled letter is a word."""


_FOR_PEOPLE = re.compile(
    r"mail|yahoo|outlook|live|i ?cloud|aol|proton|comcast|verizon|btinternet|sky|msn|gmx"
    r"|naver|daum|kakao|nate|네이버|다음|메일|카카오|네이트",
    re.IGNORECASE,
)
"""Domains where any person may have an address."""
_YOURS = re.compile(
    r"\byour (?:\w+ )?e-?mail|\be-?mail (?:address )?(?:do|can|should|for) you|(?:고객님|회원님)\s?(?:이?메일)",
    re.I,
)
_AT = re.compile(r"\s?@\s?|\sat\s", re.IGNORECASE)
_ROLE = re.compile(
    r"[a-z]{4,}|[a-z]{3,}[-_. ](?:care|services?|support|desk|team|claims|help|info|sales|orders|relations|office)"
)


def email_spans(text: str, before: str = "") -> Iterator[Span]:
    """E-mail addresses of people; a firm's own, "claims at example dot com", is no person's, unless it answers the
    question ``before`` for the other's own."""
    answer = _YOURS.search(before) is not None
    yield from (span for span in _addresses(text) if answer or not _is_of_a_firm(text[span.start : span.end]))


def _is_of_a_firm(address: str) -> bool:
    local, domain = [*_AT.split(address.lower(), maxsplit=1), ""][:2]
    words = re.split(r"[-_. ]", local)
    return (
        _ROLE.fullmatch(local) is not None
        and all(is_common(word) and not may_be_given_name(word) for word in words)
        and _FOR_PEOPLE.search(domain) is None
    )


def _addresses(text: str) -> Iterator[Span]:
    for match in _WRITTEN.finditer(text):
        yield Span(match.start(), match.end(), PiiKind.EMAIL)
    for pattern in (_ENGLISH_DOMAIN, _KOREAN_DOMAIN, _KOREAN_HOST):
        for match in pattern.finditer(text):
            yield Span(_local_part(text, match.start()), match.end(), PiiKind.EMAIL)


def _local_part(text: str, end: int) -> int:
    """Start of the part before the "at". Its words look like any other words, so all words back to the first one that
    is certainly not part of it are included: better one word too many than half an address."""
    start = end
    for _ in range(MAX_WORDS_BEFORE):
        match = _WORD_BEFORE.search(text, 0, start)
        if match is None:
            break
        word = match.group(1).lower().strip(".")
        if word in _STOP and start != end and not _DOT_AFTER.match(text, match.end(1)):
            break
        if start != end and text[match.end(1) : start].strip():  # a comma
            break
        start = match.start(1)
    return start


def mailbox_of(address: str) -> str:
    """The letters and digits of the part before the "@", written or spoken, in lower case; all of it without one."""
    local = re.split(r"\s?@\s?|\sat\s|\s(?:골뱅이|앳|엣)", address.lower(), maxsplit=1)[0]
    return "".join(filter(str.isalnum, re.sub(r"\s(?:dot|점|쩜)\s", "", local)))
