# ruff: noqa: E501  (one pattern per line reads better)
"""Decides whether a Korean sentence without its mark asks, by its ending and by the use of its question word.

Korean question words are indefinite pronouns as well: "누가 왔어요" is "who came?" or "somebody came". What decides is
the ending, the clause that the word stands in, and whether the verb honours the listener. Where only the intonation
decides ("밥 먹었어요"), the sentence is a statement: the recogniser heard the voice, and its own "?" is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Morpheme(NamedTuple):
    form: str
    tag: str


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


_QUESTION_FORM = re.compile(
    r"(던가|는가|은가|느냐|는지요|[을를]래요?|[볼줄할갈올]래요?|실래요?|으?신지요?|시겠습니까"
    r"|[있없되하]나|[았었했겠렀갔왔였렸봤됐샀]니|[았었했겠렀갔왔였렸봤됐샀]냐)$"
)
_GAYO = re.compile(r"[가-힣]가요$|^가요$")
_STATEMENT = re.compile(
    r"(니다|더라고요|더라구요|거든요?|냐면요|[ㄹ가-힣]게요|잖아요?|니까요|네요|군요|구나|[아어해]서요|려고요|려구요|도록요|던데요|다니까요?|라니까요?"
    r"|야죠|야지요?|겠죠|겠지요?|세요|십시오|주세요|주십쇼|다더라|래서요|[을ㄹ] 거예요)$"
)
"""Endings of statements and commands, even with a question word."""
_OPEN_FORMS = re.compile(r"([가-힣]요|어|아|여|해|돼|지|죠|데|야|대|래|냐)$")
"""Endings of a question if the sentence has a question word that asks, and of a statement otherwise."""

_INTERROGATIVE = re.compile(
    r"(?:^|\s)(왜|언제\w{0,2}|어디\w{0,3}|누가|누구\w{0,2}|얼마\w{0,2}|며칠\w{0,2}|몇|어떻게|어때\w{0,2}|어떤|어떠\w*|무슨|어느"
    r"|뭐\s?하\w*|뭐\s?해\w*|뭐가|뭐|뭘|뭐를|뭐예요|뭐에요|뭐죠|뭐야|뭐가요|뭐라\w*|뭐래\w*|뭔데요?|무엇\w{0,2})(?=\s|$)"
)
_INDEFINITE = re.compile(
    r"(?:^|\s)(?:얼마 (?:전|안|뒤|후)|얼마든지|얼마나 \S+(?:을지|는지)|며칠 (?:전|뒤|후|있다|동안|만|째)|몇 \S+째(?!인|예|이|죠|야)|몇 \S*이나 \S*[았었했]|몇 (?:가지|분|개|번)만|몇 번 (?:\S+ )?\S*(?:봤|보니|눌러|말했)|몇 \S+ 차이"
    r"|어느 정도|어느 날|어느새|누가 \S*(?:봐도|와도|오면|그래요)|누구\S* \S*(?:어도|아도|봐도)|누구라도|누구나|누구 한|누구든|누군가|언제 봐도|언제 한번|언제나|언제든|언젠가"
    r"|무엇보다|무엇이든|어떻게 보면|어떻게 좀|어떻게든|어떻게 해 (?:주|봐)|어떻게 알고|어디 좀|어디 가서|어디서 많이|어디 \S+ 데는|어디든|뭐 좀|뭐 하나|뭐든|뭐 어쩔|뭐 필요|뭐 그렇게|뭐라 \S+ 드려야|지 뭐예요|뭐라 드릴|무슨 \S+[이가] (?:자꾸|계속|와)|무슨 수를|무슨 \S+이든)(?=\s|$|\S)"
)
_EMBEDDED = re.compile(
    r"(?:[는은인한할될을던린온간된났왔을릴갈줄]지|든지|든|냐고|느냐|냐면|길래|[어아봐해여려켜내와가돼]도|다고|라고)$"
)
"""The clause of a question word that asks no one: "왜 그런지", "뭐라고 하길래"."""
_SOMEONE = re.compile(r"(?:^|\s)(?:누가|누군가|어떤 \S+[이가]|무슨 \S+[이가]|아는 사람이 누가)\s")
_PAST = re.compile(r"[가-힣]어요?$")
_HONOURED = re.compile(r"(?:셨|시|세요|신|실)")
_SHORT = re.compile(
    r"^(?:(?:네|예|아|어|아니|그럼|근데|그래서|그러면)\s+)*(?:여보세요|진짜요|정말요|정말이세요|안 그래요|뭐|왜|왜요|누구|누구요|어디|어디요|언제요|어떻게요|얼마요|무슨 \S+요|몇 \S+요|누구세요|어디라고요|뭐라고요|뭐라구요|뭐요|무엇이요)$"
)
_GREETING = re.compile(r"안녕하(?:십니까|세요|신가요)$")
_ECHO = re.compile(
    r"(?:^(?:\S+ ){0,2}\S*(?:다고요|(?<!더)(?<!달)라고요|자고요|다구요|(?<!더)(?<!달)라구요)|냐고요|으셨고요|셨고요|으시고요|라는 거예요|저 \S+시는 거예요|는 거죠|은 거죠|[은는된한] 거지|지 않아요|안 그래요|최선이에요)$"
)
_SELF = re.compile(r"(?:^|\s)(?:저|제가|저는|저도|저희\S*|내가|나는|나도|우리\S*)(?=\s)")
_TOLD = re.compile(r"(?:[했한됐]|말씀드[렸린]|그랬)\S*$")
_STATIVE = frozenset({"VA", "VA-I", "VCP", "VCN", "XSA"})
_WISHES = re.compile(r"(안녕|건강|행복|계|조심|편찮으|말씀)(하|히)?\s*(하|계)?세요$")
_PRICE = re.compile(
    r"(?:^|\s)(?:드|거)세요$|(?<!본인)(?<!정말)(?<!진짜)이세요$|챙겨 드세요$|(?:원|시간|개월|일|분|개)이세요$|말씀이 맞으세요$|[이가] (?:안 )?\S+(?:세요|셔요)$"
)
_SUGGESTS = re.compile(
    r"(?:한번|같이|이쪽|그쪽|여기|먼저|일단)\S*\s.*시(?:죠|지요)$|^(?:그럼 )?(?:가|보|하|앉으|들어오|말씀하)시(?:죠|지요)$"
)
_PRAISE = re.compile(r"(?:^|\s)(?:잘|아주|정말|참|많이|고생|수고)\S*\s?\S*셨어요$|얼마나 \S+셨어요$")
_FEELS = re.compile(
    r"(?:좋아하|놀라|속상하|크|타|힘드|답답하|당황하|아프|기쁘|불편하|걱정되|바쁘|급하|번거로우|서운하|섭섭하)시겠어요$"
)
"""Empathy: "애가 타시겠어요", "얼마나 난감하셨어요"."""
_TOPIC = re.compile(r"(?:[가-힣](?:은|는)요|면요)$")
_SUBJECT = re.compile(r"(?:[이가은는]|께서|님|기사님 지금)\s")


def asks(sentence: str, ending: Sequence[Morpheme]) -> bool:
    """Whether ``sentence``, without its mark, is a question; ``ending``: morphemes of its last words."""
    if _SHORT.search(sentence):
        return True
    if _GREETING.search(sentence):
        return False
    if _TOPIC.search(sentence) and not re.search(r"(?:하|있|없|되|싶)는요$", sentence):
        return True
    last = ending[-1] if ending else Morpheme("", "")
    verbal = any(m.tag.startswith("E") for m in ending[-2:])
    if not verbal and not sentence.endswith(("죠", "까", "까요", "니", "냐", "나")):
        return bool(re.search(r"요$", sentence) and _asks_by_word(sentence))
    if asks_with_kka(sentence) or (_QUESTION_FORM.search(sentence) and not _SELF.search(sentence)):
        return True
    if sentence.endswith(("나요", "가요")) and last.form.endswith(("나요", "가요")):
        return True
    if last.tag == "EF" and last.form in ("니", "냐", "나", "으니") and not sentence.endswith("다니"):
        return True
    if _asks_by_word(sentence):
        return True
    return _asks_listener(sentence, ending)


MAX_ECHO_WORDS = 4
_REQUEST = re.compile(r"(?:세요|십시오|주시고요|보시고요|ㄹ래요|까요|나요|죠)\W*$|\?\s*$")
_ECHO_END = re.compile(r"[가-힣]요$")


def may_echo(sentence: str, before: str) -> bool:
    """Whether the sentence has the form of one that repeats the other party's statement ``before`` as a question."""
    return bool(
        before
        and len(sentence.split()) <= MAX_ECHO_WORDS
        and _ECHO_END.search(sentence)
        and not _STATEMENT.search(sentence)
        and not _REQUEST.search(before)
    )


def echoes(sentence: Sequence[Morpheme], before: Sequence[Morpheme]) -> bool:
    """Whether everything said was said before: "만 원이 오릅니다." - "만 원이 올라요?"."""
    said = [m.form for m in sentence if _says(m)]
    return bool(said) and {*said} <= {m.form for m in before if _says(m)}


def _says(morpheme: Morpheme) -> bool:
    return morpheme.tag.startswith(("NN", "NR", "SN", "VV", "VA", "XR")) and morpheme.form not in ("네", "예")


def _asks_by_word(sentence: str) -> bool:
    """Whether a question word of the sentence asks: not an indefinite one, nor one in an inner clause."""
    words = list(_INTERROGATIVE.finditer(sentence))
    if not words or not _OPEN_FORMS.search(sentence):
        return False
    copula = re.search(
        r"(?:어떻게 되|어디|누구|얼마|언제|뭐|무엇|몇 \S+|며칠)\s?(?:이)?(?:세요|신가요|시죠)$", sentence
    )
    if _STATEMENT.search(sentence) and not copula and not _honours(sentence):
        return False
    if _INDEFINITE.search(sentence) or re.search(r"얼마나 \S+셨(?:어요|겠어요)$", sentence):
        return False
    after = sentence[words[-1].end() :].split()
    if re.search(r"(?:[가-힣]나|는가|을까|ㄹ까) (?:했|하고|싶|눌러)", sentence) or sentence.endswith("지"):
        return False
    inner = [word for word in (words[-1].group(1), *after)[:-1] if _EMBEDDED.search(word)]
    if inner and not (
        words[-1].group(1).startswith(("뭐라", "뭐래")) or re.search(r"뭐라고|라고 하셨|라고 하시", sentence)
    ):
        return False
    if words[-1].group(1) in ("뭐", "뭐라고") and re.search(r"뭐라고 (?:하길래|했느냐|하든)", sentence):
        return False
    someone = _SOMEONE.search(sentence) and not _HONOURED.search(sentence[-5:])
    return not (
        someone
        and re.search(r"(?:[았었했갔왔렸졌썼됐]어요?|대요)$", sentence)
        and not re.search(r"는데요?$", sentence)
    )


def _honours(sentence: str) -> bool:
    """ "어떤 상품 쓰고 계세요": "-세요" is a question beside a question word unless it requests."""
    return bool(re.search(r"(?:세요|셔요)$", sentence)) and not re.search(
        r"(?:주|보|놓으|말|마|말씀하|연락하|전화하|기다리)세요$", sentence
    )


def _asks_listener(sentence: str, ending: Sequence[Morpheme]) -> bool:
    """Honorific "-시-" makes the listener the subject: "맞으시죠" is a question, and so is "-세요" on a stative stem,
    which has no imperative ("불편한 점 있으세요")."""
    if _ECHO.search(sentence):
        return not _TOLD.search(sentence) and not (
            _SELF.search(sentence) and not sentence.endswith(("지 않아요", "시는 거예요"))
        )
    stems = [m for m in ending if m.tag[:2] in ("VV", "VA", "VX", "VC", "XS")]
    stem = stems[-1] if stems else Morpheme("", "")
    honorific = any(m.tag == "EP" and m.form in ("시", "으시") for m in ending[-3:])
    if sentence.endswith(("죠", "지요")):
        return _confirms(sentence, stem, honorific=honorific)
    if sentence.endswith(("세요", "셔요")):
        if _WISHES.search(sentence) or _PRICE.search(sentence):
            return False
        return (
            stem.tag in _STATIVE
            or stem.form in ("있", "없", "기억하", "원하")
            or sentence.endswith(("혼자 계세요", "필요하세요"))
        )
    if sentence.endswith("셨어요"):
        return not _SUBJECT.search(sentence) and not _PRAISE.search(sentence)
    if sentence.endswith("시겠어요"):
        return stem.tag not in _STATIVE and not _FEELS.search(sentence)
    return sentence.startswith("혹시 ") and sentence.endswith("요") and not _STATEMENT.search(sentence)


def _confirms(sentence: str, stem: Morpheme, *, honorific: bool) -> bool:
    """Whether "-죠" asks the listener to confirm; it states what the speaker did, knows or cannot help."""
    if (
        _SUGGESTS.search(sentence)
        or _SELF.search(sentence)
        or re.search(r"(?:겠|야|수 없|수 있|그렇|그야 \S+|물론이|당연하)(?:죠|지요)$", sentence)
    ):
        return False
    if honorific or stem.form == "맞":
        return True
    return bool(
        re.search(r"(?:되|있|거|이|없는 거|안 되)(?:죠|지요)$", sentence)
    ) and not sentence.startswith("어제")
