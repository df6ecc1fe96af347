"""Written forms in a call: by option only, beside the words, and after redaction."""

from __future__ import annotations

from callytics.domain import CallOptions
from callytics.redaction.conversation import redact
from callytics.written_forms import with_written_forms, written
from tests.support.talk import talk

WRITE = CallOptions(written_forms=True)


def test_written_forms_are_off_by_default() -> None:
    call = talk(("c", "삼만 원이요."))
    assert with_written_forms(call, CallOptions()) == call


def test_turns_keep_their_words() -> None:
    call = talk(("a", "얼마예요?"), ("c", "삼만 원이요."))
    done = with_written_forms(call, WRITE)
    assert [turn.written for turn in done.turns] == ["얼마예요?", "30,000원이요."]
    assert [(turn.content, turn.content_raw, turn.words) for turn in done.turns] == [
        (turn.content, turn.content_raw, turn.words) for turn in call.turns
    ]


def test_redacted_number_does_not_return_in_written_form() -> None:
    options = CallOptions(redact_pii=True, written_forms=True)
    call = talk(("c", "제 번호는 공일공 일이삼사 오육칠팔이고 삼만 원 냈어요."))
    (turn,) = with_written_forms(redact(call, options), options).turns
    assert turn.written == "제 번호는 [PHONE]이고 30,000원 냈어요."
    assert "010" not in turn.written


def test_text_without_numbers_and_odd_texts_come_back() -> None:
    for text in (
        "",
        " ",
        "네",
        "[PHONE]",
        "\n",
        "한",
        "공",
        "a",
        "point",
        "double",
        "half past",
        "시 반",
        "만" * 200,
    ):
        assert written(text) == text
    assert len(written("일이삼사오육칠팔구십" * 500)) > 0
