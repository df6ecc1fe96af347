from __future__ import annotations

import pytest

from callytics.engines.sentiment.transformers_classifier import label_columns
from callytics.errors import ConfigError


@pytest.mark.parametrize(
    ("labels", "meaning"),
    [
        (["Negative", "Neutral", "Positive"], [0, 1, 2]),
        (["positive", "neutral", "negative"], [2, 1, 0]),
        (["NEG", "NEU", "POS"], [0, 1, 2]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], [0, 0, 1, 2, 2]),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], [0, 0, 1, 2, 2]),
        (["Negative", "Positive"], [0, 2]),
    ],
)
def test_labels_of_the_hubs_models(labels: list[str], meaning: list[int]) -> None:
    columns = label_columns(dict(enumerate(labels)), {})
    assert columns.argmax(axis=1).tolist() == meaning
    assert columns.sum(axis=1).tolist() == [1.0] * len(labels)


def test_labels_can_be_given() -> None:
    given = {"LABEL_0": "positive", "LABEL_1": "negative"}
    assert label_columns({0: "LABEL_0", 1: "LABEL_1"}, given).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("labels", "given", "code"),
    [
        (["LABEL_0", "LABEL_1"], {}, "labels_unknown"),
        (["anger", "joy"], {"joy": "positive"}, "labels_unknown"),
        (["LABEL_0"], {"LABEL_7": "positive"}, "options_invalid"),
        (["LABEL_0"], {"LABEL_0": "cheerful"}, "options_invalid"),
    ],
)
def test_labels_without_meaning_are_an_error(labels: list[str], given: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        label_columns(dict(enumerate(labels)), given)
    assert caught.value.code == code
