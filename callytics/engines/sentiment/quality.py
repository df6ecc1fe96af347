"""Communication quality of the agent: six criteria, each 0..100 with its evidence turns.

Only turns of participants with the role AGENT are judged; without such a participant there is no judgement. The
criteria are those of common call-centre scorecards; each function describes its criterion. They are rules over words
and times, not a trained judge: they see the words, not the tone of voice. A function decides whether a turn shows a
part of a criterion (a salutation, understanding, trouble): by words here, by embeddings in prototype.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from callytics.domain import Conversation, QualityCriterion, Role, Turn
from callytics.engines.sentiment.text import sentences_of

WEIGHTS = {
    "greeting": 1.0,
    "empathy": 2.0,
    "clarity": 1.5,
    "listening": 2.0,
    "closing": 1.0,
    "politeness": 1.5,
}
"""Weights of the overall mean, over the criteria that apply: the main part of a call counts more than its frame."""

EDGE_TURNS = 3
"""Number of the agent's first turns that may contain the greeting, and of the last for the closing."""

LONG_SENTENCE_WORDS = {"ko": 20, "en": 30}
"""A longer spoken sentence is hard to follow; a Korean word carries about a third more."""

BALANCED_TALK = (0.25, 0.65)
"""Usual share of the words for an agent who listens and informs; outside, the score falls linearly."""

Result = tuple[float | None, tuple[str, ...], str]

Shows = Callable[[str, Turn], bool]
"""Whether a turn shows a part: one of GREETING_PARTS or CLOSING_PARTS, "understanding", "trouble", "content"."""

GREETING_PARTS = ("salutation", "name", "offer")
CLOSING_PARTS = ("further_wishes", "thanks", "leave")

_RULES = {
    "ko": {
        "salutation": r"안녕하|반갑습니다|여보세요",
        "name": r"입니다|센터|상담|저는|라고 합니다",
        "offer": r"도와|무엇을|어떻게 오셨|문의",
        "further_wishes": r"다른 (?:문의|궁금)|더 (?:필요|궁금|도와|문의)",
        "thanks": r"감사합니다|고맙습니다",
        "leave": r"좋은 하루|즐거운|행복한|안녕히|편안한",
        "understanding": r"죄송|미안|불편을|불편하셨|속상하|답답하셨|많이 (?:놀라|기다리|힘드)|그러셨|그러시군|걱정"
        r"|이해합니다|이해됩니다|마음|양해",
        "trouble": r"안 ?돼|안 ?되|안 ?왔|고장|불편|화가|짜증|실망|잘못|왜 |답답|어이|황당|속상|끊|느려|깨져|늦|못 ",
    },
    "en": {
        "salutation": r"\bhello\b|\bhi\b|good (?:morning|afternoon|evening)|welcome"
        r"|thank(?:s| you) for (?:calling|contacting)",
        "name": r"my name is|this is|i'm \w+|you're speaking",
        "offer": r"how (?:can|may|could) i|what can i|help you|assist",
        "further_wishes": r"anything else|any other question",
        "thanks": r"thank(?:s| you)|you'?re welcome|you are welcome|appreciate",
        "leave": r"have a (?:\w+ )?(?:day|evening|weekend|one)|good ?bye|bye|take care",
        "understanding": r"sorry|apolog|understand (?:how|your|that|why|the)|frustrat|i can imagine|i appreciate"
        r"|no problem|of course|happy to help|glad to|don't worry|i hear you|must be",
        "trouble": r"not work|(?:is|does|did|has|was|wo|ca)n't|problem|trouble|issue|wrong|upset|angry|broken|late"
        r"|twice|never|frustrat|disappoint|terrible|delay",
    },
}
_CONTENT = r"thank|solve|fixed|great|감사|고맙|다행|해결됐|해결되"
"""Phrases about trouble that is over."""

_POLITE_ENGLISH = (
    r"\bplease\b|thank|could you|would you|may i|could i|sorry|welcome|certainly|of course|\bsir\b|ma'am"
)
_KOREAN_LEVELS = (
    ("formal", re.compile(r"(?:니다|니까|십시오|시다)$"), 100.0),
    ("polite", re.compile(r"(?:요|죠)$"), 85.0),
    ("plain", re.compile(r"(?:다|야|어|아|해|지|니|냐|자|라|네|군|게|래|데)$"), 0.0),
)
"""합쇼체, 해요체, and 반말 with 해라체. A call centre expects the first two; the second is slightly less formal."""


def shows_by_rules(conversation: Conversation) -> Shows | None:
    """Recognition by words and phrases of a turn's language; None for a call without a language that has rules."""
    if not _RULES.keys() & {conversation.language, *map(conversation.language_of, conversation.turns)}:
        return None

    def shows(part: str, turn: Turn) -> bool:
        rules = _RULES.get(conversation.language_of(turn), {}) | {"content": _CONTENT}
        return part in rules and re.search(rules[part], turn.content.lower()) is not None

    return shows


def assess_quality(
    conversation: Conversation, shows: Shows | None = None
) -> tuple[float | None, tuple[QualityCriterion, ...]]:
    """The weighted mean of the criteria that apply (None if none applies), and all six criteria.

    Args:
        shows: recogniser of the parts; default: the rules for the language of each turn.
    """
    shows = shows or shows_by_rules(conversation)
    criteria: dict[str, Callable[[Conversation, Sequence[Turn], Shows | None], Result]] = {
        "greeting": _greeting,
        "empathy": _empathy,
        "clarity": _clarity,
        "listening": _listening,
        "closing": _closing,
        "politeness": _politeness,
    }
    turns = [t for t in conversation.turns if conversation.role_of(t.participant_id) is Role.AGENT]
    results: list[QualityCriterion] = []
    for name, judge in criteria.items():
        score, turn_ids, detail = judge(conversation, turns, shows) if turns else (None, (), "no known agent")
        results.append(QualityCriterion(name, None if score is None else round(score, 1), turn_ids, detail))
    scores = {c.id: c.score for c in results if c.score is not None}
    weight = sum(WEIGHTS[name] for name in scores)
    overall = sum(score * WEIGHTS[name] for name, score in scores.items()) / weight if weight else None
    return None if overall is None else round(overall, 1), tuple(results)


def _parts(parts: Sequence[str], turns: Sequence[Turn], shows: Shows) -> tuple[int, tuple[str, ...]]:
    """The number of parts that occur, and their turns."""
    found = 0
    turn_ids: list[str] = []
    for part in parts:
        hits = [turn.id for turn in turns if shows(part, turn)]
        found += bool(hits)
        turn_ids += hits[:1]
    return found, tuple(dict.fromkeys(turn_ids))


def _greeting(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Salutation, own or company name, and an offer of help: a third of the score each."""
    if shows is None:
        return None, (), "language not covered"
    found, turn_ids = _parts(GREETING_PARTS, turns[:EDGE_TURNS], shows)
    return 100.0 * found / 3, turn_ids, f"{found} of salutation, name, offer of help"


def _closing(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Offer of further help, thanks, farewell: a third of the score each."""
    if shows is None:
        return None, (), "language not covered"
    found, turn_ids = _parts(CLOSING_PARTS, turns[-EDGE_TURNS:], shows)
    return 100.0 * found / 3, turn_ids, f"{found} of further wishes, thanks, leave"


def _empathy(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Share of the customer's turns about trouble for which the agent's next turn shows understanding.

    Half of the score is this share, half is for showing understanding at all.
    """
    if shows is None:
        return None, (), "language not covered"
    shown = [turn for turn in turns if shows("understanding", turn)]
    troubles = answered = 0
    for index, turn in enumerate(conversation.turns):
        if conversation.role_of(turn.participant_id) is Role.AGENT:
            continue
        if not shows("trouble", turn) or shows("content", turn):
            continue
        reply = next((t for t in conversation.turns[index + 1 :] if t in turns), None)
        if reply:
            troubles += 1
            answered += reply in shown
    if not troubles:
        return None, tuple(t.id for t in shown), "the customer tells of no trouble"
    score = 50.0 * answered / troubles + (50.0 if shown else 0.0)
    return score, tuple(t.id for t in shown), f"understanding after {answered} of {troubles} troubles told"


def _clarity(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Share of the agent's sentences that are not too long to follow; evidence: turns with longer ones."""
    limits = {t.id: LONG_SENTENCE_WORDS.get(conversation.language_of(t), 30) for t in turns}
    sentences = [(t.id, text) for t in turns for text in sentences_of(t)]
    long = [turn_id for turn_id, text in sentences if len(text.split()) > limits[turn_id]]
    if not sentences:
        return None, (), "nothing said"
    score = 100.0 * (1 - len(long) / len(sentences))
    limit = " or ".join(map(str, sorted(set(limits.values()))))
    detail = f"{len(long)} of {len(sentences)} sentences longer than {limit} words"
    return score, tuple(dict.fromkeys(long)), detail


def _listening(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """No interruptions, room for the customer: 60 for the share of turns that do not interrupt (three in ten is 0), 40
    for a balanced share of the words."""
    interrupting = [turn.id for turn in turns if turn.interruption]
    words = sum(len(turn.content.split()) for turn in conversation.turns)
    share = sum(len(turn.content.split()) for turn in turns) / words if words else 0.0
    if share in (0.0, 1.0):
        return None, (), "nobody to listen to"
    low, high = BALANCED_TALK
    off = (low - share) / low if share < low else (share - high) / (1 - high) if share > high else 0.0
    patience = max(0.0, 1 - len(interrupting) / len(turns) / 0.3)
    detail = f"{len(interrupting)} interruptions, {share:.0%} of the words"
    return 60.0 * patience + 40.0 * (1 - off), tuple(interrupting), detail


def _politeness(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """In the language of most of the agent's turns. Korean: mean speech level of the sentences; evidence: turns with
    plain sentences, if any. English: polite words in at least a third of the turns give 100."""
    language = Counter(map(conversation.language_of, turns)).most_common(1)[0][0]
    turns = [turn for turn in turns if conversation.language_of(turn) == language]
    if language == "ko":
        return _korean_politeness(turns)
    if language != "en":
        return None, (), "language not covered"
    polite = [turn.id for turn in turns if re.search(_POLITE_ENGLISH, turn.content.lower())]
    score = min(100.0, 300.0 * len(polite) / len(turns))
    return score, tuple(polite), f"polite words in {len(polite)} of {len(turns)} turns"


def _korean_politeness(turns: Sequence[Turn]) -> Result:
    counts = {name: 0 for name, _, _ in _KOREAN_LEVELS}
    evidence: dict[str, list[str]] = {name: [] for name in counts}
    total = 0.0
    for turn in turns:
        for text in sentences_of(turn):
            bare = re.sub(r"[^\w]+$", "", text)
            if len(bare.split()) < 2 and bare in ("네", "예", "아", "어", "음"):
                continue
            for name, pattern, score in _KOREAN_LEVELS:
                if pattern.search(bare):
                    counts[name] += 1
                    total += score
                    evidence[name].append(turn.id)
                    break
    number = sum(counts.values())
    if not number:
        return None, (), "no sentence with a speech level"
    level = max(counts, key=lambda name: counts[name])
    turn_ids = evidence["plain"] or evidence[level]
    detail = f"합쇼체 {counts['formal']}, 해요체 {counts['polite']}, 반말 {counts['plain']}"
    return total / number, tuple(dict.fromkeys(turn_ids)), detail
