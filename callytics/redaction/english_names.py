# ruff: noqa: E501  (one pattern per line reads better)
"""Finds English names of people: by the words around them, and by a list of given names.

Where a recogniser writes capitals, a name is a run of capital words. Where it writes none, a word of a name is one that
is not a word of the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callytics.domain import PiiKind
from callytics.redaction.english_words import (
    FIRM_WORDS,
    NOT_NAMES,
    is_common,
    is_given_name,
    is_name_of_the_world,
    may_be_given_name,
)
from callytics.redaction.span import Span

MAX_NAME_WORDS = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", re.UNICODE)
_POSSESSIVE = re.compile(r"['’](?:s|ll|d)?\Z")

_RELATIVE = r"(?:husband|wife|partner|son|daughter|brother|sister|mother|father|mum|mom|dad|friend|neighbou?r|colleague|boss|man|manager|supervisor|technician|driver|fella|guy|nurse|boyfriend|girlfriend|fianc[eé]e?)"
_BEFORE = re.compile(
    r"(?:\b(?:first |last |full |good |second |sur|middle |maiden |nick)?names?(?:\son\s(?:the|my|your)\s\w+)?(?:['’]?s|,|:|\sis|\swas|\swould be)?"
    r"|\b(?:passport|licen[cs]e|ticket|card|contract|id) (?:says|reads)|\bmyself|\bspeaking (?:with|to)|\btalking (?:with|to)|\bspeak (?:with|to)|\btalk to|\bthrough to|\b(?:you['’]?ve|you have) got|\bhow are you,?|\bi['’]?ve got(?: an?)?"
    r"|\bi['’]ve found|\byou to|\bask for|\bto reach|\b(?:he|she|who|man|lady|lad|guy|him|her|them)(?:['’]?s| is| was| were)? called|\bcall me|\bnamed|\bregistered (?:to|under)|\b(?:it is|it['’]?s) under|\bgoes by"
    r"|\b(?:am i|are you) speaking (?:with|to)|\bi(?:s| am|['’]m) (?:this|that)|\bcalling for|\blooking for"
    rf"|\b(?:my|his|her|your|our|the) {_RELATIVE}(?:['’]s name is|,| is)?|\byours sincerely,?|\bcare of"
    r"|\b(?:tell|told|meet|seen|saw|thank|thanks to) )\s*\Z",
    re.IGNORECASE,
)
"""After these words a name follows, even one in no list."""
_WEAK_BEFORE = re.compile(
    r"(?:\b(?:this is|i have|i am|i['’]?m|it['’]?s|it is|here['’]s|that['’]?s|he['’]s|she['’]s|reached|with|put|would it be|was it|could it be))\s*\Z",
    re.IGNORECASE,
)
"""After these words a name follows, or a firm or a state: "I'm Lorna with ...", "This is Meridian Air", "I'm Irish"."""
_GREETING = re.compile(
    r"(?:\b(?:hi|hello|hey|hiya|g['’]day|morning|afternoon|evening|bye|goodbye|good night|night|cheerio|thanks|thank you|thank god|cheers|ta-ra|later|welcome(?: back)?"
    r"|bless you|sorry|okay|alright|all right|right|sure|yes|no|well|dear|listen|look|oh|please|lovely|brilliant|care|day|evening|luck|weekend|safe|journey|flight|course|then|now|soon|got it|man))\s*,?\s*\Z",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|mister|missus|doctor|professor|officer|nurse|sister|captain|miss)\.?\s+\Z",
    re.IGNORECASE,
)
_AFTER_CLOSE = re.compile(
    r",? (?:speaking|here|this side|is my name|on the line|on reception)\b", re.IGNORECASE
)
_AFTER_ORIGIN = re.compile(r",? (?:(?:down |over )?(?:at|from|with|on behalf of|in) )")
_PERSON_VERB = re.compile(
    r" (?:told|said|says|promised|assured|called|rang|phoned|emailed|texted|helped|explained|mentioned|spoke|answered|booked me|sent me|gave me|put me|and i\b|can help|will (?:help|call|be (?:calling|there)))\b",
    re.IGNORECASE,
)
_PARTICLES_TEXT = "van von der den de del della di da dos bin ibn al el la le du ter ten mac mc st"
PARTICLES = frozenset(_PARTICLES_TEXT.split())
"""Small words inside a family name: Van der Berg."""
_SURNAME_ASKED = re.compile(r"\b(?:sur|last |family |second )name", re.IGNORECASE)
_SHORT_ANSWER = re.compile(r"[a-z']+(?:\s[a-z']+){0,2}\s*[.,]?\s*\Z")
_ABOUT = re.compile(r" (?:about|there|available|around|in|home)\?")
_END = re.compile(
    r"\s*(?:[.,!?;…]|\Z|and\b|from\b|with\b|at\b|here\b|speaking\b|over\b|down\b|on (?:a|the|reception)\b|calling\b|again\b|in (?:the )?[A-Za-z]+)"
)
_CLAUSE_START = re.compile(
    r"(?:\A|[.,!?…\"]\s*|\A(?:uh|um|so|oh|yeah|yes|hi|hello|well|okay|and)\W+)\Z", re.IGNORECASE
)
_FILLERS = re.compile(
    r"(?:(?:sure|yes|yeah|yep|okay|ok|of course|it['’]?s|it is|that['’]?s|under|my name is|um|uh|well|hi|hello|oh|so|the|a|is|right|certainly|i['’]?m|this is|erm|er|please|mm|hm|hmm|name['’]?s|and|no|good|morning|afternoon|evening|hiya|hey|i have|i['’]ve got)[\s,.…]+)*",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"\bnames?\b|how do you spell|who am i|who['’]?(?:ve| have) i|who do i have|who['’]?s (?:this|calling|that|speaking)|who is (?:this|calling|speaking)|who(?:'m| am) i|and you are\b|surname|whose|pleasure of"
    r"|who['’]?s on the account|account holder|who is it for|who['’]?s it for|who should|booked under|under (?:what|which)|what is it under|who(?:'s| is) (?:coming|driving|collecting)",
    re.IGNORECASE,
)
_TWO_PARTNERS = re.compile(
    r"(?:(?<=\bwith )|(?<=\bfrom ))[A-Z][a-z]+ and [A-Z][a-z]+|(?<=\bat )[A-Z][a-z]+ and [A-Z][a-z]+|\A[A-Z][a-z]+ and [A-Z][a-z]+(?=[,.])"
)
"""A firm: "this is Priscilla with Hartwell and Boone"."""
_NOT_NAMES_TEXT = (
    "i the a an it it's my yes no yeah sure okay ok thank thanks sorry what why who how when where hold one let can could would will please "
    "just of course well hello hi good great right correct not calling looking going trying here there this that and but so do does is are was "
    "customer agent billing support service sales technical nothing never still also wait go sir madam ma'am you your he she we they "
    "i'm i've i'll i'd it'll that's there's you're we're we've internet speaking relax likewise god lord christ miss mr mrs ms dr "
    "he's she's you've they're what's who's how's let's don't can't won't didn't isn't doesn't i'd you'll we'll they'll where's here's"
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())


_SHORT_NAMES = frozenset(
    ["jo", "al", "ed", "bo", "ty", "vi", "cy", "mo", "lu", "li", "xi", "wu", "yu", "ng", "ko", "ji"]
)
_INTRODUCED = re.compile(r"\b(?:this is|my name is|my name's|name is)\s*\Z", re.IGNORECASE)
_DAYS = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
"""In the list of names, but a name of a person in no service call that we know."""
_NO_NAME_ALONE = frozenset(("saint", "doctor", "captain", "nurse", "officer", "professor"))
_ALSO_VERBS = frozenset(
    [
        "here",
        "home",
        "line",
        "desk",
        "house",
        "drive",
        "close",
        "place",
        "way",
        "support",
        "help",
        "care",
        "post",
        "work",
        "park",
        "shop",
        "connect",
        "express",
    ]
)
"""In lower case after a name, no word of a firm: "have Ronnie drive me"."""
_PLACE_BEFORE = re.compile(r"\b(?:in|near|outside|around|via|(?:is|was|are|am|'m|comes?) from)\s\Z")
_NUMBERED = re.compile(r"one|two|three|four|five|six|seven|eight|nine|ten")
_ANSWERED = re.compile(
    r"\b(?:this is|speaking|here|good (?:morning|afternoon|evening)|how (?:may|can) (?:i|we))\b",
    re.IGNORECASE,
)

MIN_LETTERS_ALONE = 4
"""A shorter given name in lower case needs a context: "ray", "mei"."""
_STATED_BEFORE = re.compile(
    rf"(?:\b(?:first |last |full |good |sur|middle )?names?(?:['’]?s| is| was)?|\b(?:passport|licen[cs]e|ticket|card|contract|id) (?:says|reads)|\bmyself|\b(?:is|was) called|\bcall me|\bask for|\b(?:my|his|her|your|our|the) (?:\w+ )?{_RELATIVE})\s*\Z",
    re.IGNORECASE,
)
_NEVER_BEFORE = re.compile(
    r"\b(?:[A-Za-z] (?:as in|for|like)|the|as in|a|an|saint|st\.?)\s+\Z", re.IGNORECASE
)
"""Spelling words, "F as in Frank", and things that have an article."""
_OBJECT_AFTER = re.compile(r" (?:it|them|the|your|me|in|a|that|this(?! side)|my|us|up|him|her|to|off|out)\b")
_ORIGIN_IN_LOWER_CASE = re.compile(
    r"\s*(?:\Z|(?:over |down )?(?:at|from|with|speaking|here|again|calling)\b|on (?:a|the) )"
)
_THIS_IS = re.compile(r"\bthis is\s*\Z", re.IGNORECASE)
_IS_BEFORE = re.compile(r"\b[Ii]s \Z")
_MEETING = re.compile(
    r"\b(?:hi|hello|hey|hiya|thanks|thank you|bye|goodbye|good night|night|cheerio|cheers|good morning|morning|miss|later)\W*\Z",
    re.IGNORECASE,
)
_ADDRESSED = _GREETING
_SPEAKS_TO_YOU = re.compile(
    r"\b(?:you|your|you['’]re|luck|care|thanks|thank|sorry|please|bye|soon|then|we['’]re)\b", re.IGNORECASE
)
_DESK = re.compile(
    r"\b(?:desk|support|care|accounts|leasing|reception|team|service|services|claims|billing|sales)\b",
    re.IGNORECASE,
)


_NUMBER = re.compile(r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-")


@dataclass(frozen=True)
class _Word:
    """A word of a text; ``end`` is before a possessive 's."""

    start: int
    end: int
    lower: str
    capital: bool


def english_name_spans(text: str, before: str = "") -> Iterator[Span]:
    """Names in ``text``. ``before`` is the question that it may answer."""
    words = _words(text)
    cased = any(word.capital and word.lower != "i" for word in words)
    surname = _SURNAME_ASKED.search(before) is not None
    start_of_answer = _FILLERS.match(text).end() if ASKED.search(before) else -1  # type: ignore[union-attr]
    index = 0
    while index < len(words):
        length = _name_length(
            text, words, index, cased=cased, answer=words[index].start == start_of_answer, surname=surname
        )
        if length:
            title = _TITLE.search(text[: words[index].start])
            yield Span(
                title.start() if title else words[index].start, words[index + length - 1].end, PiiKind.NAME
            )
        index += max(1, length)


def _words(text: str) -> list[_Word]:
    words = []
    for match in _WORD.finditer(text):
        form = _POSSESSIVE.sub("", match.group())
        written = match.group()
        lower = written.lower().replace("’", "'")
        if lower not in _NOT_NAMES:
            lower = form.lower()
        words.append(_Word(match.start(), match.start() + len(form), lower, form[:1].isupper()))
    return words


def _name_length(
    text: str, words: list[_Word], index: int, *, cased: bool, answer: bool, surname: bool = False
) -> int:
    """Number of words of the name that starts here, 0 if none does."""
    word = words[index]
    if len(word.lower) < 3 and not word.capital:
        stated = _INTRODUCED.search(text[: word.start]) or _AFTER_CLOSE.match(text, word.end)
        return int(bool(stated) and word.lower in _SHORT_NAMES)
    if len(word.lower) < 2 or word.lower in _NOT_NAMES or _NUMBER.match(word.lower) or _is_code(text, word):
        return 0
    length = _run(text, words, index, cased=cased)
    left, right = text[: word.start], text[words[index + length - 1].end :]
    if _TITLE.search(left) and (
        word.capital
        or not is_common(word.lower)
        or (may_be_given_name(word.lower) and re.match(r"\s*(?:[.,?!]|\Z)", right))
    ):
        return length
    if word.lower in _NO_NAME_ALONE:
        return 0
    if word.lower in _DAYS or (
        cased and word.capital and _is_place(_run_of(words, index, length), left, right)
    ):
        return 0
    if cased and not index and length > 1 and _is_opening_of_a_firm(text, words[length - 1].end):
        return 0
    if (_NEVER_BEFORE.search(left) and not (left.endswith(" a ") and length > 1)) or _is_firm(
        text, words, index, length
    ):
        return 0
    run = _run_of(words, index, length)
    if cased and word.capital:
        named = _is_name_in_capitals(run, left, right)
    else:
        named = _is_name_in_lower_case(run, left, right, cased=cased)
    possible = not is_common(word.lower) or (
        word.capital
        and (may_be_given_name(word.lower) or length > 1 or (surname and bool(re.match(r"[.,]|\Z", right))))
    )
    if answer and not word.capital and not possible:
        possible = may_be_given_name(word.lower) and _SHORT_ANSWER.match(text, word.start) is not None
        length = sum(1 for other in words[index : index + 2]) if possible else length
    return length if named or (answer and possible) else 0


def _is_name_in_capitals(run: list[_Word], left: str, right: str) -> bool:
    word = run[0]
    unknown = not is_common(word.lower)
    close = bool(re.match(r"[.,!?;…]|\Z", right))
    if is_given_name(word.lower) or is_name_of_the_world(word.lower):
        return not (_CLAUSE_START.search(left) and _OBJECT_AFTER.match(right))
    if right.startswith(" speaking") and _CLAUSE_START.search(left) and len(run) == 1:
        return word.lower not in FIRM_WORDS
    if not (unknown or may_be_given_name(word.lower) or len(run) > 1):
        return False
    if _BEFORE.search(left):
        return True
    if may_be_given_name(word.lower) and word.lower not in NOT_NAMES and _PERSON_VERB.match(right):
        return True
    dated = word.lower in NOT_NAMES and not _THIS_IS.search(left)
    if len(run) <= 2 and (
        _AFTER_CLOSE.match(right) or (not dated and _WEAK_BEFORE.search(left) and _END.match(right))
    ):
        return unknown or may_be_given_name(word.lower)
    if _IS_BEFORE.search(left) and _ABOUT.match(right):
        return True
    if _ADDRESSED.search(left) and close and len(run) <= 2:
        return unknown or (may_be_given_name(word.lower) and bool(_MEETING.search(left)))
    if not unknown or not close:
        return bool(unknown and _CLAUSE_START.search(left) and _AFTER_ORIGIN.match(right) and len(run) <= 2)
    if len(run) > 1 and not any(is_common(other.lower) for other in run):
        return bool((_CLAUSE_START.search(left) and right[:1] in (".", "")) or not left)
    if left.endswith(", ") and re.match(r"[.!?]\s*\Z", right):
        return bool(_SPEAKS_TO_YOU.search(left) or _DESK.search(left[-40:]))
    return False


def _is_name_in_lower_case(run: list[_Word], left: str, right: str, *, cased: bool) -> bool:
    word = run[0]
    listed = is_given_name(word.lower)
    unknown = not is_common(word.lower)
    if cased:
        return listed and _STATED_BEFORE.search(left) is not None
    if listed and (len(word.lower) >= MIN_LETTERS_ALONE or len(run) > 1):
        return True
    if _STATED_BEFORE.search(left):
        return (unknown or may_be_given_name(word.lower)) and len(word.lower) > 2
    if _WEAK_BEFORE.search(left) and _ORIGIN_IN_LOWER_CASE.match(right):
        return may_be_given_name(word.lower) or (unknown and bool(right.strip() or _THIS_IS.search(left)))
    if listed and _WEAK_BEFORE.search(left):
        return True
    if may_be_given_name(word.lower) and len(run) > 1 and is_given_name(run[1].lower):
        return True
    if unknown and (
        _AFTER_CLOSE.match(right) or (_BEFORE.search(left) and (listed or _END.match(right) is not None))
    ):
        return True
    if may_be_given_name(word.lower) and re.match(r",? speaking\b", right):
        return True
    return unknown and bool(_MEETING.search(left)) and (listed or re.match(r"\s*\Z", right) is not None)


def _run_of(words: list[_Word], index: int, length: int) -> list[_Word]:
    return words[index : index + length]


def _is_place(run: list[_Word], left: str, right: str) -> bool:
    """ "I live in Nelson", "on Ward Seven": one word in capitals after a preposition of place, or before its number."""
    if len(run) > 1:
        return _NUMBERED.fullmatch(run[-1].lower) is not None
    return bool(_PLACE_BEFORE.search(left)) and not re.match(r"['’]s?\b", right)


def _is_opening_of_a_firm(text: str, end: int) -> bool:
    """ "Alto Hire, corporate billing, Ruairi here": the first words of a call that is answered, up to a comma."""
    return text[end : end + 1] in (",", ".") and _ANSWERED.search(text, end) is not None


def _is_code(text: str, word: _Word) -> bool:
    """ "CH-30918": capitals only, which a recogniser writes for codes."""
    return text[word.start : word.end].isupper() and word.end - word.start <= 3


def _run(text: str, words: list[_Word], index: int, *, cased: bool) -> int:
    """Number of words from here that look like parts of one name."""
    length = 1
    while length < MAX_NAME_WORDS and index + length < len(words):
        last, word = words[index + length - 1], words[index + length]
        gap = text[last.end : word.start]
        initial = len(word.lower) == 1 and gap == " " and text[word.end : word.end + 1] == "."
        following = words[index + length + 1] if index + length + 1 < len(words) else None
        particle = cased and word.lower in PARTICLES and following is not None and gap == " "
        if particle and (following.capital or following.lower in PARTICLES):  # type: ignore[union-attr]
            length += 1
            continue
        if gap not in (" ", ". ") or (gap == ". " and len(last.lower) > 1) or word.lower in _NOT_NAMES:
            break
        if not initial and not (
            word.capital and not _stops(word) if cased else _continues(text, last, word, length)
        ):
            break
        length += 1
    return length


def _continues(text: str, last: _Word, word: _Word, length: int) -> bool:
    """Whether ``word``, in lower case, continues a name."""
    if len(word.lower) < 3:
        return False
    return not is_common(word.lower) or (length == 1 and is_given_name(last.lower) and _ends_turn(text, word))


def _stops(word: _Word) -> bool:
    return word.lower in FIRM_WORDS


def _ends_turn(text: str, word: _Word) -> bool:
    """ "oliver hatch": a family name that is a word, at the end or before its spelling."""
    return bool(re.match(r"\s*(?:\Z|(?:\w ){3,}\w\b)", text[word.end :])) and len(word.lower) > 2


def _is_firm(text: str, words: list[_Word], index: int, length: int) -> bool:
    """Whether a word for a firm or a place belongs to the run, before or after it."""
    after = words[index + length] if index + length < len(words) else None
    last = words[index + length - 1]
    if (
        after is not None
        and text[last.end : after.start] in (" ", "'s ", "’s ")
        and after.lower in FIRM_WORDS
    ):
        return after.lower not in _ALSO_VERBS or after.capital or text[last.end : after.start] != " "
    if (
        after is not None
        and text[last.end : after.start] == " "
        and after.lower == "and"
        and words[index].capital
    ):
        following = words[index + length + 1] if index + length + 1 < len(words) else None
        if (
            following is not None
            and following.capital
            and following.lower not in _NOT_NAMES
            and not is_given_name(following.lower)
        ):
            return not is_given_name(words[index].lower) or length > 1
    if any(match.start() <= words[index].start < match.end() for match in _TWO_PARTNERS.finditer(text)):
        return True
    before = words[index - 1] if index else None
    return bool(
        before is not None
        and text[before.end : words[index].start] == " "
        and before.capital
        and before.lower not in _NOT_NAMES
        and not is_common(before.lower)
    )
