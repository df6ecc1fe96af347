# ruff: noqa: E501  (one pattern per line reads better)
"""Finds stated names of people: introduced, requested, or with a title. Not a recogniser of all names.

Korean names are a surname of one or two syllables and a given name of one or two; English ones are capitalised words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.english_names import english_name_spans
from callytics.redaction.span import Span

_DOUBLE_SURNAMES = "남궁|황보|제갈|선우|독고|사공|서문|동방"
_SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍유고문양손배백허남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석설마길표명왕금옥육맹탁국"
"""About the hundred most frequent (Statistics Korea, 2015 census), without those that usually start a common word."""

_NAME = rf"(?:(?:{_DOUBLE_SURNAMES})[가-힣]{{1,2}}|[{_SURNAMES}][가-힣]{{2}})"
_SHORT_NAME = rf"(?:{_NAME}|[{_SURNAMES}][가-힣])"
_IS = "(?:입니다|이에요|예요|이예요|이요|요|이고요?|고요|이라고|라고|인데요?|이거든요|이라는|라는|이야|씨|님)"
_CASE = "(?:이|가|은|는|을|를|으로|로|께서|한테|에게|와|과|의|씨|님)"
_TITLE = "(?:고객님?|회원님|님|씨|상담원|상담사|매니저|팀장|대리|과장|부장|실장|선생님|기사님|어르신)"
_END = r"(?=[\s.,?!…]|$)"
_STOP = rf"(?:(?=[.,?!…]|$)|(?<=[다요로고데]){_END}|(?=\s(?:씨|님|고객|되|맞|이|으로)))"
_NOT_KOREAN_NAMES_TEXT = (
    "고객님 고객 소중한 저희가 이분이 이름은 이름이 성함은 성함이 주소는 주소가 전화는 전화가 정말로 조금만 지금은 지금도 하나도 우리가 우리는 이거는 이것은 이제는 이번에 "
    "한국인 한국에 한국은 이용자 신규로 기존에 전혀요 정확히 조용히 유선상 문의를 문의가 주문이 주문을 방금요 방문이 오늘은 오늘도 이미요 이상이 이상은 안내를 안내가 "
    "명의자 명의가 명의로 명의를 남편이 남편은 남자가 여자가 여기는 여기가 성인인 서울로 서울에 서울은 인천에 이후로 이전에 원래는 현재는 하시는 원하는 이용한 이용을 주시면 주세요 "
    "구매한 구입한 신청한 주문한 문의한 배송이 배송을 변경을 변경이 신청을 신청이 진행을 진행이 안되는 안되고 심각한 정상적 공식적 이쪽은 이쪽에 지난번 남은데 고맙습 이사를 이사가 "
    "장애인 노인분 임산부 배우자 양도인 도와드 성격이 소개로 이용중 전달을 이야기 이걸로 이상한 강남에 강남은 구로구 마포구 송파구 도착한 도대체 차라리 차단을 나머지"
)
_NOT_KOREAN_NAMES = frozenset(_NOT_KOREAN_NAMES_TEXT.split())
_BAD_ENDING = re.compile(r"[요까죠네는던된신]\Z")

_KOREAN_PATTERNS = [
    re.compile(pattern)
    for pattern in (
        rf"(?:이름|성함|성명|예금주|명의자?|수령인|수취인|받는\s?(?:사람|분)|보내는\s?(?:사람|분)|계약자|신청자|가입자)(?:\s?성함)?(?:은|는|이|가)?\s+(?:({_NAME})(?:{_IS}|으?로|이)?{_STOP}|({_SHORT_NAME})(?:{_IS}|으?로){_END})",
        rf"(?:저는|저|제가|난|나는|여기는)\s+({_NAME})\s?{_IS}",
        rf"(?:^|(?<=[\s,.]))({_NAME})\s+{_TITLE}",
        rf"(?:^|(?<=[\s,.]))({_NAME})(?:님|씨){_END}",
        rf"(?:상담원|상담사|매니저|담당자|담당|팀장|기사)(?:는|은)?\s+({_NAME})(?:입니다|이라고|라고|이에요|예요|가|이|님|씨)",
    )
]
_KOREAN_ANSWER = re.compile(
    rf"^(?:(?:네|예|아|어|음|저는|제\s이름은|그게)[\s,.]+)*(?:({_NAME})(?:{_IS}|{_CASE})?{_END}|({_SHORT_NAME}){_IS}{_END})"
)

_SPELLED = r"[A-Z](?:[-.\s]{1,2}[A-Z]){2,}\b"
_SPELLING = re.compile(rf"\b({_SPELLED})")


def name_spans(text: str, asked: frozenset[str], before: str = "") -> Iterator[Span]:
    """Names in ``text``; if the previous turn asked for a name, the answer may consist of a name only."""
    for pattern in _KOREAN_PATTERNS:
        yield from _korean(pattern, text)
    yield from english_name_spans(text, before)
    if PiiKind.NAME in asked:
        yield from _korean(_KOREAN_ANSWER, text)
    if PiiKind.NAME in asked or re.search(r"\bname\b", text, re.IGNORECASE):
        yield from (Span(*match.span(1), PiiKind.NAME) for match in _SPELLING.finditer(text))


def _korean(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = match.lastindex or 1
        name = match.group(group)
        if name not in _NOT_KOREAN_NAMES and not _BAD_ENDING.search(name):
            yield Span(*match.span(group), PiiKind.NAME)
