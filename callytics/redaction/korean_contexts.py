# ruff: noqa: E501  (one pattern per line reads better)
"""Korean names of any syllables where the words around them are said of people only.

The rules of korean_names.py ask for typical syllables, since common nouns stand in the same places. Here a dictionary
says which words are common, so that unusual and foreign names are found as well: "류단비라는 분", "마리아 산토스 고객님".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.korean_names import (
    BAD_ENDING,
    BAD_START,
    DOUBLE_SURNAMES,
    NOT_NAMES,
    SURNAMES,
    WORDS,
)
from callytics.redaction.korean_words import given_names, is_word
from callytics.redaction.span import Span

_START = r"(?<![가-힣\w])"
_LOOSE = rf"(?:(?:{DOUBLE_SURNAMES})[가-힣]{{1,2}}|[{SURNAMES}][가-힣]{{2}})"
_ANY = r"[가-힣]{2,5}"
_FOREIGN = r"[가-힣]{1,5}(?:\s[가-힣]{1,5}){1,2}"
_COPULA = r"(?:입니다|임니다|이에요|예요|이예요|인데요?|이라고|라고|이고요?|이구요|구요|이올시다|올시다|이었습니다|였습니다|이거든요|거든요|요)"
_RANK = r"(?:고객|회원|상담사|상담원|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|원장|이사|선생|기사|주임|계장|주무관|교수|간호사|코치|강사|지점장|센터장|총무)"
_SAYS_PERSON = r"(?:사람|분|여자|남자|직원|상담|기사|선생|애|친구|아이|학생|고객|연수생|손님|환자|이름)"
_NAMED_ROLE = r"(?:기사|간호사|복지사|주무관|상담사|상담원|강사|코치|매니저|팀장|실장|대리|과장|차장|부장|주임|사원|반장|소장|원장|팀원|직원)"
_BEARER = r"(?:예금주|명의자|수익자|수령인|수취인|받는\s?사람|받으실\s?분|보내는\s?사람|계약자|신청자|가입자|대표자?|보증인|후견인|대리인|운전자|탑승자|투숙객|신랑|신부|예약자|환자|보호자|세대주|피보험자|수신자|발신자|인수자|동승자|탑승객)"
_KIN = r"(?:엄마|아빠|이모|삼촌|고모|할머니|할아버지|외할머니|외할아버지|어머니|아버지|어머님|아버님|언니|오빠|누나|형|동생)"
_SINGLE = "김박최정조강윤임오서신권황안송류유홍고문양손배백허남심노곽성차우나진민엄채원천방공염옥설추석변"

_OF_THREE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_START}({_LOOSE})이?(?:라는|라던|란)\s(?:[가-힣]+\s)?{_SAYS_PERSON}",
        rf"{_START}({_LOOSE})이?라고(?:만)?(?=\s(?:합니다|해요|하는데|하던|적혀|적어|써|쓰여|불러|부르|거기|저희))",
        rf"{_START}({_LOOSE})\s{_RANK}님",
        rf"{_START}({_LOOSE})\s(?:씨|군|양|님)(?![가-힣]{{3}})",
        rf"{_START}({_LOOSE})(?:님|씨)(?=[\s,.?!]|이|께|은|의|$)",
        rf"{_START}({_LOOSE})\s(?:이름으로|앞으로|명의|본인|어린이|학생|환자|어르신|할머니|할아버지|여사)",
        rf"{_NAMED_ROLE}\s({_LOOSE})\s?(?:{_COPULA}|(?=\s*$))",
        rf"{_BEARER}(?:은|는|이|가|인)?\s({_LOOSE})(?=[\s,.]|{_COPULA}|으?로|이?랑|$)",
        rf"(?:^|[\s,.])(?:저는|저|나는|난|나|전|제가|내가)\s({_LOOSE})\s?(?:{_COPULA}|여|이여)(?![가-힣]{{3}})",
        rf"{_START}({_LOOSE})\s?(?:이올시다|올시다|이었습니다|였습니다)",
    )
)
_OF_TWO = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_START}([가-힣]{{2}})이\s{_KIN}(?:예요|이에요|인데요?|입니다|되|시|이고|고|요|가|는|한테|[.,]|\s|$)",
        rf"{_START}([가-힣]{{2}})이\s(?:좀\s)?바꿔",
    )
)
_OF_MANY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_START}({_FOREIGN})\s(?:고객님|회원님|환자님)",
        rf"{_START}({_FOREIGN})\s(?:이름으로|씨|명의로)",
        rf"{_START}({_ANY})이?라는\s(?:[가-힣]+\s)?(?:사람|분|연수생|친구|직원|이름|여자|남자)",
    )
)
_SINGLE_TITLED = re.compile(
    rf"{_START}([{_SINGLE}]|{DOUBLE_SURNAMES})\s(?:사장(?=님)|팀장|과장|차장|부장|대리|실장|소장|기사|주임|원장|교수|간호사|매니저|선생)(?:님|한테|이|가|[\s,.]|$)"
)
_NO_END = "은한된신온던할운거것걸건집쪽곳더을를으"
"""Last syllables of verbs, particles and things that few names have."""
_JOINED_AFTER = re.compile(
    rf"(?:이?랑|하고|와|과|,|\s그리고|이고|이고요)\s({_LOOSE}|[가-힣]{{2}})(?=[\s,.]|{_COPULA}|이?랑|으?로|둘|두|$)"
)


def korean_names_in_context(text: str, before: str = "") -> Iterator[Span]:
    """Names in ``text``; ``before`` is not needed, for the context is in the text."""
    del before
    found: list[Span] = []
    for pattern in _OF_THREE:
        found += [Span(*m.span(1), PiiKind.NAME) for m in pattern.finditer(text) if _may_be_name(m.group(1))]
    for pattern in _OF_TWO:
        found += [Span(*m.span(1), PiiKind.NAME) for m in pattern.finditer(text) if _may_be_given(m.group(1))]
    for pattern in _OF_MANY:
        found += [
            Span(*m.span(1), PiiKind.NAME)
            for m in pattern.finditer(text)
            if all(_may_be_foreign(part) for part in m.group(1).split())
        ]
    found += [Span(*m.span(1), PiiKind.NAME) for m in _SINGLE_TITLED.finditer(text)]
    yield from found


def _may_be_name(name: str) -> bool:
    return (
        not is_word(name)
        and name not in NOT_NAMES
        and not BAD_START.match(name)
        and not BAD_ENDING.search(name)
        and name[-1] not in _NO_END
        and not name.endswith(("셔서", "까지"))
    )


def _may_be_given(name: str) -> bool:
    return name in given_names() or (not is_word(name) and name not in NOT_NAMES | WORDS)


def _may_be_foreign(part: str) -> bool:
    return (
        not is_word(part)
        and part not in NOT_NAMES | WORDS
        and not BAD_ENDING.search(part)
        and part[-1] not in f"{_NO_END}는이가도의에다서시지"
    )


def joined_names(text: str, names: list[Span]) -> Iterator[Span]:
    """A name beside a name: "김철수랑 이영희 두 명이요"."""
    for span in names:
        match = _JOINED_AFTER.match(text, span.end)
        if match and _may_be_name(match.group(1)) and len(match.group(1)) == span.end - span.start:
            yield Span(*match.span(1), PiiKind.NAME)
