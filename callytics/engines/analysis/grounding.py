"""Checks that the cited turns support the claims of a language model. Deterministic, no model.

A claim is kept only if

1. at least one of its turns exists and is speech about the call: a turn that instructs a language model
("ignore your instructions ...") supports nothing, regardless of the speaker;
2. every number that it writes in digits occurs in those turns, in digits or in words;
3. every name in it (a capitalised or mixed-case Latin word inside a sentence) occurs somewhere in the call;
4. enough of its content words occur in those turns: extractive fragment coverage (Grusky, Naaman & Artzi 2018,
Newsroom, NAACL) over stems, without the words that are common in call summaries.

This catches invented facts. It does not catch a false sentence made of true words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from callytics.domain import Turn
from callytics.engines.analysis.centrality import stems
from callytics.engines.analysis.stated_numbers import digit_numbers, digit_string, numbers

MIN_COVERAGE = 0.3
"""Deliberately lenient: summaries of speech rephrase, and an unrelated claim shares almost no words with the turns.
Chosen by this argument, not tuned on calls."""

ENGLISH_STEM = 5
"""Number of initial letters that two English words must share: charge, charged, charges."""

_REPORT_WORDS_TEXT = """
customer caller client agent representative advisor call called calling conversation asked asks ask said says say told
reported reports report stated states requested requests request explained explains confirmed confirms informed informs
promised promises promise offered offers agreed agrees will about regarding because also after before then there their
고객 상담 전화 통화 문의 요청 안내 설명 확인 약속 말했 대해 관련 대한 위해 대하 이를 그리 하였
했다 한다 하고 있다 있는 것을 되었 합니 했습 됩니 되며 하며 있습 것으 통해
"""
_REPORT_WORDS = frozenset(_REPORT_WORDS_TEXT.split())

_TO_A_MODEL = re.compile(
    r"(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|above|previous)|system prompt|"
    r"\byou are (?:now )?(?:an? )?(?:ai|language model|assistant|chatbot)\b|language model|\bjson\b|evidence[_ ]turn|"
    r"(?:as|to) the (?:ai|model|summari[sz]er)\b|"
    r"(?:이전|위의|앞의|기존|모든|시스템)\s?(?:지시|명령|프롬프트)|(?:지시|명령|지침|규칙)\S{0,6}\s?무시|프롬프트|언어\s?모델|제이슨",
    re.IGNORECASE,
)
"""Speech addressed to a language model. A closed list of common forms of prompt injection, not a detector."""

_NAME = re.compile(r"(?<=[a-z0-9가-힣,;:] )[A-Z][A-Za-z0-9'&-]+|\b[A-Za-z]*[a-z][A-Z]\w*|\b[A-Z]{2,}\d*\b")
_NOT_NAMES = frozenset(["agent", "customer", "caller", "client", "ceo", "id"])


def addresses_a_model(text: str) -> bool:
    return bool(_TO_A_MODEL.search(text))


def existing_evidence(turn_ids: Sequence[str], turns: Mapping[str, Turn]) -> tuple[str, ...]:
    """The ids that exist and may support a claim, without duplicates, in the given order."""
    known = [i for i in dict.fromkeys(turn_ids) if i in turns]
    return tuple(i for i in known if not addresses_a_model(turns[i].content))


def unsupported(text: str, evidence_turn_ids: Sequence[str], turns: Mapping[str, Turn]) -> str | None:
    """The reason why the turns do not support the claim; None if they do.

    Args:
        text: the claim.
        evidence_turn_ids: the ids from :func:`existing_evidence`.
        turns: every turn that the model was shown, by id.

    Returns:
        "evidence_unknown", "number_not_said", "name_not_said", "wording_not_said" or None.
    """
    evidence = " ".join(_said(turns[turn_id]) for turn_id in evidence_turn_ids)
    if not evidence:
        return "evidence_unknown"
    if not _numbers_said(text, evidence):
        return "number_not_said"
    said = " ".join(_said(turn) for turn in turns.values() if not addresses_a_model(turn.content)).lower()
    if any(name.lower() not in said for name in _names(text)):
        return "name_not_said"
    return None if coverage(text, evidence) >= MIN_COVERAGE else "wording_not_said"


def coverage(text: str, evidence: str) -> float:
    """Share of the content stems of ``text`` that ``evidence`` contains; 1 if ``text`` has no content stems."""
    own = _content_stems(text)
    return len(own & _content_stems(evidence)) / len(own) if own else 1.0


def _said(turn: Turn) -> str:
    return turn.content if turn.content == turn.content_raw else f"{turn.content} {turn.content_raw}"


def _content_stems(text: str) -> set[str]:
    return {stem[:ENGLISH_STEM] for stem in stems(text) if stem not in _REPORT_WORDS and not stem.isdigit()}


def _names(text: str) -> set[str]:
    return {name for name in _NAME.findall(text) if name.lower() not in _NOT_NAMES}


def _numbers_said(text: str, evidence: str) -> bool:
    stated = digit_numbers(text)
    missing = stated - numbers(evidence)
    if not missing:
        return True
    # Identifiers are often spoken in pieces: "four one, one one". Short numbers would match any row of digits.
    in_a_row = digit_string(evidence)
    return all(number >= 1000 and f"{number:.0f}" in in_a_row for number in missing)
