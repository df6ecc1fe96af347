"""Detects text that Whisper invented: loops, set phrases of its training data, words without speech.

All dropped text is reported with a reason. The thresholds 2.4 (compression ratio), -1.0 (mean log probability) and
0.6 (no-speech probability) are those of openai/whisper (Radford et al. 2022, section 4.5). The others follow from
usual rates of speech; a comment explains each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from callytics.domain import DropReason
from callytics.engines.recognition.decoding import Decoded, TimedWord

MAX_COMPRESSION_RATIO = 2.4
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH_PROB = 0.6

MAX_CHARACTERS_PER_S = 25.0
"""Above any rate of speech: about 12 syllables of Korean per second or 300 words of English per minute reach half."""

MIN_REPEATS = 5
"""People say "네 네 네 네" and "no no no"; five or more repetitions without a pause are a decoder loop."""

MAX_WORD_S = 2.0
"""Whisper's own limit for an anomalous word. Windows have no long pauses, so a longer word indicates missing text:
the decoder ended too early, and the alignment stretched its words over the rest."""

MISSING_S = 1.0  # a long breath at the edge of a window is not missing text

MIN_ECHO_CHARACTERS = 8
"""A phrase of this length that occurs twice in a row, word for word, is suspicious."""

SET_PHRASES = frozenset(
    {
        "시청해주셔서감사합니다",
        "시청해주셔서고맙습니다",
        "구독과좋아요부탁드립니다",
        "구독좋아요알림설정부탁드립니다",
        "구독과좋아요",
        "다음영상에서만나요",
        "다음영상에서뵙겠습니다",
        "다음시간에만나요",
        "오늘도시청해주셔서감사합니다",
        "영상편집및자막이상입니다",
        "자막제공배달의민족",
        "자막제공광고를포함하고있습니다",
        "한글자막by한효정",
        "한글자막by",
        "mbc뉴스",
        "kbs뉴스",
        "sbs뉴스",
        "mbc뉴스김지경입니다",
        "mbc뉴스이덕영입니다",
        "thanksforwatching",
        "thankyouforwatching",
        "thankyousomuchforwatching",
        "pleasesubscribe",
        "likeandsubscribe",
        "dontforgettosubscribe",
        "subtitlesbytheamaraorgcommunity",
        "transcribedbyotterai",
        "seeyouinthenextvideo",
        "illseeyouinthenextvideo",
        "thanksforlistening",
    }
)
"""Subtitles and sign-offs of Whisper's training videos; callers do not say them to a call centre. Collected from
github.com/openai/whisper discussions 679 and 928 (English), with the Korean equivalents."""

AMBIGUOUS_PHRASES = frozenset(
    {
        "감사합니다",
        "고맙습니다",
        "안녕하세요",
        "네",
        "아멘",
        "thankyou",
        "thankyouverymuch",
        "you",
        "bye",
        "byebye",
        "so",
    }
)
"""Usual phrases of calls that Whisper also writes for noise: dropped only if speech is doubtful."""


def compact(text: str) -> str:
    """Letters and digits only, lower case, NFC: the form for comparison."""
    return "".join(c for c in unicodedata.normalize("NFC", text).lower() if c.isalnum())


def loops(text: str) -> bool:
    """Whether a unit of up to 30 characters occurs ``MIN_REPEATS`` times or more in a row."""
    return re.search(rf"(.{{1,30}}?)\1{{{MIN_REPEATS - 1},}}", compact(text)) is not None


def echoes(text: str) -> bool:
    """Whether a phrase of ``MIN_ECHO_CHARACTERS`` or more occurs twice in a row."""
    return re.search(rf"(.{{{MIN_ECHO_CHARACTERS},}}?)\1", compact(text)) is not None


def suspicious(decoded: Decoded) -> bool:
    """Whether the window should be decoded again in another way.

    An improbable text is not: read again, it took a tenth of the time in noisy Korean and never changed a word
    (docs/adr/0010).
    """
    if decoded.no_speech_prob > MAX_NO_SPEECH_PROB and decoded.avg_logprob < MIN_AVG_LOGPROB:
        return False  # no speech: another search finds no better text
    return (
        decoded.compression_ratio > MAX_COMPRESSION_RATIO
        or loops(decoded.text)
        or echoes(decoded.text)
        or len(compact(decoded.text)) > MAX_CHARACTERS_PER_S * decoded.window.duration_s
        or missing_s(decoded) > MISSING_S
    )


def missing_s(decoded: Decoded) -> float:
    """Seconds of speech without text: the excess of stretched words over ``MAX_WORD_S``; everything if there is no
    text."""
    if not decoded.words:
        return decoded.window.duration_s if decoded.window.duration_s > MAX_WORD_S else 0.0
    lengths = [word.end_s - word.start_s for word in decoded.words]
    lengths += [decoded.words[0].start_s, decoded.window.duration_s - decoded.words[-1].end_s]
    return sum(max(0.0, length - MAX_WORD_S) for length in lengths)


def badness(attempt: Sequence[Decoded]) -> tuple[int, int, float]:
    """Sort key for attempts at the same window, best first: no loops, then no missing text (in steps of 2 s), then the
    most probable."""
    loop = sum(loops(one.text) + echoes(one.text) for one in attempt)
    missing = round(sum(missing_s(one) for one in attempt) / MAX_WORD_S)
    num_tokens = sum(len(one.tokens) + 1 for one in attempt)
    logprob = sum(one.avg_logprob * (len(one.tokens) + 1) for one in attempt) / max(1, num_tokens)
    return loop, missing, -logprob


def reason_to_drop_window(decoded: Decoded) -> DropReason | None:
    """The reason to drop a whole window; None to keep it."""
    if decoded.no_speech_prob > MAX_NO_SPEECH_PROB and decoded.avg_logprob < MIN_AVG_LOGPROB:
        return DropReason.NO_SPEECH
    if len(compact(decoded.text)) > MAX_CHARACTERS_PER_S * decoded.window.duration_s:
        return DropReason.REPETITION if loops(decoded.text) else DropReason.IMPLAUSIBLE_RATE
    return None


def reason_to_drop_phrase(words: Sequence[TimedWord], speech_probability: float) -> DropReason | None:
    """The reason to drop a stretch of words between two pauses; None to keep it.

    Args:
        speech_probability: mean of the voice activity detector over the stretch.
    """
    text = compact("".join(word.text for word in words))
    probability = sum(word.probability for word in words) / len(words)
    if text in SET_PHRASES:
        return DropReason.SET_PHRASE
    if text in AMBIGUOUS_PHRASES and speech_probability < 0.5 and probability < 0.5:
        return DropReason.SET_PHRASE
    # Each alone occurs in bad speech; together they mean that the recogniser guesses at very faint sound.
    if probability < 0.2 and speech_probability < 0.6:
        return DropReason.LOW_CONFIDENCE
    return None


def loop_words(words: Sequence[TimedWord]) -> list[int]:
    """Indices of the words that only repeat. The first round of a loop is kept; a loop inside one word is not."""
    repeated: set[int] = set()
    texts = [compact(word.text) for word in words]
    for i, text in enumerate(texts):
        if loops(text) and len(set(text)) > 1:  # "0000" is a number, "5.5.5.5.5." is not
            repeated.add(i)
    for width in range(1, 13):
        run_start = 0
        for i in range(width, len(texts) + 1):
            if i < len(texts) and texts[i] == texts[i - width]:
                continue
            if i - run_start >= width * MIN_REPEATS:
                repeated.update(range(run_start + width, i))
            run_start = i - width + 1
    return sorted(repeated)
