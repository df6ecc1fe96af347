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

from callytics.engines.punctuation.questions import Morpheme, asks, asks_with_kka

CLEAR_PAUSE_S = 0.5
"""A pause of this length makes an ambiguous ending final; gaps inside an utterance are rarely longer
(Heldner & Edlund 2010, J. Phonetics 38)."""


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


_INSIDE = re.compile(r"(?:뭔가|누군가|어딘가|언젠가|어디다|뭐라고|누가)$")
"""Question words that are read as a copula: "어디다 내요"."""


def ends_sentence(ending: Ending) -> bool:
    """Whether a sentence ends after this word. Not for the last word of a turn."""
    first = ending.following[0] if ending.following else Morpheme("", "")
    if _QUOTING.match("".join(m.form for m in ending.following)) or first.tag in ("JKQ", "VCP", "XSV", "XSA"):
        return False
    if ending.mark in (".", "?", "!", "…"):
        return not _cannot_end(ending) or ending.pause_s >= CLEAR_PAUSE_S
    if _INSIDE.search(ending.text) or _turns_back(ending, first):
        return False
    if ending.split_by_model or ending.text in _WHOLE_REPLIES:
        return True
    if ending.text in REPLIES:
        return ending.pause_s >= CLEAR_PAUSE_S and not ending.mark
    return _ending_is_final(ending, first)


def _turns_back(ending: Ending, following: Morpheme) -> bool:
    """ "껐다 켜면": the plain past before a verb says what is undone next, and ends nothing unless there is a pause."""
    plain_past = re.search(r"[껐켰뺐꽂닫열갔왔샀썼][았었]?다$", ending.text) is not None
    return plain_past and following.tag.startswith("VV") and ending.pause_s < CLEAR_PAUSE_S


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


def final_mark(sentence: str, mark: str, alone: Sequence[Morpheme]) -> str:
    """ "." or "?" (or the recogniser's "!") for a sentence without its final punctuation.

    Args:
        sentence: its words, spaced.
        mark: the recogniser's mark; it heard the intonation, so its "?" and "!" are kept.
        alone: morphemes of the end of the sentence.
    """
    if mark in ("?", "!"):
        return mark
    return "?" if asks(sentence, alone) else "."
