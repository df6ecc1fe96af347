from __future__ import annotations

import pytest
from hypothesis import given

from callytics.conversation import characteristics as traits
from callytics.domain import Conversation, SentimentAnalysis, SentimentLabel, TurnSentiment
from tests.support.conversations import conversation, lines


@pytest.fixture
def call() -> Conversation:
    return conversation(
        (0, 1.0, 3.0, "안녕하세요 무엇을 도와드릴까요"),
        (1, 3.5, 5.5, "환불 받고 싶어요"),
        (0, 9.5, 12.5, "네 고객님 확인해 드리겠습니다"),
        (1, 10.0, 10.4, "네"),
        duration_s=14.0,
    )


def test_talk_time_is_measured(call: Conversation) -> None:
    assert traits.talk_time_s(call) == pytest.approx({"spk_0": 5.0, "spk_1": 2.4})


def test_silences_are_measured(call: Conversation) -> None:
    assert [(i.start_s, i.end_s) for i in traits.silences(call)] == [
        (0.0, 1.0),
        (3.0, 3.5),
        (5.5, 9.5),
        (12.5, 14.0),
    ]


def test_talk_speed_is_measured(call: Conversation) -> None:
    speed = traits.talk_speed(call)["spk_0"]
    assert speed.words_per_minute == pytest.approx(7 / 5 * 60)
    # 안녕하세요 5, 무엇을 3, 도와드릴까요 6, 네 1, 고객님 3, 확인해 3, 드리겠습니다 6
    assert speed.syllables_per_minute == pytest.approx(27 / 5 * 60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("환불", 2),
        ("hello", 2),
        ("make", 1),
        ("table", 2),
        ("free", 1),
        ("I", 1),
        ("3개", 2),
        ("", 0),
        ("...", 0),
    ],
)
def test_syllables_are_estimated(text: str, expected: int) -> None:
    assert traits.syllables(text) == expected


def test_response_latency_is_measured(call: Conversation) -> None:
    latency = traits.response_latency(call)
    assert latency["spk_1"].mean_s == pytest.approx(0.5)
    assert latency["spk_0"].max_s == pytest.approx(4.0)


def test_longest_monologue_continues_over_a_backchannel() -> None:
    talk = conversation(
        (0, 0.0, 4.0, "첫 번째로 말씀드리면"), (1, 4.2, 4.5, "네"), (0, 5.0, 9.0, "두 번째는"), duration_s=9.0
    )
    longest = traits.longest_monologue(talk)
    assert longest is not None
    assert longest.turn_ids == ("t1", "t3")
    assert longest.interval.duration_s == pytest.approx(9.0)


def test_interruption_lasts_until_the_other_stops() -> None:
    talk = conversation(
        (0, 0.0, 4.0, "약관에 따르면 이 상품은 교환이"),
        (1, 3.0, 6.0, "아니 그게 아니고요 들어 보세요"),
        duration_s=6.0,
    )
    assert traits.interruptions(talk)["spk_1"] == [traits.Interval(3.0, 4.0)]
    assert traits.interruptions(talk)["spk_0"] == []


def test_sentiment_by_quarter_is_weighted_by_length() -> None:
    talk = conversation((1, 0.0, 3.0, "너무 화가 납니다"), (1, 9.0, 10.0, "감사합니다"), duration_s=12.0)
    analysis = SentimentAnalysis(
        (
            TurnSentiment("t1", SentimentLabel.NEGATIVE, 0.0, 0.0, 1.0),
            TurnSentiment("t2", SentimentLabel.POSITIVE, 1.0, 0.0, 0.0),
        ),
        (),
        (),
        None,
        (),
    )
    trend = traits.sentiment_trends(talk, analysis)["spk_1"]
    assert [quarter.score for quarter in trend.quarters] == [-5.0, None, None, 5.0]
    assert trend.overall == pytest.approx((-5 * 3 + 5 * 1) / 4)
    assert traits.sentiment_trends(talk, analysis)["spk_0"].overall is None


def test_empty_call_has_only_silence() -> None:
    talk = conversation(duration_s=4.0)
    assert traits.silences(talk) == [traits.Interval(0.0, 4.0)]
    assert traits.longest_monologue(talk) is None
    assert traits.response_latency(talk) == {}
    assert traits.talk_speed(talk)["spk_0"] == traits.TalkSpeed(0.0, 0.0)


@given(lines)
def test_speech_and_silence_fill_the_call(spoken: list[tuple[int, float, float, str]]) -> None:
    talk = conversation(*spoken, duration_s=130.0)
    silent_s = sum(i.duration_s for i in traits.silences(talk))
    spoken_s = sum(
        i.duration_s for i in traits.union(traits.Interval(s.start_s, s.end_s) for s in talk.speech)
    )
    assert silent_s + spoken_s == pytest.approx(130.0)


@given(lines)
def test_talk_time_is_at_most_the_call_length(spoken: list[tuple[int, float, float, str]]) -> None:
    talk = conversation(*spoken, duration_s=130.0)
    longest = traits.longest_monologue(talk)
    assert all(0 <= time_s <= 130.0 for time_s in traits.talk_time_s(talk).values())
    assert longest is None or longest.interval.duration_s <= 130.0
    assert all(latency.max_s >= latency.median_s >= 0 for latency in traits.response_latency(talk).values())
