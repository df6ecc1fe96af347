# ruff: noqa: E501  (one list per line reads better)
"""What kind of word a part of a Korean text is, as a sign of a name: its syllables, what lists say, its ending, the words
that stand beside names."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from callytics.redaction.korean_names import DOUBLE_SURNAMES, FIRST, SECOND, SURNAMES
from callytics.redaction.korean_words import given_names, is_word, rare_words, words

RARE_SURNAMES = "옹빙탄점순낙즙해수궉돈운내삼비초포환후흥판매섭춘필평향도소담난"
DOUBLE = frozenset(DOUBLE_SURNAMES.split("|"))
NUMERALS = frozenset("공영일이삼사오육륙칠팔구십백천만")
OFFICE = re.compile(r"(?<=..)[실팀과점처소집]\Z")
VERBAL = frozenset("하했해한할함된됐되돼될시")
"""Last syllables of verbs that are made of a noun: "신고했거든요"."""
MAX_SYLLABLES = 5
REMEMBERED = 20_000
"""Words whose kind is kept: more than calls of an hour have."""
MAX_WORDS = 3
TOKEN = re.compile(r"[가-힣]+|[A-Za-z]+|\d+")
SUFFIX_TEXT = (
    "이 가 은 는 을 를 의 에 도 만 로 으로 께 께서 께서는 한테 에게 한테서 와 과 랑 이랑 하고 까지 부터 보다 처럼 야 아 이야 이는 이가 이를 이도 이한테 이만 이랑 이네 네 이의 "
    "입니다 임니다 입니당 입니까 입니다만 이에요 예요 이예요 에요 이요 요 여 이여 이고 고 이고요 고요 이구요 구요 인데 인데요 이거든요 거든요 이죠 죠 이지 지 이라고 라고 이라고요 라고요 이라는 라는 "
    "이라고만 라고만 이란 란 이라 라 이며 며 이랬나 랬나 이래요 래요 이랍니다 랍니다 이라서 라서 이었습니다 였습니다 이었어요 였어요 이었는데 였는데 였고 이었고 이셨는데 이신 인 이신가요 이시죠 이세요 세요 이십니다 이십니까 이시고 "
    "이시고요 이신데 이신데요 이시네요 이네요 네요 이잖아요 잖아요 인가 인가요 이냐고 냐고 이니까 니까 이니 님 님이 님은 님을 님도 님께 님께서 님의 님이요 님요 님이에요 님이신 님이시죠 님이세요 님이십니까 님이신가요 님하고 님한테 님으로 님입니다 님인데 님이라고 님이고 님이시고 님이시고요 님께는 "
    "님과 님만 님이라는 님이신데 님이십니다 씨 씨가 씨는 씨를 씨도 씨한테 씨요 씨예요 씨라고 씨랑 씨인데 씨죠 씨의 씨께 군 양 이올시다 올시다 이었나 이였습니다 이였는데 인디 이당께 이유 유 이유요 여유 이어유 이라카는데 이라예 라예 이데이 으로요 로요 앞 이라도 이든 "
    "이라던 라던 이라던데 라던데 이라네요 라네요 이라면서 이란다 이랬는데 랬는데 이랬어요 랬어요 이라며 이라 이라니까 이더라고요 더라고요 이더군요 뿐 이뿐 마저 이에게 이하고 이와 이께서 이네요"
)
SUFFIXES = frozenset({"", *SUFFIX_TEXT.split()})
LISTED = re.compile(r"[,.?!…]")
TITLE = re.compile(
    r"(?:고객|회원|님|씨|상담|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|원장|사장|이사|선생|기사|어르신|주임|주사|계장|주무관|조사원|가이드|교수|박사|간호사|강사|코치|사원|담당|할머니|할아버지|환자|사모|여사|학생|어머니|아버지|상무|반장|센터장|지점장|기장|작가|변호사|의사|총무|군|양|어린이|보호자|본인|명의)"
)
KIN = re.compile(
    r"(?:엄마|아빠|어머니|어머님|아버지|아버님|이모|삼촌|고모|할머니|할아버지|언니|오빠|형|누나|동생|담임|외삼촌)"
)
ROLE = re.compile(
    r"(?:상담사|상담원|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|기사|담당|담당자|주임|주무관|간호사|코치|강사|예금주|명의자|수령인|수취인|수익자|계약자|신청자|가입자|대표자?|성함|이름|존함|성명|사람|분|보호자|보증인|환자|고객)(?:은|는|이|가|께서|인|님|님은|님이|성함은|성함이|이름은|이름이)?"
)
RELATIVE = re.compile(
    r"(?:우리|저희|아들|딸|엄마|아빠|남편|아내|와이프|집사람|안사람|며느리|사위|손자|손녀|언니|누나|오빠|형|동생|조카|어머니|아버지|어머님|아버님|배우자|신랑|신부|친구|애|아이|저|저는|제가|나|난|나는|전|내가)(?:는|은|이|가|인|도)?"
)
TEAM = re.compile(
    r"(?:팀|파트|부|과|부서|센터|지점|점|은행|보험|화재|생명|증권|캐피탈|택배|통신|카드|병원|의원|치과|약국|호텔|렌탈|렌터카|마트|영업소|사무소|사무실|지사|본사|상담실|예약실|창구|학원|구청|시청|여행사|항공|데스크|공단|협회|전자|서비스|관리실|모터스|텔레콤|모바일|인터넷|케어|투어|샵|몰|스쿨|원|실|소|사)\Z"
)
SUFFIX_KINDS = (
    (
        "copula",
        re.compile(
            r"이?(?:임니다|입니다|입니다만|에요|예요|이에요|었습니다|였습니다|었어요|였어요|라고요?|라는|라던|라고만|랍니다|래요|올시다|거든요|인데요?|고요|구요|네요)\Z|인데요?\Z|에요\Z|예요\Z|라예\Z"
        ),
    ),
    ("address", re.compile(r"(?:님|씨)")),
    ("question", re.compile(r"이?(?:신가요|시죠|세요|십니까|시고|시고요|신데|신데요|시네요)\Z")),
    ("yo", re.compile(r"이?요\Z|이?여\Z")),
    ("none", re.compile(r"\Z")),
)


@lru_cache(REMEMBERED)
def suffix_kind(suffix: str) -> str:
    return next((kind for kind, pattern in SUFFIX_KINDS if pattern.match(suffix)), "case")


@lru_cache(REMEMBERED)
def left_kind(word: str) -> str:
    for kind, pattern in (("role", ROLE), ("relative", RELATIVE)):
        if pattern.fullmatch(word):
            return kind
    return "team" if TEAM.search(word) else "other"


@lru_cache(REMEMBERED)
def right_kind(word: str) -> str:
    if KIN.match(word):
        return "kin"
    if TITLE.match(word):
        return "title"
    return "copula" if word in SUFFIXES and len(word) > 1 else "other"


@cache
def shape_of(name: str) -> str:
    """How much the syllables look like a name: F family and typical given name, R rare family name, L any given name, G
    given alone."""
    if name[:2] in DOUBLE and 3 <= len(name) <= 4:
        return "D"
    given = len(name) >= 2 and name[-2] in FIRST and name[-1] in SECOND
    if len(name) == 3 and given and name[0] in RARE_SURNAMES:
        return "R"
    if len(name) == 3 and name[0] in SURNAMES:
        return "F" if given else "L"
    if len(name) == 2:
        return "G" if given else ("S" if name[0] in SURNAMES else "X")
    return ("1" if name in SURNAMES else "x") if len(name) == 1 else "X"


@lru_cache(REMEMBERED)
def lexical_of(name: str, word: str) -> str:
    """Whether the candidate is a word of the language, or the whole with its ending is, or a longer
    or shorter beginning of it, or a team or a firm by its last syllable."""
    if OFFICE.search(name) and name[:-1] in words():
        return "office"
    if len(name) > 2 and name[-1] in "님분":
        return "polite"
    if len(name) > 1 and all(syllable in NUMERALS for syllable in name.rstrip("번예이")):
        return "number"
    if word != name and any(word[:end] in words() for end in range(len(name) + 1, len(word) + 1)):
        return "longer"
    if name[-2:] in given_names() and (len(name) == 2 or (len(name) == 3 and name[0] in SURNAMES)):
        return "listed"
    if is_word(name):
        return "word"
    if len(name) > 2 and TEAM.search(name):
        return "team"
    if name in rare_words():
        return "rare"
    if len(name) > 2 and name[-1] in VERBAL and name[:-1] in words():
        return "verb"
    if len(name) > 2 and name[:2] in words():
        return "shorter"
    if len(name) == 3 and name[1:] in words():
        return "given"
    return "no"
