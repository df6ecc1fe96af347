"""Words, units and endings of the Korean rules, and what a number stands between.

One line per list, words apart by spaces; the order matters where one word begins with another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from callytics.written_forms.korean_numbers import DIGITS


def either(*words: str) -> str:
    """A pattern of any of the words."""
    return "|".join(" ".join(words).split())


SYLLABLES = "영공일이삼사오육륙칠팔구십백천만억"
DIGIT_SYLLABLES = "".join(DIGITS)
WORD_START = r"(?<![가-힣\d.,])"
SINO = (
    rf"(?:[{SYLLABLES}]|\d[\d,]*(?=\s?[십백천만억]))"
    rf"(?:\s?(?:[{SYLLABLES}]|\d+(?=[십백천만억]|\s?[십백천만억])))*"
)

ENDINGS = either(
    "이라고 이라서 이라도 이라는 이라 이에요 이예요 예요 에요 에서 에는 에도 에만 에게 에 의",
    "입니다 입니까 이고요 이고 이구요 이구 이거든 이니까 이네요 이네 이었 이면 이며 인데 인가",
    "인지 인 이죠 이지 이야 이요 이나 이랑 이상 이하 이내 이후 이전 이 라고 라서 라는 라도 라",
    "였 네요 네 니까 이 가 을 를 은 는 도 만 까지 부터 쯤 경 정도 씩 짜리 째 나 랑 하고 과 와",
    "보다 밖에 뿐 으로 로 요 야 죠 고요 고 구요 면 미만 전 후 뒤 안 동안 간 내외 마다 당 인분",
)
NOUN_END = rf"(?=$|[^가-힣]|(?:{ENDINGS})(?:$|[^가-힣]|[가-힣]))"
WORD_END = rf"(?=$|[^가-힣]|(?:{ENDINGS})+(?:$|[^가-힣]))"

LONG_UNITS = either(
    "퍼센트 개월 킬로그램 킬로미터 킬로와트 킬로 키로 센티미터 센티 밀리미터 밀리 미터 그램",
    "리터 메가 기가 테라 와트 볼트 평형 평 달러 유로 엔 페이지 쪽 호선 번길 번지 학년 학기 인분",
    "인승 단계 주년 주일 시간 포인트 마일리지 마일 인치",
)
"""Units that are no part of another word: a number of one syllable may stand before them."""

SHORT_UNITS = either(
    "분 초 층 호 동 번 회 세 점 강 대 배 차 위 등 명 개 장 건 권 병 통 곳 줄 마리 박스 살 시",
    "과목 자리 주 박 가구 세대 인 부 매 기 편",
)
"""Units that are also parts of words: only after a number of at least two syllables, or as listed below."""

COMMA_UNITS = frozenset(
    [
        "원",
        "점",
        "달러",
        "유로",
        "엔",
        "포인트",
        "명",
        "개",
        "장",
        "건",
        "마일",
        "마일리지",
        "매",
        "대",
        "그램",
        "미터",
        "킬로미터",
    ]
)
"""After these a thousand is written 1,000; years, rooms and numbers of orders have no comma."""

ONE_SYLLABLE = {
    "분": "삼오육칠팔십",
    "초": "삼오육칠팔십",
    "층": "일이삼사오육칠팔구십",
    "번": "일삼오육칠팔",
    "점": "팔구십",
    "박": "일이삼사",
}
"""Short unit -> numbers of one syllable that are no word with it; joined or apart, except 이 apart ("이 층": this)."""

_NATIVE_TENS = "열|스물|스무|서른|마흔|쉰|예순|일흔|여든|아흔"
NATIVE_NUMBER = rf"(?:{_NATIVE_TENS})?(?:하나|한|두|세|석|네|넉|다섯|여섯|일곱|여덟|아홉)|{_NATIVE_TENS}"
NATIVE_COUNTERS = either(
    "시간 시 명 개 살 번째 번 장 대 건 달 마리 잔 병 권 줄 가지 곳 군데 통 벌 켤레 채 박스 상자",
    "자리 마디 배 주 칸 팀 과목 그릇 판 봉지 송이 묶음 세트",
)
COUNTED_BY_ONE = frozenset(["시간", "명", "개", "장", "살", "잔", "병", "마리", "상자", "박스", "그릇"])
"""Before others 한 means "once", "a while", "the same", or is a verb (안 한 건); it stays."""

WORDS_WHEN_JOINED = frozenset(
    ["대", "배", "주", "채", "통", "판", "병", "권", "건", "장", "분", "곳", "줄", "칸", "잔"]
)
"""세대, 세배, 네분, 한대 ...: only with a space between."""


def replaced(pattern: re.Pattern[str], text: str, make: Callable[[re.Match[str]], str | None]) -> str:
    """Each match that ``make`` has an answer for."""

    def answer(match: re.Match[str]) -> str:
        made = make(match)
        return match.group() if made is None else made

    return pattern.sub(answer, text)
