# ruff: noqa: E501  (one pattern per line reads better)
"""Forms in a claim or a quote that the learned judge weighs (signs.py), Korean and English.

They are cues, not readings: each may be wrong, and training gives it its weight. Recognised English may lack its
apostrophes ("ill", "dont"); Korean cues are forms of endings as they are spelt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from callytics.engines.analysis.claims.heard import written_in

Cue = Mapping[str, re.Pattern[str]]


def _cue(english: str, korean: str) -> Cue:
    return {"en": re.compile(english, re.IGNORECASE), "ko": re.compile(korean)}


def has(cue: Cue, text: str) -> bool:
    return bool(cue[written_in(text)].search(text))


NEGATION = _cue(
    r"\b(?:not|no|never|nobody|nothing|none|without|cannot|refus\w*|declin\w*|reject\w*|wont|dont|cant|isnt|aint|didnt|doesnt|wasnt|havent|hasnt|couldnt|wouldnt|nowt)\b|n't\b",
    r"않|못|없|아니|안 |안됩|거절|거부|마세요|말라|말고|됐어|됐습니다|싫",
)
PAST = _cue(
    r"\b(?:was|were|had|has|have been|\w+ed|sent|paid|took|gave|got|made|told|found|left|put|went|kept|bought|said)\b",
    r"[았었였했됐갔왔냈렸졌췄꿨뒀줬켰겼쳤놨봤]",
)
INTENDED = _cue(
    r"\b(?:will|would|going to|is to|are to|agreed to|promised|planned|has to|have to|can|could|may|might|shall|need)\b",
    r"기로 (?:했|하)|겠|예정|[을를할될올갈] 수|야 (?:한|했|하)|도록|기(?:$|\.)|수 있|된다|한다|온다|간다",
)
"""In a claim: what it says is not yet done."""
PROMISED = _cue(
    r"\b(?:will|ill|itll|shell|hell|theyll|gonna|going to|lemme|let me|shall|would|could|might|may|can|i'd)\b|'ll\b|'d\b",
    r"게요|겠|[을를할될갈올릴줄낼볼] ?거|수 있|도록|려고|예정|까요|께요|기로",
)
"""In a quote."""
ASKED = _cue(
    r"\b(?:please|can you|could you|can i|could i|i want|i'd like|id like|i need|would you)\b",
    r"주세요|주시|달라|줘요|주소|주십시오|될까요|할까요|나요|까요|세요|으라|바꿔 줘|해 줘",
)
CONDITION = _cue(
    r"\b(?:if|once|unless|until|when|soon as|till)\b",
    r"(?:으면|면|려면|셔야|어야|아야|해야|야 돼|야 되)(?= |$|요)",
)
HEDGE = _cue(
    r"\b(?:maybe|probably|should|might|may|think|believe|i guess|looks like|isn't guaranteed|perhaps)\b",
    r"것 같|나 봐|나 보|을 수도|수도 있|글쎄|모르겠|갑다",
)
LIMIT = _cue(
    r"\b(?:up to|only|at most|except|unless|but|just|until|from|after|before|over|under|as long as|with a)\b",
    r"까지|만 |만요|부터|넘|이상|이하|미만|빼고|말고|대신|중에|거의|아홉은|쪽만|은 (?:안|못|없)",
)
ALL = _cue(
    r"\b(?:all|every|everybody|everyone|everything|always|never|any|anyone|nobody|no one|nothing|whole|both|only|unlimited|each|none|whatever)\b",
    r"모든|모두|항상|언제나|늘|절대|전혀|전부|다(?= )|어떤|누구|얼마든지|아무|무조건|반드시|틀림없|계속|만(?= )|한 번도|전액|도 (?:없|안|못)",
)
REPORT = _cue(
    r"\b(?:said|says|told|asked|admitted|promised|offered|thanked|apologi\w+|accepted|agreed|refused|declined|complained|threatened|explained|recommended|advised|praised|mocked|demanded|wants?|wanted|called)\b",
    r"(?:다고|라고|자고|냐고|달라고|말라고|했다고) |요청|문의|요구|거절|권했|약속|항의|인정|사과|추천|안내|원(?:한|했)|싶어|칭찬|묻|물었",
)
"""A claim about what a party says or wants."""
MYSELF = _cue(
    r"\b(?:i|i'm|im|i've|ive|i'd|id|i'll|ill|my|me|we|we're|our|us|mine)\b",
    r"(?<![가-힣])(?:저|제|나|내|제가|저는|저도|내가|나는)(?![가-힣])|우리|저희|드릴|드려|드렸|겠|게요",
)
_OF_A_PARTY = re.compile(r"^(?:the )?(?:agent|customer|caller)'s\b|^(?:상담원|고객)(?:님)?의 ", re.IGNORECASE)
"""The claim begins with what a party has."""
_DENIED_WORDS = (
    re.compile(r"\b(?:not|isn'?t|ain'?t|wasn'?t|without|instead of|rather than|no longer|never|don'?t|can'?t|cannot|won'?t)\b((?:\W+[\w']+){1,4})", re.IGNORECASE),
    re.compile(r"(\S+)\s?(?:이|가|은|는|건|게)? ?(?:아니|말고|없|못|않|안 )|(?:안|못) (\S+)"),
)  # fmt: skip
_EMPTY_TEXT = """
the a an of to in on at for and or that this it is was were be been are has have had with by from as not no he she they
his her their its which who will would can could do did does so but if than then there here agent customer caller
"""
_EMPTY = frozenset(_EMPTY_TEXT.split())
_WORD = re.compile(r"[가-힣]+|[A-Za-z']+")


def is_of_a_party(claim: str) -> bool:
    return bool(_OF_A_PARTY.match(claim))


def names_what_is_denied(claim: str, said: str) -> bool:
    """Whether a word of the claim stands beside a negation in what was said: "정문 말고", "not the tower"."""
    denied = {
        word.lower() for cue in _DENIED_WORDS for match in cue.finditer(said) for word in _WORD.findall(" ".join(filter(None, match.groups())))
    } - _EMPTY  # fmt: skip
    return any(_is_same(word, other) for word in _words(claim) for other in denied)


def _words(text: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    return [
        word for word in words if word not in _EMPTY and not word.startswith(("고객", "상담원", "상담사"))
    ]


def _is_same(word: str, other: str) -> bool:
    return (len(word) > 2 and word[:4] == other[:4]) if word.isascii() else word[:2] == other[:2]
