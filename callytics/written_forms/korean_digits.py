"""Rows of spoken Korean digits: telephone numbers, order numbers, codes."""

from __future__ import annotations

import re

from callytics.written_forms.korean_numbers import digit_row
from callytics.written_forms.korean_vocabulary import DIGIT_SYLLABLES, WORD_END, WORD_START, replaced

_PHONE = re.compile(r"(0(?:2|\d{2}))(\d{3,4})(\d{4})")
_GROUP = rf"[{DIGIT_SYLLABLES}](?:\s?[{DIGIT_SYLLABLES}])*"
_PHONE_ROW = re.compile(
    rf"{WORD_START}(?:공일공|공이|공일일|공삼일|공[이-칠]\s?[{DIGIT_SYLLABLES}]|영일영)(?:\s?(?:에|다시|의|국에)?,?\s?{_GROUP})+"
)
_ROW = re.compile(
    rf"{WORD_START}[{DIGIT_SYLLABLES}]{{4,}}(?:\s?(?:에|다시)\s?[{DIGIT_SYLLABLES}]{{3,}})*|{WORD_START}(?=[일이삼사오육륙칠팔구]*[공영])[{DIGIT_SYLLABLES}]{{3,}}"
)


def phones(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        row = match.group()
        tail = ""
        digits = digit_row(re.sub(r"국에|다시|에|의|,", "", row))
        if digits is None:
            return None
        if len(digits) > 11 and row.endswith("이"):  # 이요, 이에요: the ending, not the digit 2
            digits, tail = digits[:-1], "이"
        phone = _PHONE.fullmatch(digits)
        return "-".join(phone.groups()) + tail if phone and len(digits) >= 9 else None

    return replaced(_PHONE_ROW, text, made)


def rows(text: str) -> str:
    def made(match: re.Match[str]) -> str | None:
        row, tail = match.group(), ""
        after = text[match.end() :]
        if row.endswith("일") and re.match(r"\s?(?:거|것|겁|걸|텐)", after):
            row, tail = row[:-1], "일"
        if row.endswith("이") and re.match(
            r"(?:에요|예요|요|고요|고|네요|네|랑|라고|라서|라|니까|죠|지요|거든|면)", after
        ):
            row, tail = row[:-1], "이"
        pieces = [digit_row(piece) for piece in re.split(r"\s?(?:에|다시)\s?", row)]
        if any(piece is None for piece in pieces) or len(row) < 3:
            return None
        if not tail and not re.match(WORD_END, after):
            return None
        return "-".join(str(piece) for piece in pieces) + tail

    return replaced(_ROW, text, made)
