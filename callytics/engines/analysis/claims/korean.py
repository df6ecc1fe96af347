# ruff: noqa: E501  (one word list or pattern per line reads better)
"""Korean clauses by Kiwi's morphemes: -지 않/못/안/없/모르/거절, -았/었, -겠/-ㄹ게/-세요, and who acts.

Kiwi: https://github.com/bab2min/Kiwi, LGPL-3.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from callytics.engines.analysis.claims.clauses import Actor, Clause, Word, concepts

_CONTENT = ("NNG", "NNP", "NR", "VV", "VA", "XR", "SL", "MAG", "SN")
_EMPTY_TEXT = """
고객 고객님 상담원 상담사 상담 것 수 때 등 하 되 있 없 같 이렇 그렇 어떻 않 말 못 안 모르 아니 지금 이제 그럼 그냥 좀 다 또 더 잘 너무
정말 진짜 아주 이미 벌써 아직 바로 먼저 하나 번 일 분 거 경우 때문 위하 대하 통하 따르 어쨌든 보 주 드리 놓 두 그리고 그런데 근데
직접 직후 이후 이전 전 후 뒤 중 네 예 응
"""
_EMPTY = frozenset(_EMPTY_TEXT.split())

_DENIAL = {
    "VX": frozenset({"않", "못하", "말"}),
    "VV": frozenset({"모르", "못하", "않"}),
    "VA": frozenset({"없", "싫", "어렵"}),
    "XR": frozenset({"불가능", "무관심"}),
    "VCN": frozenset({"아니"}),
    "MAG": frozenset({"안", "못"}),
    "IC": frozenset({"아뇨", "아니요", "아니오"}),
    "NNG": frozenset(
        {"거절", "거부", "불가", "불가능", "제외", "무시", "부인", "부결", "반려", "기각", "탈락"}
    ),
}
"""By tag: "안에" is no "안", and the "아니" that begins a protest denies nothing."""
_UNDONE = re.compile(r"(?:미|불)(?:수료|납|처리|완료|설치|확인|도착|발송|지급|통과|합격)")
_LACKING = frozenset({"어렵", "힘들", "공짜", "무료", "고장", "분실", "실패", "끊", "늦", "잃어버리", "틀리", "부족", "모자라", "빠지", "잘못", "그만", "새", "정전", "깜깜", "걸리", "상하", "멈추", "다르", "잠기", "썩", "누락", "아직", "아직도", "또", "왜", "밖"})  # fmt: skip
_INTENT = ("ᆯ게", "ᆯ게요", "을게", "을게요", "ᆯ께", "ᆯ께요", "ᆯ래", "ᆯ래요", "려고", "으려고", "려", "으려", "러", "으러", "도록", "ᆯ까", "ᆯ까요", "을까요", "자", "겠")  # fmt: skip
_ASKED = ("세요", "으세요", "십시오", "시오", "어라", "아라", "으십시오", "셔요", "ᆸ시다")
_SPEAKER = frozenset({"저", "제", "나", "내", "저희", "우리", "저희들"})
_SELF = re.compile(r"(?:아니 |네 |예 |어 |그 )?저 (?!기|쪽|분|사람)")
_HEARER = frozenset({"너", "네", "당신", "그쪽", "니"})
_POSSIBLE = ("ᆯ", "을")
_PERSONS_TEXT = """
아버지 어머니 아빠 엄마 부모 남편 아내 와이프 집사람 아들 딸 동생 여동생 남동생 형 누나 언니 오빠 할머니 할아버지 손자 손녀 이모 고모 삼촌
사위 며느리 친구 동료 이웃 옆집 아저씨 아주머니 기사 사장 매니저 팀장 지점장 의사 간호사 원장 교수 직원 경비 배달원 배송원 집주인 세입자
"""
_PERSONS = frozenset(_PERSONS_TEXT.split())
"""Who is spoken of on the telephone, and is neither of its parties."""
_ADDRESSED = frozenset({"고객", "회원", "어르신", "자녀", "본인"})


def read_korean(text: str) -> tuple[Clause, ...]:
    tokens = list(_kiwi().tokenize(text))
    return tuple(clause for part in _parts(tokens) if (clause := _clause(part, text)))


def _parts(tokens: Sequence[Any]) -> list[list[Any]]:
    """Cut after connective and final endings, but not inside "-지 않", "-어 주", "-고 있"."""
    parts: list[list[Any]] = [[]]
    for index, token in enumerate(tokens):
        parts[-1].append(token)
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following is None:
            break
        if token.tag in ("SF", "SP") or _is_but(tokens[max(0, index - 1) : index + 1]):
            parts.append([])
        elif token.tag in ("EF", "EC") and following.tag not in ("SF", "JX", "VX", "SP"):
            if (token.tag == "EC" and token.form in ("지", "어", "아")) or following.form in ("못하", "않"):
                continue
            parts.append([])
        elif token.tag == "JX" and token.form == "요" and following.tag not in ("SF", "SP"):
            parts.append([])
    return [part for part in parts if part]


def _is_but(pair: Sequence[Any]) -> bool:
    """ "-는데", read as "-는 데"."""
    return len(pair) == 2 and pair[0].tag == "ETM" and (pair[1].form, pair[1].tag) == ("데", "NNB")


def _clause(tokens: Sequence[Any], text: str) -> Clause | None:
    forms = [(token.form, token.tag.partition("-")[0]) for token in tokens]
    negative = any(form in _DENIAL.get(tag, ()) for form, tag in forms) or _is_enough(forms)
    words = tuple(_words(tokens, negative))
    if not words and not negative:
        return None
    end = tokens[-1]
    said = text[tokens[0].start : end.start + end.len]
    following = text[end.start + end.len :].lstrip()[:1]
    question = (
        "?" in said
        or following == "?"
        or any(f in ("까요", "ᆯ까요", "나요", "습니까", "ᆸ니까") for f, _ in forms)
    )
    lacking = any(form in _LACKING for form, _ in forms) or bool(_UNDONE.search(said))
    return Clause(said, words, negative, lacking, question, _actor(forms, said))


def _is_enough(forms: Sequence[tuple[str, str]]) -> bool:
    """ "됐어요", "됐다니까요" alone: a refusal."""
    return [form for form, tag in forms if tag[0] in "VN"] == ["되"] and any(f == "었" for f, _ in forms)


def _words(tokens: Sequence[Any], denied: bool) -> list[Word]:
    table = concepts("ko")
    words: list[Word] = []
    for index, token in enumerate(tokens):
        tag = token.tag.partition("-")[0]
        if token.form == "있" and tag in ("VA", "VV"):
            words.append(Word("", True, None, False, denied))
        if tag not in _CONTENT or token.form in _EMPTY:
            continue
        rest = tokens[index + 1 :]
        suffix = rest[0].tag.partition("-")[0] if rest else ""
        light = suffix in ("XSV", "XSA") or (
            bool(rest) and tag in ("NNG", "XR") and _next_verb(rest) in ("하", "되", "받", "시키", "드리")
        )
        last = tag == "NNG" and not any(t.tag[0] in "NVJE" for t in rest)  # "카톡으로 전송" names a task
        predicate = tag in ("VV", "VA") or light or last
        passive = predicate and bool(rest) and _next_verb(rest, tag) in ("되", "받", "당하")
        deed = predicate and tag != "VA" and suffix != "XSA"  # "비쌌다" is no deed
        done = _is_done(rest) if deed else None
        adnominal = predicate and _is_adnominal(rest)
        words.append(Word(table.get(token.form, token.form), predicate, done, passive, denied, adnominal))
    return words


def _is_adnominal(rest: Sequence[Any]) -> bool:
    """ "쏟아진 음식", but not "보낼 수", "보낸 것"."""
    for number, token in enumerate(rest):
        tag = token.tag.partition("-")[0]
        if tag == "ETM":
            return number + 1 < len(rest) and rest[number + 1].tag in ("NNG", "NNP")
        if tag not in ("XSV", "XSA", "EP", "VX", "EC"):
            return False
    return False


def _next_verb(rest: Sequence[Any], own: str = "NNG") -> str:
    """The light verb of a verbal noun, past a particle or "안": "환불을 안 해요"."""
    if own in ("VV", "VA"):
        return ""
    for token in rest[:3]:
        tag = token.tag.partition("-")[0]
        if tag in ("VV", "XSV", "XSA", "VX"):
            return str(token.form)
        if tag not in ("JKO", "JKS", "JX", "MAG"):
            return ""
    return ""


def _is_done(rest: Sequence[Any]) -> bool | None:
    """From the endings that follow a verb, up to the next verb that is not its auxiliary."""
    past = intended = asked = False
    for number, token in enumerate(rest):
        tag = token.tag.partition("-")[0]
        serial = tag == "VV" and number and rest[number - 1].form in ("어", "아")  # "올려 놓을게요"
        if (
            tag in ("VV", "VA", "NNG", "NNP", "SF")
            and not serial
            and token.form
            not in (
                "하",
                "되",
                "주",
                "드리",
                "놓",
                "두",
            )
        ):
            break
        if tag == "EP" and token.form in ("었", "았", "였"):
            past = True
        if tag == "NNB" and token.form == "줄":
            intended = True  # "샌 줄 알고": it was not so
        if token.form in _INTENT or token.form.startswith(_INTENT[:2]):
            intended = True
        if tag in ("EF", "EC") and token.form.startswith(_ASKED):
            asked = True
        if tag == "EC" and token.form in ("면", "으면", "려면", "으려면"):
            asked = True
        if tag == "ETM" and token.form in _POSSIBLE:
            intended = True
        if tag == "ETM" and token.form == "는" and number and not _is_but(rest[number : number + 2]):
            intended = True
        if tag == "ETN" and token.form == "기":
            intended = True
        if tag == "ETM" and token.form in ("ᆫ", "은") and number:
            past = True
        if tag == "ETN" and token.form in ("음", "ᆷ"):
            past = True
        if tag in ("EF",):
            break
    if intended or asked:
        return False
    return True if past else None


def _actor(forms: Sequence[tuple[str, str]], said: str) -> Actor:
    tags = [tag for _, tag in forms]
    speaker = any(f in _SPEAKER and tag in ("NP", "MM") for f, tag in forms) or bool(_SELF.match(said))
    hearer = any(f in _HEARER and tag == "NP" for f, tag in forms)
    honoured = any(f in ("시", "으시") and tag == "EP" for f, tag in forms)
    speaker = speaker or any(
        (f == "겠" and not honoured) or f.startswith(("ᆯ게", "을게", "ᆯ께")) for f, _ in forms
    )
    speaker = speaker or any(f == "드리" and tag in ("VX", "VV", "XSV") for f, tag in forms)
    asked = any((f.startswith(_ASKED) or "시오" in f) and tag in ("EF", "EC") for f, tag in forms)
    if not speaker and not asked and not hearer and _third_person(forms):
        return Actor.OTHER
    if (honoured or asked or hearer) and not speaker:
        return Actor.HEARER
    if speaker and not (honoured or asked):
        return Actor.SPEAKER
    if asked:
        return Actor.HEARER
    if speaker:
        return Actor.SPEAKER
    subject = [
        f for (f, tag), following in zip(forms, tags[1:], strict=False) if following == "JKS" and tag == "NNG"
    ]
    return Actor.OTHER if subject else Actor.UNSAID


def _third_person(forms: Sequence[tuple[str, str]]) -> bool:
    """ "프런트 분이", "동생은": a person who neither speaks nor is addressed is the subject."""
    for place, (form, tag) in enumerate(forms):
        if place and (tag == "JKS" or (tag == "JX" and form in ("은", "는"))):
            before, before_tag = forms[place - 1]
            named = forms[place - 2][0] if place > 1 else ""
            if before_tag == "XSN" and before == "님":
                return named in _PERSONS
            if (before, before_tag) == ("분", "NNB") and named and forms[place - 2][1] == "NNG":
                return named not in _ADDRESSED
            if before_tag == "NNG" and before in _PERSONS:
                return True
    return False


@cache
def _kiwi() -> Any:
    """Needs half a second and 300 MB, once per process that judges Korean."""
    import kiwipiepy

    return kiwipiepy.Kiwi(num_workers=1, load_multi_dict=False, load_typo_dict=False)
