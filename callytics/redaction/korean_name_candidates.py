# ruff: noqa: E501  (one list per line reads better)
"""Every part of a Korean text that could be a name, with what a model needs to judge it: its syllables, what is attached
to it, and the words around it.

Korean writes particles and the copula at the name ("노을찬이에요"), and recognisers split them off ("노을찬 이에요"), so
one word gives several candidates, of which at most one is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from callytics.redaction.candidates import Candidate
from callytics.redaction.korean_names import ASKED, DOUBLE_SURNAMES, FIRST, NOT_NAMES, SECOND, SURNAMES
from callytics.redaction.korean_words import given_names, is_word, likeness, rare_words, words

RARE_SURNAMES = "옹빙탄점순낙즙해수궉돈운내삼비초포환후흥판매섭춘필평향도소담난"
_DOUBLE = frozenset(DOUBLE_SURNAMES.split("|"))
_NUMERALS = frozenset("공영일이삼사오육륙칠팔구십백천만")
_OFFICE = re.compile(r"(?<=..)[실팀과점처소집]\Z")
_VERBAL = frozenset("하했해한할함된됐되돼될시")
"""Last syllables of verbs that are made of a noun: "신고했거든요"."""
MAX_SYLLABLES = 5
REMEMBERED = 20_000
"""Words whose kind is kept: more than calls of an hour have."""
MAX_WORDS = 3
_TOKEN = re.compile(r"[가-힣]+|[A-Za-z]+|\d+")
_SUFFIX_TEXT = (
    "이 가 은 는 을 를 의 에 도 만 로 으로 께 께서 께서는 한테 에게 한테서 와 과 랑 이랑 하고 까지 부터 보다 처럼 야 아 이야 이는 이가 이를 이도 이한테 이만 이랑 이네 네 이의 "
    "입니다 임니다 입니당 입니까 입니다만 이에요 예요 이예요 에요 이요 요 여 이여 이고 고 이고요 고요 이구요 구요 인데 인데요 이거든요 거든요 이죠 죠 이지 지 이라고 라고 이라고요 라고요 이라는 라는 "
    "이라고만 라고만 이란 란 이라 라 이며 며 이랬나 랬나 이래요 래요 이랍니다 랍니다 이라서 라서 이었습니다 였습니다 이었어요 였어요 이었는데 였는데 였고 이었고 이셨는데 이신 인 이신가요 이시죠 이세요 세요 이십니다 이십니까 이시고 "
    "이시고요 이신데 이신데요 이시네요 이네요 네요 이잖아요 잖아요 인가 인가요 이냐고 냐고 이니까 니까 이니 님 님이 님은 님을 님도 님께 님께서 님의 님이요 님요 님이에요 님이신 님이시죠 님이세요 님이십니까 님이신가요 님하고 님한테 님으로 님입니다 님인데 님이라고 님이고 님이시고 님이시고요 님께는 "
    "님과 님만 님이라는 님이신데 님이십니다 씨 씨가 씨는 씨를 씨도 씨한테 씨요 씨예요 씨라고 씨랑 씨인데 씨죠 씨의 씨께 군 양 이올시다 올시다 이었나 이였습니다 이였는데 인디 이당께 이유 유 이유요 여유 이어유 이라카는데 이라예 라예 이데이 으로요 로요 앞 이라도 이든 "
    "이라던 라던 이라던데 라던데 이라네요 라네요 이라면서 이란다 이랬는데 랬는데 이랬어요 랬어요 이라며 이라 이라니까 이더라고요 더라고요 이더군요 뿐 이뿐 마저 이에게 이하고 이와 이께서 이네요"
)
SUFFIXES = frozenset({"", *_SUFFIX_TEXT.split()})
_LISTED = re.compile(r"[,.?!…]")
_TITLE = re.compile(
    r"(?:고객|회원|님|씨|상담|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|원장|사장|이사|선생|기사|어르신|주임|주사|계장|주무관|조사원|가이드|교수|박사|간호사|강사|코치|사원|담당|할머니|할아버지|환자|사모|여사|학생|어머니|아버지|상무|반장|센터장|지점장|기장|작가|변호사|의사|총무|군|양|어린이|보호자|본인|명의)"
)
_KIN = re.compile(
    r"(?:엄마|아빠|어머니|어머님|아버지|아버님|이모|삼촌|고모|할머니|할아버지|언니|오빠|형|누나|동생|담임|외삼촌)"
)
_ROLE = re.compile(
    r"(?:상담사|상담원|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|기사|담당|담당자|주임|주무관|간호사|코치|강사|예금주|명의자|수령인|수취인|수익자|계약자|신청자|가입자|대표자?|성함|이름|존함|성명|사람|분|보호자|보증인|환자|고객)(?:은|는|이|가|께서|인|님|님은|님이|성함은|성함이|이름은|이름이)?"
)
_RELATIVE = re.compile(
    r"(?:우리|저희|아들|딸|엄마|아빠|남편|아내|와이프|집사람|안사람|며느리|사위|손자|손녀|언니|누나|오빠|형|동생|조카|어머니|아버지|어머님|아버님|배우자|신랑|신부|친구|애|아이|저|저는|제가|나|난|나는|전|내가)(?:는|은|이|가|인|도)?"
)
_TEAM = re.compile(
    r"(?:팀|파트|부|과|부서|센터|지점|점|은행|보험|화재|생명|증권|캐피탈|택배|통신|카드|병원|의원|치과|약국|호텔|렌탈|렌터카|마트|영업소|사무소|사무실|지사|본사|상담실|예약실|창구|학원|구청|시청|여행사|항공|데스크|공단|협회|전자|서비스|관리실|모터스|텔레콤|모바일|인터넷|케어|투어|샵|몰|스쿨|원|실|소|사)\Z"
)
_SUFFIX_KINDS = (
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
def _suffix_kind(suffix: str) -> str:
    return next((kind for kind, pattern in _SUFFIX_KINDS if pattern.match(suffix)), "case")


@lru_cache(REMEMBERED)
def _left_kind(word: str) -> str:
    for kind, pattern in (("role", _ROLE), ("relative", _RELATIVE)):
        if pattern.fullmatch(word):
            return kind
    return "team" if _TEAM.search(word) else "other"


@lru_cache(REMEMBERED)
def _right_kind(word: str) -> str:
    if _KIN.match(word):
        return "kin"
    if _TITLE.match(word):
        return "title"
    return "copula" if word in SUFFIXES and len(word) > 1 else "other"


@cache
def _shape(name: str) -> str:
    """How much the syllables look like a name: F family and typical given name, R rare family name, L any given name, G
    given alone."""
    if name[:2] in _DOUBLE and 3 <= len(name) <= 4:
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
def _lexical(name: str, word: str) -> str:
    """Whether the candidate is a word of the language, or the whole with its ending is, or a longer
    or shorter beginning of it, or a team or a firm by its last syllable."""
    if _OFFICE.search(name) and name[:-1] in words():
        return "office"
    if len(name) > 2 and name[-1] in "님분":
        return "polite"
    if len(name) > 1 and all(syllable in _NUMERALS for syllable in name.rstrip("번예이")):
        return "number"
    if word != name and any(word[:end] in words() for end in range(len(name) + 1, len(word) + 1)):
        return "longer"
    if name[-2:] in given_names() and (len(name) == 2 or (len(name) == 3 and name[0] in SURNAMES)):
        return "listed"
    if is_word(name):
        return "word"
    if len(name) > 2 and _TEAM.search(name):
        return "team"
    if name in rare_words():
        return "rare"
    if len(name) > 2 and name[-1] in _VERBAL and name[:-1] in words():
        return "verb"
    if len(name) > 2 and name[:2] in words():
        return "shorter"
    if len(name) == 3 and name[1:] in words():
        return "given"
    return "no"


def candidates(text: str, before: str, *, opening: bool = False) -> Iterator[list[Candidate]]:
    """The candidates that begin at each word of ``text``; ``opening``: the first turn of a call."""
    tokens = list(_TOKEN.finditer(text))
    asked = "asked" if ASKED.search(before) else "free"
    for index, token in enumerate(tokens):
        if not "가" <= token.group()[0] <= "힣":
            continue
        found = _beginning_at(text, tokens, index, asked, opening)
        if found:
            yield found


def _beginning_at(
    text: str, tokens: list[re.Match[str]], index: int, asked: str, opening: bool
) -> list[Candidate]:
    found: list[Candidate] = []
    left = _left(text, tokens, index)
    left.append(asked + str(min(index, 3)))
    left.append(f"{asked} {min(len(tokens), 6)}")
    if opening:
        left += [f"opening {min(index, 3)}", f"opening {min(len(tokens) - index, 4)}"]
    for last in range(index, min(index + MAX_WORDS, len(tokens))):
        word = tokens[last].group()
        if last > index:
            gap = text[tokens[last - 1].end() : tokens[last].start()]
            previous = tokens[last - 1].group()
            if (
                gap != " "
                or not "가" <= word[0] <= "힣"
                or len(previous) > MAX_SYLLABLES
                or (previous in words() and not (_is_surname(previous) and last == index + 1))
            ):
                break
        right: list[str] = []
        for length in range(1, min(MAX_SYLLABLES, len(word)) + 1):
            suffix = word[length:]
            if suffix not in SUFFIXES or (len(word) == 1 and word not in SURNAMES and last == index):
                continue
            name = word[:length]
            if last == index and name in NOT_NAMES:
                continue
            parts = [t.group() for t in tokens[index:last]] + [name]
            right = right or _right(text, tokens, last)
            found.append(
                Candidate(
                    tokens[index].start(),
                    tokens[last].start() + length,
                    tuple(_features(parts, word, suffix, left, right, asked, opening)),
                )
            )
    return found


def _is_surname(part: str) -> bool:
    return part in _DOUBLE or (len(part) == 1 and part in SURNAMES)


def _left(text: str, tokens: list[re.Match[str]], index: int) -> list[str]:
    if index == 0:
        return ["<k=START", "<<=START"]
    before = tokens[index - 1].group()
    gap = text[tokens[index - 1].end() : tokens[index].start()]
    mark = "," if _LISTED.search(gap) else ""
    two = tokens[index - 2].group() if index > 1 else "START"
    return [
        f"<k={mark}{_left_kind(before)}",
        f"<={before}",
        f"<2={before[-2:]}",
        f"<1={before[-1:]}",
        f"<m={mark}{before[-1:]}",
        f"<<={two[-2:]} {before[-2:]}",
    ]


def _right(text: str, tokens: list[re.Match[str]], last: int) -> list[str]:
    if last + 1 == len(tokens):
        return [">k=END", ">1=END"]
    after = tokens[last + 1].group()
    gap = text[tokens[last].end() : tokens[last + 1].start()]
    mark = "," if _LISTED.search(gap) else ""
    kind = "number" if after.isdigit() else after
    return [
        f">k={mark}{_right_kind(after)}",
        f">={mark}{kind}",
        f">2={mark}{kind[:2]}",
        f">1={kind[:1]}",
        f">m={mark}",
    ]


def _features(
    parts: list[str], word: str, suffix: str, left: list[str], right: list[str], asked: str, opening: bool
) -> Iterator[str]:
    name = parts[-1]
    if len(parts) == 1:
        shape = _shape(name)
        lexical = _lexical(name, word)
    elif len(parts) == 2 and _is_surname(parts[0]) and len(name) < 3:
        shape = f"P{len(parts[0])}{_shape(name)}"
        lexical = _lexical(name, word)
    else:
        shape = "W" + "".join(str(min(len(part), 4)) for part in parts)
        lexical = "word" if any(part in words() for part in parts) else "no"
    form = f"{shape}{len(name)}"
    end = _suffix_kind(suffix)
    yield "bias"
    yield f"shape={form}"
    yield f"shape={form} {asked}"
    yield f"lex={lexical} {form}"
    yield f"lex={lexical} {asked}"
    yield f"suffix={suffix}"
    yield f"suffix={suffix} {form}"
    yield f"end={end} {form} {asked}"
    yield f"end={end} {lexical} {asked}"
    yield f"end={end} {shape} {lexical} {left[0]}"
    yield f"end={end} {shape} {lexical} {right[0]}"
    yield f"{end} {left[0]} {right[0]}"
    yield f"{shape} {left[0]} {right[0]}"
    yield f"word={word}"
    yield f"first={name[0]} {len(name)}"
    yield f"last={name[-1]} {len(name)}"
    for each in left[1:]:
        yield each
        yield f"{each} {end}"
    for each in right[1:]:
        yield each
        yield f"{each} {shape}"
    given, foreign = likeness("".join(parts))
    yield f"given={given} {form}"
    yield f"foreign={foreign} {form}"
    yield f"given={given} foreign={foreign} {lexical}"
    yield f"given={given} {end} {asked}"
    yield f"rare={name in rare_words()} {lexical} {end}"
    yield f"{end} {shape} {left[0]} {'opening' if opening else ''}"
