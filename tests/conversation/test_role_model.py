from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from callytics.conversation.role_model import _weights, features, learned_evidence
from callytics.conversation.roles import assign_roles
from callytics.domain import Role
from evaluation.dialogues import read_dialogues
from tests.support.talk import talk

ROOT = Path(__file__).parents[2]


def test_few_words_and_unknown_languages_are_no_learned_evidence() -> None:
    assert learned_evidence(["네"], [""], "ko") == learned_evidence(["Yes."], [""], "en") == 0.0
    assert learned_evidence(["Je voudrais annuler mon abonnement, s'il vous plaît"], [""], "fr") == 0.0
    said = ["I bought it last week and it never worked, I want my money back."]
    assert learned_evidence(said, [""], "en") < 0


def test_text_twice_as_often_is_not_twice_the_evidence() -> None:
    once = "I bought it last week and it never worked, I want my money back. "
    assert abs(learned_evidence([once * 6], [""], "en")) < 2 * abs(learned_evidence([once], [""], "en"))
    assert max(features([once * 6], [""], "en").values()) < 1


@pytest.mark.parametrize(("language", "goal"), [("ko", 0.88), ("en", 0.88)])
def test_roles_of_the_choose_split_are_mostly_right(language: str, goal: float) -> None:
    calls = read_dialogues("choose", language)
    right = 0
    for call in calls:
        result = assign_roles(talk(*((t["speaker"], t["text"]) for t in call["turns"]), language=language))
        right += all(result.role_of(speaker).value == role for speaker, role in call["roles"].items())
    assert right / len(calls) >= goal


def test_relative_on_the_telephone_is_not_the_customer() -> None:
    result = assign_roles(
        talk(
            ("a", "Thank you for calling Lake Clinic, how can I help you?"),
            ("c", "Hi, I'm calling about my appointment on Monday. I can't make it, I have to work."),
            ("x", "I want my tablet, it is broken, you never fix it."),
            ("a", "I see it here. I can move you to Thursday at ten, would that work for you?"),
            ("c", "Thursday is fine, thanks for your help."),
            language="en",
        )
    )
    assert [result.role_of(s) for s in "acx"] == [Role.AGENT, Role.CUSTOMER, Role.OTHER]


def test_training_gives_the_committed_weights() -> None:
    train = runpy.run_path(str(ROOT / "tools" / "train_role_model.py"))["train"]
    learned, committed = train("en"), _weights()["en"]
    assert learned.keys() == committed.keys()
    assert all(abs(learned[gram] - committed[gram]) <= 0.011 for gram in learned)
