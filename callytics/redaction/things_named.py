# ruff: noqa: E501  (one list per line reads better)
"""Names that are no person's in the call: stars, firms and works that bear a name, and names of pets and products.

``public_names.txt`` has people and things that are known to all by a name. It is no name there, unless a speaker says that it is
theirs: "the Ted Baker jacket", but "my name is Ted Baker".
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent

_ENGLISH_THINGS = (
    r"(?:pets?|dogs?|cats?|pupp(?:y|ies)|kittens?|horse|company|firm|business|shop|store|product|item|street|road|school|building|hotel|bank|song|album|film|movie|show|book|game|group|band|team|course|class|app|device|network|wi-?fi"
    r"|drug|medicine|medication|tablets?|plan|tariff|package|brand|model|file|folder|website|site|domain|restaurant|branch|project|event|campaign|charity|boat|island|village|town|city|user|username|login)"
)
_ENGLISH_THING_NAMED = re.compile(
    rf"\b{_ENGLISH_THINGS}(?:['’]s)? names?\b|\bnames? of (?:the|your|his|her|their|our|that|this|my|a|an) (?:\w+ )?{_ENGLISH_THINGS}\b"
    rf"|\b(?:what is|what['’]?s|is) (?:the|your|his|her|that|this) {_ENGLISH_THINGS} called\b",
    re.IGNORECASE,
)
_KOREAN_THINGS = (
    r"(?:강아지|고양이|반려견|반려묘|애완견|동물|아기고양이|회사|업체|가게|상호|매장|상점|학교|학원|유치원|어린이집|은행|제품|상품|물건|모델|브랜드|요금제|약|노래|영화|드라마|책|게임|앱|어플|사이트|강좌|강의|공연|행사|보험|카드"
    r"|파일|폴더|아파트|건물|호텔|펜션|식당|병원|약국|단지|도로|차량|차종|단체|동호회|기관|채널|프로그램|와이파이|무선랜|캐릭터|서버|길드|닉네임|아이디)"
)
_KOREAN_THING_NAMED = re.compile(
    rf"{_KOREAN_THINGS}(?:의)?\s?(?:이름|명|성함)(?![가-힣]*의)|(?:상품|제품|업체|회사|모델|기관|상호|약|학교|병원|강좌|노래)명"
)
_PERSON_ASKED = re.compile(
    r"성함|존함|예금주|누구|어느\s?분|\b(?:your|full|first|last|customer|account holder)['’]?s? (?:\w+ )?name|\bspell",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"(?:\bnames?(?:['’]?s| is| was)?|\bthis is|\bspeaking (?:with|to)|\bi['’]?m|\bi am|\bit['’]?s|\bcall me|\b(?:named|called)"
    r"|\b(?:husband|wife|partner|son|daughter|brother|sister|mother|father|mum|mom|dad|friend|boss|manager|colleague|neighbou?r)(?:['’]s|,| is)?|\b(?:mr|mrs|ms|miss|dr)\.?)\s\Z",
    re.IGNORECASE,
)
_STATED_AFTER = re.compile(r",? (?:speaking|here)\b|,? (?:is my name|from (?!the\b))")
_KOREAN_PERSON_AFTER = re.compile(
    r"\s?(?:님|고객|회원|씨(?!\s광고)|이라고|라고|입니다|이에요|예요|인데|이고|이요|이라는|본인|어르신|환자|상담|매니저|팀장|대리|과장|기사|간호사)"
)
_KOREAN_STATED = re.compile(
    r"(?:이름은|성함은|저는|제가|예금주는?|명의자?는?|수령인은?|상담사|상담원|우리|아들|딸|남편|아내)\s?\Z"
)
_KOREAN_THING_AFTER = re.compile(
    r"\s(?:(?:가수|배우|선수|작가|박사님?|교수님?|셰프|감독|장군|대왕|열사|선생님?|씨|님)\s?)?(?:콘서트|공연|팬미팅|팬클럽|팬카페|굿즈|유니폼|사인|앨범|음반|노래|뮤비|포스터|포토|화보|광고|모델|영화|드라마|뮤지컬|연극|예능|방송|강연|강의|특강"
    r"|소설|시집|만화|웹툰|전집|책|레시피|밀키트|김치|반찬|세트|화장품|향수|디자인|브랜드|기념관|박물관|미술관|도서관|문학관|생가|동상|공원|사거리|삼거리|거리|로\s?\d|길\s?\d|역\s|다리|대교|체육관|도시락|치킨|족발|보쌈|떡볶이|국밥|김밥|갈비|빵|베이커리|과자점|제과|"
    r"헤어|미용실|청소기|안마의자|선풍기|매트리스|피규어|인형|티셔츠|운동화|신발|이름 딴|재단|장학금|시즌|쇼케이스|티켓|예매|표(?:가|는|를|도|요|\s))"
)
"""What a star or a maker lends a name to."""


def asks_for_thing(before: str) -> bool:
    """Whether the question is for the name of a thing or of an animal, which identifies no person."""
    if _PERSON_ASKED.search(before):
        return False
    return bool(_ENGLISH_THING_NAMED.search(before) or _KOREAN_THING_NAMED.search(before))


def is_named_thing(text: str, start: int, end: int, *, asked: bool) -> bool:
    """Whether the name at these places is public, and no speaker says that it is theirs.

    Args:
        asked: whether the text answers a question for a name.
    """
    left, right = text[:start], text[end:]
    if "가" <= text[start] <= "힣":
        if _KOREAN_STATED.search(left):
            return False
        if _KOREAN_THING_AFTER.match(right):
            return True
        return not asked and not _KOREAN_PERSON_AFTER.match(right) and _covers_public(text, start, end)
    if asked or _STATED.search(left) or _STATED_AFTER.match(right):
        return False
    return _covers_public(text, start, end)


def _covers_public(text: str, start: int, end: int) -> bool:
    return any(
        m.start() < end and start < m.end() for m in _public().finditer(text.lower().replace("’", "'"))
    )


@cache
def _public() -> re.Pattern[str]:
    lines = (_FOLDER / "public_names.txt").read_text(encoding="utf-8").splitlines()
    names = sorted((line for line in lines if line and line[0] != "#"), key=len, reverse=True)
    korean = "|".join(re.escape(name) for name in names if not name.isascii())
    english = "|".join(re.escape(name) for name in names if name.isascii())
    return re.compile(rf"(?<![가-힣])(?:{korean})|\b(?:{english})\b")
