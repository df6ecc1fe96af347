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

_GRATITUDE = r"(?:진심으로|정말|대단히|너무)?(?:감사합니다|감사드립니다|고맙습니다)"
_PLEASE_DO = (
    r"(?:부탁드립니다|부탁드려요|부탁드릴게요|부탁합니다|부탁해요|눌러주세요|눌러주시고|해주세요|해주시고)"
)

VIDEO_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:오늘도|끝까지|지금까지|영상|영상을)*(?:시청|구독)해?(?:주셔서|주시는|주신)(?:여러분|분들께)?{_GRATITUDE}",
        rf"(?:채널|영상)?구독(?:과|및|하고|이랑)?좋아요(?:와|과|도|를|한번|알림|설정|버튼|까지|꾹|꼭|많이)*{_PLEASE_DO}?",
        rf"좋아요(?:와|과|및|하고|랑)?구독(?:도|을|꼭|알림|설정|버튼|까지|많이|한번)*{_PLEASE_DO}?",
        rf"(?:채널|저희채널|제채널)(?:을|도)?구독(?:도|을|꼭|많이)*{_PLEASE_DO}",
        r"다음(?:영상|동영상|에피소드)(?:에서|에)(?:다시)?(?:또)?(?:만나요|봐요|봬요|뵙겠습니다|뵐게요|만나뵙겠습니다)",
        r"(?:mbc|kbs|sbs|ytn|jtbc|엠비씨|케이비에스)뉴스(?:데스크)?(?:[가-힣]{2,4}(?:기자)?)?(?:입니다|이었습니다|였습니다)",
        r"(?:^|(?<=이상))(?:mbc|kbs|sbs|ytn|jtbc)뉴스(?:[가-힣]{2,4})?$",
        r"(?:한글|한국어|영상편집및)?자막(?:by|제작by|번역by|제공by|제공및광고|제공배달의민족).*$",
        r"^(?:이영상은)?유료광고를포함하고있습니다$",
        r"thank(?:s|you)(?:all|guys|everyone|somuch|verymuch)*for(?:watching|viewing)(?:thisvideo|thevideo|myvideo)?",
        r"(?:please|dontforgetto|rememberto|makesureto|makesureyou)(?:please)?"
        r"(?:like|share|comment|and)*subscribe(?:to(?:my|our|the|this)(?:youtube)?channel)?(?:formore)?$",
        r"(?:like|share|comment)(?:and)?(?:share|comment)?(?:and)?subscribe(?:to(?:my|our|the|this)(?:youtube)?channel)?$",
        r"(?:hit|smash|click|press)(?:the|that)(?:like|subscribe|bell)(?:button|icon)?(?:andsubscribe)?$",
        r"(?:i|we)?(?:ll|will)?see(?:you|ya)(?:all|guys)?in(?:the|my|our)next(?:video|episode|vlog)",
        r"^(?:subtitles?|captions?|closedcaptions?|transcription|transcripts?)(?:are|is)?(?:madeby|providedby|createdby|by).*$",
        r"(?:subtitles|captions|transcription)?(?:by)?(?:the)?amaraorg(?:community)?",
        r"(?:transcribedby|transcriptionby|transcriptby)(?:https?)?otterai",
    )
)
"""The same in its variants, anywhere in a sentence; "^" and "$" are the ends of a sentence. What callers do say
("cancel the subscription", "subscribe to the sports channel", "I saw it on MBC 뉴스") matches none."""

SURELY_SPOKEN = 0.97
"""Mean probability of the words from which such a phrase counts as spoken if there is a clear voice as well: someone
may read one out."""

SURE_VOICE = 0.9

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


def video_words(words: Sequence[TimedWord]) -> list[list[int]]:
    """Runs of indices whose words are one of VIDEO_PHRASES."""
    found: list[list[int]] = []
    sentence: list[int] = []
    for i, word in enumerate(words):
        sentence.append(i)
        if word.text.rstrip().endswith(SENTENCE_ENDS) or i == len(words) - 1:
            found += _video_words_of(words, sentence)
            sentence = []
    return found


SENTENCE_ENDS = (".", "?", "!", "…")


def _video_words_of(words: Sequence[TimedWord], sentence: Sequence[int]) -> list[list[int]]:
    text, ends = "", []
    for i in sentence:
        text += compact(words[i].text)
        ends.append(len(text))
    runs = []
    for pattern in VIDEO_PHRASES:
        for match in pattern.finditer(text):
            run = [
                i
                for i, begin, end in zip(sentence, [0, *ends], ends, strict=False)
                if begin < match.end() and end > match.start()
            ]
            runs.append(run)
    merged: list[list[int]] = []
    for run in sorted(run for run in runs if run):
        if merged and run[0] <= merged[-1][-1]:
            merged[-1] = sorted({*merged[-1], *run})
        else:
            merged.append(run)
    return merged


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
