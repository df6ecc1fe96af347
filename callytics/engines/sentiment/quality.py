"""Communication quality of the agent: six criteria, each 0..100 with its evidence turns.

Only turns of participants with the role AGENT are judged; without such a participant there is no judgement. The
criteria are those of common call-centre scorecards; each function describes its criterion. They are rules over words
and times, not a trained judge: they see the words, not the tone of voice. A function decides whether a turn shows a
part of a criterion (a salutation, understanding, trouble): by words here, by embeddings in prototype.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib import resources

from callytics.domain import ConductLapse, Conversation, CriterionState, QualityCriterion, Role, Turn
from callytics.engines.sentiment.conduct import find_lapses, highest_score
from callytics.engines.sentiment.conduct_model import Vector
from callytics.engines.sentiment.quality_model import state_of
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

OPENING_WORDS = {"ko": 4, "en": 7}
"""A customer who says this much before the agent's first turn has begun with the matter."""

FIRM_WORDS = 14
"""A longer first turn names a firm by the way."""

LONG_SENTENCE_WORDS = {"ko": 20, "en": 30}
"""A longer spoken sentence is hard to follow; a Korean word carries about a third more."""

BALANCED_TALK = (0.25, 0.65)
"""Usual share of the words for an agent who listens and informs; outside, the score falls linearly."""

Result = tuple[float | None, tuple[str, ...], str, CriterionState]
"""Score, evidence turns, detail, and what was seen."""

_NO_RULES: Result = (None, (), "language not covered", CriterionState.NOT_JUDGED)

Shows = Callable[[str, Turn], bool]
"""Whether a turn shows a part: one of GREETING_PARTS or CLOSING_PARTS, "understanding", "trouble", "content"."""

Decide = Callable[[str, CriterionState], CriterionState]
"""The state of a criterion, from its name and what the rules say."""

GREETING_PARTS = ("salutation", "name", "offer")
CLOSING_PARTS = ("further_wishes", "thanks", "leave")

_POLITE_ENGLISH = (
    r"\bplease\b|thank|could you|would you|may i|could i|sorry|welcome|certainly|of course|\bsir\b|ma'am"
)
_KOREAN_LEVELS = (
    ("formal", re.compile(r"(?:니다|니까|십시오|시다)$"), 100.0),
    ("polite", re.compile(r"(?:요|죠)$"), 85.0),
    ("plain", re.compile(r"(?:다|야|어|아|해|지|니|냐|자|라|네|군|게|래|데)$"), 0.0),
)
"""합쇼체, 해요체, and 반말 with 해라체. A call centre expects the first two; the second is slightly less formal."""


@cache
def _rules(language: str) -> dict[str, re.Pattern[str]]:
    """Patterns of quality_cues.tsv by part; "content" is trouble that is over."""
    table = resources.files("callytics.engines.sentiment").joinpath("quality_cues.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and line[0] != "#"]
    return {part: re.compile(pattern) for code, part, pattern in rows if code == language}


def shows_by_rules(conversation: Conversation) -> Shows | None:
    """Recognition by words and phrases of a turn's language; None for a call without a language that has rules."""
    if not any(map(_rules, {conversation.language, *map(conversation.language_of, conversation.turns)})):
        return None

    def shows(part: str, turn: Turn) -> bool:
        rule = _rules(conversation.language_of(turn)).get(part)
        return rule is not None and rule.search(turn.content.lower()) is not None

    return shows


def assess_quality(
    conversation: Conversation,
    shows: Shows | None = None,
    negative: Mapping[str, float] | None = None,
    embeddings: Mapping[str, Vector] | None = None,
) -> tuple[float | None, tuple[QualityCriterion, ...], tuple[ConductLapse, ...]]:
    """The weighted mean of the criteria that apply (None if none applies), at most what the lapses leave; all six
    criteria; the lapses, the gravest first.

    Args:
        shows: recogniser of the parts; default: the rules for the language of each turn.
        negative: probability that a turn is negative, by id; without it trouble and lapses are found by rules alone.
        embeddings: of every turn by id, of the encoder of the default engine, for the model of conduct.
    """
    shows = shows or shows_by_rules(conversation)
    turns = [t for t in conversation.turns if conversation.role_of(t.participant_id) is Role.AGENT]

    def decide(name: str, by_rules: CriterionState) -> CriterionState:
        if embeddings is None or negative is None or shows is None:
            return by_rules
        return state_of(name, conversation, turns, by_rules, negative, embeddings, shows)

    criteria: dict[str, Callable[[Conversation, Sequence[Turn], Shows | None], Result]] = {
        "greeting": partial(_greeting, decide=decide),
        "empathy": partial(_empathy, negative=negative, decide=decide),
        "clarity": _clarity,
        "listening": _listening,
        "closing": partial(_closing, decide=decide),
        "politeness": _politeness,
    }
    results: list[QualityCriterion] = []
    for name, judge in criteria.items():
        score, turn_ids, detail, state = (
            judge(conversation, turns, shows)
            if turns
            else (None, (), "no known agent", CriterionState.NOT_JUDGED)
        )
        results.append(
            QualityCriterion(name, None if score is None else round(score, 1), turn_ids, detail, state)
        )
    scores = {c.id: c.score for c in results if c.score is not None}
    weight = sum(WEIGHTS[name] for name in scores)
    overall = sum(score * WEIGHTS[name] for name, score in scores.items()) / weight if weight else None
    lapses = find_lapses(conversation, negative, embeddings)
    if overall is not None:
        overall = round(min(overall, highest_score(lapses)), 1)
    return overall, tuple(results), lapses


def _parts(parts: Sequence[str], turns: Sequence[Turn], shows: Shows) -> tuple[int, tuple[str, ...]]:
    """The number of parts that occur, and their turns."""
    found = 0
    turn_ids: list[str] = []
    for part in parts:
        hits = [turn.id for turn in turns if shows(part, turn)]
        found += bool(hits)
        turn_ids += hits[:1]
    return found, tuple(dict.fromkeys(turn_ids))


def _as_the_rules(name: str, by_rules: CriterionState) -> CriterionState:
    del name
    return by_rules


def _greeting(
    conversation: Conversation,
    turns: Sequence[Turn],
    shows: Shows | None,
    decide: Decide = _as_the_rules,
) -> Result:
    """Salutation, own or company name, and an offer of help: a third of the score each."""
    if shows is None:
        return _NO_RULES
    found, turn_ids = _parts(GREETING_PARTS, turns[:EDGE_TURNS], shows)
    state = decide("greeting", greeting_by_rules(conversation, turns, shows))
    if state is CriterionState.NOT_RECORDED:
        return None, (), "the call is cut at the start", state
    if state is CriterionState.SHOWN and not found:
        found, turn_ids = 1, (turns[0].id,)
    return 100.0 * found / 3, turn_ids, f"{found} of salutation, name, offer of help", state


def greeting_by_rules(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> CriterionState:
    """Args: turns: of agents, at least one."""
    within = _BEGINS_WITHIN.search(conversation.turns[0].content.lower()) is not None
    if within and conversation.turns[0] in turns and not shows("salutation", turns[0]):
        return CriterionState.NOT_RECORDED
    if _is_greeting(conversation, turns, shows):
        return CriterionState.SHOWN
    return CriterionState.NOT_RECORDED if within else CriterionState.NOT_SHOWN


def _is_greeting(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> bool:
    """Who is called first has to greet, to name the firm or to offer help; after a customer who has begun with the
    matter, a bare "hello" only returns the customer's: the agent has to say who speaks."""
    before = conversation.turns[: conversation.turns.index(turns[0])]
    enough = OPENING_WORDS.get(conversation.language, max(OPENING_WORDS.values()))
    if sum(len(turn.content.split()) for turn in before) >= enough:
        return any(shows("self", turn) for turn in turns[:2])
    named = any(shows(part, turns[0]) for part in ("name", "self"))
    firm = len(turns[0].content.split()) <= FIRM_WORDS and shows("firm", turns[0])
    return named or firm or any(shows("salutation", turn) for turn in turns[:2])


def _impolite(conversation: Conversation) -> frozenset[str]:
    return frozenset(lapse.turn_id for lapse in find_lapses(conversation) if lapse.severity > 1)


def _closing(
    conversation: Conversation,
    turns: Sequence[Turn],
    shows: Shows | None,
    decide: Decide = _as_the_rules,
) -> Result:
    """Offer of further help, thanks, farewell: a third of the score each."""
    if shows is None:
        return _NO_RULES
    found, turn_ids = _parts(CLOSING_PARTS, turns[-EDGE_TURNS:], shows)
    state = decide("closing", closing_by_rules(conversation, turns, shows))
    if state is CriterionState.NOT_RECORDED:
        return None, (), "the call is cut at the end", state
    if state is CriterionState.SHOWN and not found:
        found, turn_ids = 1, (turns[-1].id,)
    return 100.0 * found / 3, turn_ids, f"{found} of further wishes, thanks, leave", state


def closing_by_rules(conversation: Conversation, turns: Sequence[Turn], shows: Shows) -> CriterionState:
    """Args: turns: of agents, at least one."""
    closing = [turn for turn in turns if turn in conversation.turns[-4:]][-2:]
    if closing and closing[-1].id in _impolite(conversation):
        closing = []  # an impolite last word closes nothing
    if _is_cut(conversation):
        return CriterionState.NOT_RECORDED
    if any(shows(part, turn) for part in CLOSING_PARTS for turn in closing):
        return CriterionState.SHOWN
    return CriterionState.NOT_SHOWN


_BEGINS_WITHIN = re.compile(
    r"^(?:and|so|but|because|or|then|yeah no)\b|^(?:네,? ?)?(?:그래서|그러니까|그런데|근데|그리고|그럼|그러면)"
    r"|^[^.?!]*(?:다니까요|라니까요)"
    r"|^[…]|^\.\."
)
"""A first turn that goes on with something."""

MARKED_SHARE = 0.8
"""Share of the turns that end with a mark from which a turn without one is broken off."""

_KOREAN_ENDS = "요다죠까네라자지어아야유쥬게쇼잉걸군나와해예응음줘봐래돼오소"
"""Last syllables of whole sentences, for texts without marks."""

_DANGLING = re.compile(
    r"(?:\b(?:the|a|an|to|my|your|his|and|of|from|is|about|for|with|in|at|or|but|will|can|quarter|by|gotta|gonna|just|i|so|because|if|when|until|than)|[은는을를의]|까지|에서|여보세)$"
)
"""A last word after which something must follow."""


def _is_cut(conversation: Conversation) -> bool:
    """Whether the last turn is unfinished: no mark where nearly every turn has one, or a word that asks for more."""
    texts = [(turn.content_raw or turn.content).strip() for turn in conversation.turns]
    last = texts[-1]
    marked = [text[-1:] in ".?!…~" for text in texts]
    before = marked[:-2] or marked[:-1]  # the other party may break off as well
    if before and sum(before) >= MARKED_SHARE * len(before):
        return not marked[-1] or (last.endswith(("...", "…")) and "여보세요" not in last)
    if conversation.language_of(conversation.turns[-1]) == "ko" and not marked[-1]:
        return len(last.split()) > 1 and last[-1] not in _KOREAN_ENDS
    return _DANGLING.search(last.lower()) is not None


_CALLED_FOR = (-4.06, 1.99, 2.98, 1.07, 2.35, 1.71)
"""Log-odds that empathy is called for: bias, the customer's two most negative turns, turns about hardship (4 at most),
turns of understanding (2 at most: an apology has a reason), turns of the customer (12 at most). Logistic
regression on the calls of fit and choose; cross-validated it is right in 87 % of the Korean and 84 % of the English."""


def _is_called_for(
    conversation: Conversation, shows: Shows, shown: int, negative: Mapping[str, float]
) -> bool:
    if _impolite(conversation):
        return True  # a customer who is treated so has a reason to expect more
    turns = [t for t in conversation.turns if conversation.role_of(t.participant_id) is not Role.AGENT]
    worst = sorted((negative.get(turn.id, 0.0) for turn in turns), reverse=True)
    hardship = sum(shows("hardship", turn) for turn in turns)
    values = (
        1.0,
        *[*worst, 0.0, 0.0][:2],
        min(hardship, 4) / 4,
        min(shown, 2) / 2,
        min(len(turns), 12) / 12,
    )
    return sum(weight * value for weight, value in zip(_CALLED_FOR, values, strict=True)) > 0


def _empathy(
    conversation: Conversation,
    turns: Sequence[Turn],
    shows: Shows | None,
    negative: Mapping[str, float] | None = None,
    decide: Decide = _as_the_rules,
) -> Result:
    """Share of the customer's turns about trouble for which the agent's next turn shows understanding.

    Half of the score is this share, half is for showing understanding at all.
    """
    if shows is None:
        return _NO_RULES
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
    shown_ids = tuple(t.id for t in shown)
    called_for = (
        troubles > 0 if negative is None else _is_called_for(conversation, shows, len(shown), negative)
    )
    state = decide("empathy", _empathy_by_rules(called_for=called_for, shown=bool(shown)))
    if state is CriterionState.NOT_CALLED_FOR:
        return None, shown_ids, "the customer tells of no trouble", state
    score = 50.0 * answered / max(1, troubles) + (50.0 if state is CriterionState.SHOWN else 0.0)
    return score, shown_ids, f"understanding after {answered} of {troubles} troubles told", state


def _empathy_by_rules(*, called_for: bool, shown: bool) -> CriterionState:
    if not called_for:
        return CriterionState.NOT_CALLED_FOR
    return CriterionState.SHOWN if shown else CriterionState.NOT_SHOWN


def empathy_by_rules(
    conversation: Conversation, turns: Sequence[Turn], shows: Shows, negative: Mapping[str, float]
) -> CriterionState:
    """Args:
    turns: of agents.
    negative: probability that a turn is negative, by id.
    """
    shown = sum(shows("understanding", turn) for turn in turns)
    called_for = _is_called_for(conversation, shows, shown, negative)
    return _empathy_by_rules(called_for=called_for, shown=bool(shown))


def _clarity(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """Share of the agent's sentences that are not too long to follow; evidence: turns with longer ones."""
    limits = {t.id: LONG_SENTENCE_WORDS.get(conversation.language_of(t), 30) for t in turns}
    sentences = [(t.id, text) for t in turns for text in sentences_of(t)]
    long = [turn_id for turn_id, text in sentences if len(text.split()) > limits[turn_id]]
    if not sentences:
        return None, (), "nothing said", CriterionState.NOT_JUDGED
    score = 100.0 * (1 - len(long) / len(sentences))
    limit = " or ".join(map(str, sorted(set(limits.values()))))
    detail = f"{len(long)} of {len(sentences)} sentences longer than {limit} words"
    return score, tuple(dict.fromkeys(long)), detail, CriterionState.MEASURED


def _listening(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """No interruptions, room for the customer: 60 for the share of turns that do not interrupt (three in ten is 0), 40
    for a balanced share of the words."""
    interrupting = [turn.id for turn in turns if turn.interruption]
    words = sum(len(turn.content.split()) for turn in conversation.turns)
    share = sum(len(turn.content.split()) for turn in turns) / words if words else 0.0
    if share in (0.0, 1.0):
        return None, (), "nobody to listen to", CriterionState.NOT_CALLED_FOR
    low, high = BALANCED_TALK
    off = (low - share) / low if share < low else (share - high) / (1 - high) if share > high else 0.0
    patience = max(0.0, 1 - len(interrupting) / len(turns) / 0.3)
    detail = f"{len(interrupting)} interruptions, {share:.0%} of the words"
    return 60.0 * patience + 40.0 * (1 - off), tuple(interrupting), detail, CriterionState.MEASURED


def _politeness(conversation: Conversation, turns: Sequence[Turn], shows: Shows | None) -> Result:
    """In the language of most of the agent's turns. Korean: mean speech level of the sentences; evidence: turns with
    plain sentences, if any. English: polite words in at least a third of the turns give 100."""
    language = Counter(map(conversation.language_of, turns)).most_common(1)[0][0]
    turns = [turn for turn in turns if conversation.language_of(turn) == language]
    if language == "ko":
        return _korean_politeness(turns)
    if language != "en":
        return _NO_RULES
    polite = [turn.id for turn in turns if re.search(_POLITE_ENGLISH, turn.content.lower())]
    score = min(100.0, 300.0 * len(polite) / len(turns))
    return (
        score,
        tuple(polite),
        f"polite words in {len(polite)} of {len(turns)} turns",
        CriterionState.MEASURED,
    )


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
        return None, (), "no sentence with a speech level", CriterionState.NOT_JUDGED
    level = max(counts, key=lambda name: counts[name])
    turn_ids = evidence["plain"] or evidence[level]
    detail = f"합쇼체 {counts['formal']}, 해요체 {counts['polite']}, 반말 {counts['plain']}"
    return total / number, tuple(dict.fromkeys(turn_ids)), detail, CriterionState.MEASURED
