from __future__ import annotations

from callytics.engines.recognition.decoding import TimedWord, joined


def test_a_hyphenated_word_is_one_word() -> None:
    parts = [
        TimedWord(" thirty", 1.0, 1.3, 0.9),
        TimedWord("-nine", 1.3, 1.6, 0.7),
        TimedWord(" dollars", 1.7, 2.0, 0.8),
    ]
    whole = joined(parts)
    assert [word.text for word in whole] == [" thirty-nine", " dollars"]
    assert (whole[0].start_s, whole[0].end_s, round(whole[0].probability, 3)) == (1.0, 1.6, 0.8)
