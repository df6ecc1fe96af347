"""Languages as they are written, and the code that the recogniser takes."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from callytics.errors import InvalidRequestError
from callytics.options.languages import LANGUAGES, language_code


def test_the_languages_are_those_of_whispers_tokenizer() -> None:
    package = importlib.util.find_spec("faster_whisper")  # read, not imported: it loads ctranslate2
    assert package
    assert package.submodule_search_locations
    source = Path(package.submodule_search_locations[0], "tokenizer.py").read_text(encoding="utf-8")
    (codes,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_LANGUAGE_CODES"
    )
    assert set(LANGUAGES) == set(codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ko", "ko"),
        ("KO", "ko"),
        (" ko ", "ko"),
        ("ko-KR", "ko"),
        ("ko_KR", "ko"),
        ("kor", "ko"),
        ("korean", "ko"),
        ("Korean", "ko"),
        ("한국어", "ko"),
        ("EN", "en"),
        ("en-US", "en"),
        ("eng", "en"),
        ("English", "en"),
        ("영어", "en"),
        ("zh-Hant-TW", "zh"),
        ("zh-yue", "yue"),
        ("zh-yue-HK", "yue"),
        ("yue", "yue"),
        ("jv", "jw"),
        ("nb-NO", "no"),
        ("fil", "tl"),
        ("Haitian  Creole", "ht"),
        ("es-419", "es"),
        ("", None),
        ("  ", None),
        ("auto", None),
        ("AUTO", None),
        (None, None),
    ],
)
def test_every_way_to_write_a_language_is_one_code(text: str | None, code: str | None) -> None:
    assert language_code(text) == code


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_code_and_its_english_name_are_the_code(code: str) -> None:
    assert language_code(code) == language_code(LANGUAGES[code].upper()) == code


@pytest.mark.parametrize(
    "text", ["xx", "xx-KR", "klingon", "k", "ko,en", "ko en", "-", "ko-", "ko-\x00", "\ud800", "k" * 10_000]
)
def test_what_the_recogniser_does_not_know_is_refused_and_what_it_knows_is_named(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"no language .* ko, .*"):
        language_code(text)


def test_no_two_languages_share_a_name() -> None:
    from callytics.options.languages import _CODES, _ROWS

    assert len(_CODES) == sum(
        len({code, *english.split(","), *korean.split(","), *others.split()})
        for code, english, korean, others in _ROWS
    )
