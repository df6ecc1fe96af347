"""Korean forms that are lapses whatever is said: honorifics for things (사물존칭), and plain speech (반말)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import ConductLapse, Turn
from callytics.engines.sentiment.text import sentences_of

_THINGS = (
    "부결|승인|결과|이력|접수|처리|반품|교환|환불|해지|배송|요금|요금제|금액|상품|제품|재고|할인|혜택|포인트|수수료|위약금|"
    "약정|기간|한도|사이즈|색상|가격|행사|이벤트|품절|매진|무료|유료|포함|불가|가능|별도|이내|당일|최저가|시스템|전산|"
    "카드|쿠폰|주문|예약|자리|객실|잔여석|상태|번호|서비스|결제|취소|신청|등록|출고|입고|대상|조건|규정|보증|수리|부품|기능"
)
_AMOUNT = r"(?:\d|[일이삼사오육칠팔구십백천만억반])+ ?(?:원|점|프로|퍼센트|개월|개|년|기가)"
_MORE = r"[이가은는도만씩]?(?: ?(?:더|정도|쯤|추가로))* ?"
_DONE = r"(?:입금|취소|소멸|추가|출금|이체|적용|환불|적립|차감|결제|연장)[이은는]?(?: ?[안못])? ?"
_THING_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"((?:{_THINGS}|\d ?원|[천만백십] ?원|프로|퍼센트))이?(?:세요|셔요)(?!\?)", r"\1이에요"),
        (rf"((?:{_THINGS}|\d ?원|[천만백십] ?원|프로|퍼센트))이십니다", r"\1입니다"),
        (rf"((?:{_THINGS})(?:이|가) ?)아니세요(?!\?)", r"\1아니에요"),
        (rf"((?:{_THINGS})(?:이|가) ?)아니십니다", r"\1아닙니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도|만) ?(?:따로 ?)?(?:있|없))으세요(?!\?)", r"\1어요"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도|만) ?(?:따로 ?)?(?:있|없))으십니다", r"\1습니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도|만|로만 접수가) ?(?:안 ?|못 ?)?)되세요(?!\?)", r"\1돼요"),
        (r"(확인|결항|취소|접수|처리|완료|배송)되십니다", r"\1됩니다"),
        (r"(결항|취소|접수|처리|완료|배송)되셨", r"\1됐"),
        (r"((?:영업일|\d일|시간|분|주일?) ?)(?:걸리|소요되)십니다", r"\1걸립니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도|만) ?(?:안 ?|못 ?)?)되십니다", r"\1됩니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도) ?(?:\S+ )?)나오(?:셨는데|셨어요)", r"\1나왔어요"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도) ?)나오(?:셨습니다|십니다)", r"\1나왔습니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도) ?)어려우세요(?!\?)", r"\1어려워요"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도) ?)어려우십니다", r"\1어렵습니다"),
        (rf"((?:{_THINGS})(?:이|가|은|는|도) ?)(?:불)?가능하세요(?!\?)", r"\1가능해요"),
        (r"((?:말씀|안내|처리|확인)(?:을|를)? ?(?:못|안) ?)드리세요", r"\1드려요"),
        (r"(나오긴 ?)나오셨", r"\1나왔"),
        (r"^((?:아|네)?,? ?안 ?)되시는데요", r"\1되는데요"),
        (rf"({_AMOUNT}{_MORE}나)가세요(?!\?)", r"\1가요"),
        (rf"({_AMOUNT}{_MORE}나)오세요(?!\?)", r"\1와요"),
        (rf"({_AMOUNT}{_MORE}(?:나가|나오|줄어드|붙))(?:으시|시)(고|니까|네요)", r"\1\2"),
        (rf"({_AMOUNT})이(?:시)(고|네요|죠)(?!\?)", r"\1이\2"),
        (rf"({_DONE})되(?:세요|셔요)(?!\?)", r"\1돼요"),
        (rf"({_DONE})되시고", r"\1되고"),
        (r"((?:무상|전액|연결음|운임|[도시구]청 쪽))이?(?:세요|셔요)(?!\?)", r"\1이에요"),
        (r"(권리)(?:이?세요|셔요)(?!\?)", r"\1예요"),
        (r"((?:한도|통장)(?:도|는|은) ?(?:\S+ )*)괜찮으세요(?!\?)", r"\1괜찮아요"),
        (r"((?:한도|통장)(?:도|는|은) ?(?:\S+ )*)가능하세요(?!\?)", r"\1가능해요"),
    )
)
"""Honorifics for things (사물존칭; National Institute of Korean Language, 표준 언어 예절, 2011): corrected forms."""

_PLAIN = re.compile(
    r"(?:거야|뭐야|이야|아니야|(?<!거)잖아|[했됐갔왔있없었겠]어|"
    r"몰라|[가-힣]지 ?마|해 ?봐|왜 봐|알았어|그래서 뭐|[할갈줄볼낼]게|하냐|하라고|"
    r"비서야|[가-힣]냐)$"
)
_SELF_TALK = re.compile(r"^(?:어디 ?보자|됐다|어 ?됐다|가만|뭐더라|음+|어+)")
_POLITE_TAIL = (
    ("거야", "거예요"),
    ("뭐야", "뭐예요"),
    ("아니야", "아니에요"),
    ("이야", "이에요"),
    ("비서야", "비서예요"),
)


def korean_forms(turn: Turn) -> Iterator[ConductLapse]:
    for text in sentences_of(turn):
        bare = re.sub(r"[^\w]+$", "", text)
        question = text.rstrip().endswith("?")
        for pattern, replacement in _THING_RULES:
            corrected, count = pattern.subn(replacement, text)
            if count and not question:
                yield ConductLapse("honorific_for_a_thing", 1, turn.id, text, corrected)
                break
        if _PLAIN.search(bare) and len(bare.split()) > 1 and not _SELF_TALK.search(bare):
            yield ConductLapse("plain_speech", 2, turn.id, text, _polite(bare))


def _polite(sentence: str) -> str:
    for plain, polite in _POLITE_TAIL:
        if sentence.endswith(plain):
            return sentence.removesuffix(plain) + polite
    return f"{sentence}요"
