"""Finds the ends of Korean sentences and their marks, by rules over morphemes.

Korean marks the end of a clause on its verb, so the ending is the main evidence. The tags are those of the Sejong
corpus, as in Kiwi: EF final ending, EC connective ending, EP pre-final ending, ETM adnominal ending, J* particle,
IC interjection, V* stem. The rules come from grammar, not from a data set.

A word is analysed twice: in context, and as the last word of a sentence (``alone``). Many endings ("-어", "-다",
"-지") are connective in the first reading and final in the second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

CLEAR_PAUSE_S = 0.5
"""A pause of this length makes an ambiguous ending final; gaps inside an utterance are rarely longer
(Heldner & Edlund 2010, J. Phonetics 38)."""


class Morpheme(NamedTuple):
    form: str
    tag: str


@dataclass(frozen=True)
class Ending:
    """One word as a candidate for the end of a sentence.

    Attributes:
        text: the word without its punctuation.
        mark: the recogniser's punctuation after it, "" for none.
        pause_s: silence to the next word.
        alone: morphemes of the word (and its left context), analysed as the end of a sentence.
        following: morphemes of the next word.
        split_by_model: the analyser's own sentence splitter ends a sentence here.
    """

    text: str
    mark: str
    pause_s: float
    alone: Sequence[Morpheme]
    following: Sequence[Morpheme]
    split_by_model: bool


_POLITE = re.compile(r"(니다|시다|시오|세요|셔요|에요|예요|이요|[가-힣]요|죠)$")
"""Polite and formal final endings (합쇼체, 해요체): they rarely occur inside a sentence."""

_WHOLE_REPLIES = frozenset(
    {"그럼요", "글쎄요", "잠시만요", "잠깐만요", "여보세요", "그러게요", "맞아요", "그래요"}
)
"""Words that are sentences."""

REPLIES = frozenset({"네", "예", "아니요", "아니오", "아뇨", "응", "아"})
"""Answers that continue: a comma follows, not an end, unless there is a pause."""

_QUOTING = re.compile(r"^(라고|라는|라며|이라고|이라는|하고|하며|하면서|고|며|면서|는|란|만)$")
_DA_CONTINUES = frozenset({"하", "보", "못하", "말", "치", "싶", "그러", "이러", "가", "오", "들"})
"""Stems that can follow a plain "-다": "간다 해도", "가다 보니", "먹다 말고"."""

_PLAIN_FINAL = frozenset(
    {
        "어",
        "아",
        "지",
        "야",
        "네",
        "자",
        "라",
        "어라",
        "아라",
        "니",
        "냐",
        "나",
        "군",
        "구나",
        "걸",
        "게",
        "ᆯ게",
    }
)


def ends_sentence(ending: Ending) -> bool:
    """Whether a sentence ends after this word. Not for the last word of a turn."""
    first = ending.following[0] if ending.following else Morpheme("", "")
    if _QUOTING.match("".join(m.form for m in ending.following)) or first.tag in ("JKQ", "VCP", "XSV", "XSA"):
        return False
    if ending.mark in (".", "?", "!", "…"):
        return not _cannot_end(ending) or ending.pause_s >= CLEAR_PAUSE_S
    if ending.split_by_model or ending.text in _WHOLE_REPLIES:
        return True
    if ending.text in REPLIES:
        return ending.pause_s >= CLEAR_PAUSE_S and not ending.mark
    return _ending_is_final(ending, first)


def _ending_is_final(ending: Ending, following: Morpheme) -> bool:
    last = ending.alone[-1] if ending.alone else Morpheme("", "")
    previous = ending.alone[-2] if len(ending.alone) > 1 else Morpheme("", "")
    paused = ending.pause_s >= CLEAR_PAUSE_S
    formal_question = ending.text.endswith("니까") and asks_with_kka(ending.text)
    if formal_question or _POLITE.search(ending.text):
        if last.tag in ("JX", "MM") or previous.tag in ("EC", "JX"):  # noun + 요, -고 + 요
            if previous.form.endswith(("데", "거든")):
                return True
            return paused or (last.form == "요" and previous.tag == "EF")
        return last.tag in ("EF", "EP", "EC") or paused
    if last.tag != "EF":
        return False
    if last.form in ("다", "ᆫ다", "는다"):
        finite = previous.tag in ("EP", "VA", "VCP", "VCN", "XSA", "VX") or last.form != "다"
        return (finite and following.form not in _DA_CONTINUES) or paused
    return paused and last.form in _PLAIN_FINAL


def _cannot_end(ending: Ending) -> bool:
    """The recogniser's mark follows a particle or an adnominal form: an error."""
    last = ending.alone[-1] if ending.alone else Morpheme("", "")
    if last.tag in ("ETM", "JKO", "JKG", "JC"):
        return True
    return last.tag == "JKS" or (last.tag == "JX" and last.form in ("은", "는", "ᆫ"))


_KKA = re.compile(r"([가-힣]?)([가-힣])까요?$")
_FINAL_RIEUL, _FINAL_BIEUP = 8, 17  # numbers of the final consonants in a Hangul syllable (Unicode, 3.12)


def asks_with_kka(text: str) -> bool:
    """Whether the text ends in "-ㅂ니까" or "-ㄹ까(요)". Without these consonants, "-(으)니까" gives a reason, and
    "아까" is an adverb."""
    match = _KKA.search(text)
    if not match:
        return False
    before, last = match.groups()
    if last == "니":
        return bool(before) and _final_consonant(before) == _FINAL_BIEUP
    return _final_consonant(last) == _FINAL_RIEUL


def _final_consonant(syllable: str) -> int:
    return (ord(syllable) - ord("가")) % 28


_QUESTION_FORM = re.compile(r"(나요|가요|던가|는가|은가|느냐|는지요|실래요?|으?신지요?|시겠어요)$")
_STATEMENT_IN_GAYO = re.compile(r"(^|\s)(나?가요|들어가요|돌아가요|올라가요|내려가요|걸어가요|다가요|가요)$")
_OPEN_FORMS = re.compile(r"([가-힣]요|어|아|여|해|돼|지|죠|데|야|대|래|냐)$")
"""Endings of a question if the sentence has an interrogative, and of a statement otherwise."""

_INTERROGATIVE = re.compile(
    r"(^|\s)(왜|언제|언제까지|언제쯤|어디\w{0,2}|누가|누구\w{0,2}|얼마\w{0,2}|며칠|몇|어떻게|어떤|무슨|어느"
    r"|뭐\s?하\w*|뭐\s?해\w*|뭐가|뭘|뭐를|뭐예요|뭐에요|뭐죠|뭐야|뭐가요|뭔데요?|무엇\w{0,2})(?=\s|$)"
)
_INDEFINITE = re.compile(
    r"(는지|은지|ㄴ지|을지|할지|될지|인지|한지|든지|든|어떻게든|누구나|언제나|누구든|뭐든)(?=\s|$)"
)
_STATIVE = frozenset({"VA", "VA-I", "VCP", "VCN", "XSA"})
_WISHES = re.compile(r"(안녕|건강|행복|계|조심)(하|히)?\s*(하|계)?세요$")


def final_mark(sentence: str, mark: str, alone: Sequence[Morpheme]) -> str:
    """ "." or "?" (or the recogniser's "!") for a sentence without its final punctuation.

    Args:
        sentence: its words, spaced.
        mark: the recogniser's mark; it heard the intonation, so its "?" and "!" are kept.
        alone: morphemes of the end of the sentence.
    """
    if mark in ("?", "!"):
        return mark
    last = alone[-1] if alone else Morpheme("", "")
    if not any(m.tag.startswith("E") for m in alone[-2:]) and not sentence.endswith(("죠", "까", "까요")):
        return "."
    if asks_with_kka(sentence):
        return "?"
    if _QUESTION_FORM.search(sentence) and not _STATEMENT_IN_GAYO.search(sentence):
        return "?"
    if last.tag == "EF" and last.form in ("니", "냐", "나", "으니") and not sentence.endswith("다니"):
        return "?"
    if _OPEN_FORMS.search(sentence) and _INTERROGATIVE.search(sentence) and not _INDEFINITE.search(sentence):
        return "?"
    return "?" if _asks_listener(sentence, alone) else "."


def _asks_listener(sentence: str, alone: Sequence[Morpheme]) -> bool:
    """Honorific "-시-" makes the listener the subject: "맞으시죠" is a question, and so is "-세요" on a stative stem,
    which has no imperative ("불편한 점 있으세요")."""
    if len(alone) < 2:
        return False
    stems = [m for m in alone if m.tag[:2] in ("VV", "VA", "VX", "VC", "XS")]
    stem = stems[-1] if stems else Morpheme("", "")
    honorific = any(m.tag == "EP" and m.form in ("시", "으시") for m in alone[-3:])
    if sentence.endswith(("죠", "지요")):
        return honorific or stem.form == "맞"
    if sentence.endswith(("세요", "셔요")):
        return (stem.tag in _STATIVE or stem.form in ("있", "없")) and not _WISHES.search(sentence)
    return False
