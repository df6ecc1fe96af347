# ruff: noqa: E501  (one kind per line reads better)
"""Words that announce a number, a name or an address: in the same sentence, or in the question before it.

Closed lists from the wording of service calls, Korean and English together: calls mix both.
"""

from __future__ import annotations

import re

from callytics.domain import PiiKind

HARMLESS = "HARMLESS"
"""Numbers of things: orders, parcels, models, hotlines."""

_CUES = {
    PiiKind.PHONE: r"전화\s?번호|뒷\s?번호|연락\s?번호|폰\s?번호|휴대\s?폰|핸드폰|휴대\s?전화|연락처|연락\s?가능한|집\s?전화|사무실|회사\s?번호|팩스|핸드\s?폰|"
    r"phone|\bcell\b|(?:my|your|her|his|the|a|on) mobiles?\b|mobiles? (?:number|phone|is|'s)|reach (?:you|me)|call ?back|\bcall (?:me|us|you)\b|text me|area code|number (?:can|should|do) (?:we|i|you)|best number|fax|contact number|your number\b|(?:name|address|e-?mail)(?:,| and)(?: \w+)? number\b",
    PiiKind.RESIDENT_NUMBER: r"주민\s?(?:등록)?\s?번호|주민\s?등록|외국인\s?등록\s?번호",
    PiiKind.SSN: r"social(?: security)?|\bssn\b",
    PiiKind.CARD: r"카드\s?번호|카드로\s?결제|결제하실\s?카드|(?:card|sixteen|16) (?:number|digits)|credit card|debit card|\bcard\b|visa|master ?card|\bamex\b|american express",
    PiiKind.ACCOUNT: r"계좌|(?:국민|신한|우리|하나|기업|산업|카카오|토스|케이|제일|씨티|대구|부산|광주|전북|경남)(?=\s?[\d공영일이삼사오육칠팔구])|은행|농협|수협|신협|새마을금고|뱅크|우체국|통장|bank|account (?:number|is)|\baccount\?|\A\W*account(?: please)?\W*\Z|\b(?:member(?:ship)?|customer|loan|student|merchant|client) (?:id|number)\b|\baccount(?=,? (?:\d|zero|one|two|three|four|five|six|seven|eight|nine))|checking|savings|routing|\biban\b|sort code",
    PiiKind.EMAIL: r"이메일|메일|e-?mail",
    PiiKind.ADDRESS: r"주소|배송지|몇\s?동|몇\s?호|동\s?호수|호수가\s?(?:어떻게|어디)|address|zip ?code|\bzip\b|postal code|postcode",
    PiiKind.NAME: r"성함|이름|예금주|명의|성명|\bnames?\b|how do you spell|who am i speaking",
    PiiKind.BIRTH_DATE: r"생년월일|주민등록(?:엔|상|에는?)|호적(?:엔|상|에)|생년|[쥐소범띠끼용뱀말양이닭개지]띠|생일|생신|출생|태어나|앞\s?자리|앞\s?여섯|\bbirth|\bborn\b|\bd[. ]?o[. ]?b\b",
    PiiKind.PASSPORT: r"여권|passport",
    PiiKind.PLATE: r"차량\s?번호|차\s?번호|번호판|\bplates?\b|registration|\bregg?o?\b|license number|licence number|licen[cs]e plate|\b(?:what['’]?s|what is|and|your) (?:the )?tag\b|\btag (?:number|is\b)|(?:vehicle|car|van|truck|bike) number|number (?:of|on) (?:the|your) (?:car|van|vehicle)\b",
    HARMLESS: r"쿠폰|상품권|\bfile number|(?:주문|접수|예약|인증|일련|상품|대표|승인|사건|회원|영수증|고유|문의|우편물|좌석|항공)\s?번호|운송장|송장|모델|시리얼|에러|오류|코드|버전|좌석|고객\s?센터로|"
    r"\border|confirmation|tracking|serial|model|reference|\bcase\b|ticket|flight|error|version|\bcode\b(?<!area code)(?<!sort code)(?<!zip code)(?<!postal code)|invoice|hotline|booking|promo|\bgate\b|policy number",
}
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _CUES.items()}


def cues(text: str) -> list[tuple[int, str]]:
    """(end, kind) of every cue, in text order."""
    return sorted((match.end(), kind) for kind, p in _PATTERNS.items() for match in p.finditer(text))


def asked(before: str) -> frozenset[str]:
    """The kinds of data that the previous turn mentions, which the answer may contain."""
    return frozenset(kind for _, kind in cues(before))
