"""Turns of a redacted call that a person splits, joins or gives to another: what was hidden stays hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.conversation.corrections import correct
from callytics.domain import CallOptions, Conversation
from callytics.errors import InvalidRequestError
from callytics.redaction.conversation import redact
from callytics.store.records.corrections import Corrections, Split
from tests.support.conversations import conversation
from tests.support.corrections import asked_of

REDACTED = CallOptions(redact_pii=True)
ENGLISH = (
    (0, 0.0, 3.0, "What is your phone number please?"),
    (1, 4.0, 9.0, "Well it is four one one one two two three four okay"),
    (0, 10.0, 11.0, "Thank you."),
)
KOREAN = (
    (0, 0.0, 3.0, "전화번호가 어떻게 되세요?"),
    (1, 4.0, 9.0, "네 공일공에 일이삼사 오육칠팔 입니다 감사합니다"),
    (0, 10.0, 11.0, "감사합니다."),
)
SECRETS = {"en": ["four", "two", "three"], "ko": ["공일공", "일이삼사", "오육칠팔"]}


def said(language: str) -> Conversation:
    return conversation(*(ENGLISH if language == "en" else KOREAN), duration_s=12.0, language=language)


def shown(result: Conversation) -> str:
    """All text of the conversation that the result is made of."""
    texts = [(t.content, t.content_raw, [w.text for w in t.words], t.sentences) for t in result.turns]
    return repr((texts, result.turns_before))


def hidden_s(result: Conversation) -> list[tuple[float, float]]:
    return sorted((r.start_s, r.end_s) for turn in result.turns for r in turn.redactions)


def every_change(seen: Conversation) -> list[Corrections]:
    items = len(seen.turns[1].words)
    return [
        *(Corrections(splits={"t2": Split(word)}) for word in range(1, items)),
        *(Corrections(splits={"t2": Split(word, "spk_0")}) for word in range(1, items)),
        Corrections(merges={"t1": "t2"}),
        Corrections(merges={"t2": "t3"}),
        Corrections(speakers={"t1": "spk_1"}),
        Corrections(speakers={"t2": "spk_0"}),
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_hidden_words_and_their_sound_stay_hidden(language: str) -> None:
    seen = redact(said(language), REDACTED)
    assert hidden_s(seen), "or nothing is tried here"
    for wanted in every_change(seen):
        made = asked_of(seen, wanted)
        assert not any(secret in repr(made) for secret in SECRETS[language]), (
            "the history shows what the person saw"
        )
        found = redact(correct(said(language), made), REDACTED)
        assert [each.status for each in found.corrections] == ["APPLIED"]
        assert not any(secret in shown(found) for secret in SECRETS[language]), wanted
        assert hidden_s(found) == hidden_s(seen), wanted


def test_name_that_is_split_off_its_cue_stays_hidden() -> None:
    """What the turns before are read for: of the new turns alone, the name would be shown."""
    lines = ((0, 0.0, 3.0, "무엇을 도와드릴까요"), (1, 4.0, 9.0, "안녕하세요 표갈매라고 합니다 환불이요"))
    heard = conversation(*lines, duration_s=12.0, language="ko")
    seen = redact(heard, REDACTED)
    assert seen.turns[1].content == "안녕하세요 [NAME]라고 합니다 환불이요"
    changed = correct(heard, asked_of(seen, Corrections(splits={"t2": Split(2)})))
    assert "표갈매" in shown(redact(replace(changed, turns_before=()), REDACTED))
    found = redact(changed, REDACTED)
    assert "표갈매" not in shown(found)
    assert [turn.content for turn in found.turns[1:]] == ["안녕하세요 [NAME]라고", "합니다 환불이요"]
    assert hidden_s(found) == hidden_s(seen)


def test_calls_that_are_not_redacted_keep_no_second_copy() -> None:
    made = asked_of(said("en"), Corrections(splits={"t2": Split(3)}))
    corrected = correct(said("en"), made)
    assert corrected.turns_before != ()
    assert redact(corrected, CallOptions()).turns_before == ()


def test_split_within_what_is_redacted_is_refused() -> None:
    """Where the whole turn is hidden: its words do not match its text."""
    seen = redact(said("en"), REDACTED)
    turn = seen.turns[1]
    whole = replace(turn.redactions[0], start_s=turn.start_s, end_s=turn.end_s)
    seen = replace(seen, turns=(seen.turns[0], replace(turn, redactions=(whole,)), seen.turns[2]))
    with pytest.raises(InvalidRequestError) as refused:
        asked_of(seen, Corrections(splits={"t2": Split(1)}))
    assert refused.value.code == "split_in_redaction"


def test_words_in_the_place_of_a_mark_do_not_show_what_it_hid() -> None:
    """The author keeps the mark and changes what stands beside it, in a turn that was split off its question."""
    seen = redact(said("en"), REDACTED)
    split = asked_of(seen, Corrections(splits={"t2": Split(2)}), 1)
    after = redact(correct(said("en"), split), REDACTED)
    half = next(turn for turn in after.turns if "[PHONE]" in turn.content)
    words = asked_of(after, Corrections(words={half.id: half.content.replace("okay", "right then")}), 2)
    found = redact(correct(said("en"), (*split, *words)), REDACTED)
    assert "right then" in shown(found)
    assert not any(secret in shown(found) for secret in SECRETS["en"])
    assert hidden_s(found) == hidden_s(seen)
