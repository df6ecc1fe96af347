from __future__ import annotations

import pytest

from callytics.engines.sentiment.lexicon import Lexicon


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon()


@pytest.mark.parametrize(
    ("sentence", "language", "terms"),
    [
        ("정말 친절하시네요.", "ko", {"친절하다": True}),
        ("전혀 친절하지 않아요", "ko", {"친절하다": False}),
        ("너무 불친절해요", "ko", {"불친절하다": False}),
        ("안 좋아요", "ko", {"좋다": False}),
        ("실망하지 않았어요", "ko", {"실망": True}),
        ("행복카드 상담원입니다", "ko", {}),
        ("It was a great help, wonderful", "en", {"great": True, "wonderful": True}),
        ("This is not good", "en", {"good": False}),
        ("No, it is great", "en", {"great": True}),
        ("c'est magnifique", "fr", {}),
    ],
)
def test_terms_and_negation(lexicon: Lexicon, sentence: str, language: str, terms: dict[str, bool]) -> None:
    found = {term.lemma: term.valence > 0 for term in lexicon.terms(sentence, language)}
    assert found == terms


def test_valence_is_bounded_and_signed(lexicon: Lexicon) -> None:
    assert 0 < lexicon.valence("최고예요 최고 최고 감동", "ko") < 1
    assert -1 < lexicon.valence("최악이고 짜증 나요", "ko") < 0
    assert lexicon.valence("주문번호는 일이삼입니다", "ko") == 0


@pytest.mark.parametrize("sentence", ["Yeah, well, call support.", "Oh god, I am ill.", "The po box is 12."])
def test_plain_words_of_calls_are_no_terms(sentence: str) -> None:
    assert Lexicon().terms(sentence, "en") == []


def test_disowned_problem_is_no_positive_term() -> None:
    assert Lexicon().terms("That's not my problem.", "en") == []
    assert Lexicon().terms("That isn't our problem.", "en") == []
    assert [t.valence > 0 for t in Lexicon().terms("That's no problem.", "en")] == [True]


def test_thanks_for_nothing_is_negative() -> None:
    assert [t.valence < 0 for t in Lexicon().terms("Thanks for nothing.", "en")] == [True]
    assert [t.valence > 0 for t in Lexicon().terms("Thanks for calling.", "en")] == [True]


def test_korean_double_negation_is_not_negative() -> None:
    assert not [t for t in Lexicon().terms("안 좋은 건 아니에요", "ko") if t.valence < 0]
    assert [t for t in Lexicon().terms("안 좋아요", "ko") if t.valence < 0]


def test_refund_received_is_not_negative() -> None:
    assert not [t for t in Lexicon().terms("환불 받았어요", "ko") if t.valence < 0]


@pytest.mark.parametrize(
    "sentence", ["Yeah, well.", "Call support.", "The po box is 12.", "I am ill.", "Oh god."]
)
def test_plain_words_of_calls_have_no_valence(sentence: str) -> None:
    assert Lexicon().valence(sentence, "en") == 0.0


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "I have a policy with Delight Life."),
        ("en", "It is about Happy Home Insurance."),
        ("ko", "친절보험 들었던 게 있는데요."),
        ("ko", "행복카드 결제일이 언제예요?"),
        ("ko", "최고 요금제로 바꿔 주세요."),
    ],
)
def test_names_of_firms_and_products_are_no_mood(language: str, sentence: str) -> None:
    assert Lexicon().terms(sentence, language) == []
    assert Lexicon().valence(sentence, language) == 0.0


def test_praise_of_a_product_stays_praise() -> None:
    assert [t.valence > 0 for t in Lexicon().terms("정말 좋은 보험이네요", "ko")] == [True]
    assert [t.valence > 0 for t in Lexicon().terms("What a great plan.", "en")] == [True]
