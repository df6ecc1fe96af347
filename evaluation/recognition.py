"""Words, roles and times of one system on clips and calls, scored in the same way for our system and the baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from callytics.domain import Role
from callytics.metrics import (
    ErrorCounts,
    best_mapping_errors,
    characters,
    role_text_errors,
    text_errors,
    total,
    word_errors,
)
from evaluation.datasets import CallSample, Clip
from evaluation.hypothesis import Hypothesis
from evaluation.timing import WordTimes, word_times

PARTIES = (Role.AGENT, Role.CUSTOMER)


@dataclass(frozen=True)
class RecognitionScore:
    """One system on one recording. A field is None if the system or the reference lacks it.

    Attributes:
        units: CER (Korean) or WER (others). Stereo: every channel against its party, summed, so that text on
            the wrong channel is an error; mono: the whole text.
        words_with_spaces: WER with the spaces as they are (stereo: by role), for Korean.
        by_role: the text of each role against that role's reference (stereo and mono).
        best_mapping: the text of each speaker under the best mapping to the reference's speakers.
    """

    system: str
    sample: str
    subset: str
    language: str
    duration_s: float
    wall_s: float
    units: ErrorCounts | None = None
    words_with_spaces: ErrorCounts | None = None
    by_role: ErrorCounts | None = None
    best_mapping: ErrorCounts | None = None
    times: WordTimes | None = None
    keywords_found: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


def score_clip(clip: Clip, hypothesis: Hypothesis, system: str) -> RecognitionScore:
    return RecognitionScore(
        system,
        clip.id,
        "utterances",
        clip.language,
        clip.duration_s,
        hypothesis.wall_s,
        units=text_errors(clip.references, hypothesis.text, clip.language),
        words_with_spaces=word_errors(clip.references, hypothesis.text),
    )


def score_call(sample: CallSample, hypothesis: Hypothesis, system: str) -> RecognitionScore:
    """All figures about words that the sample's reference and the system's output permit."""
    by_role = _by_role(sample, hypothesis)
    stereo = sample.num_channels == 2
    compact = characters(hypothesis.text)
    return RecognitionScore(
        system,
        sample.id,
        sample.subset,
        sample.language,
        sample.duration_s,
        hypothesis.wall_s,
        units=(_by_channel(sample, hypothesis) if sample.channel_references else by_role)
        if stereo
        else _whole(sample, hypothesis),
        words_with_spaces=_with_spaces(sample, hypothesis),
        by_role=by_role,
        best_mapping=_best_mapping(sample, hypothesis),
        times=_times(sample, hypothesis),
        keywords=sample.keywords,
        keywords_found=tuple(k for k in sample.keywords if characters(k) in compact),
    )


def _whole(sample: CallSample, hypothesis: Hypothesis) -> ErrorCounts | None:
    return text_errors(sample.forms(), hypothesis.text, sample.language) if sample.utterances else None


def _by_role(sample: CallSample, hypothesis: Hypothesis) -> ErrorCounts | None:
    if not sample.roles or not hypothesis.text_by_role:
        return None
    references = {role.value: sample.forms(role=role) for role in PARTIES}
    return role_text_errors(references, hypothesis.text_by_role, sample.language)


def _with_spaces(sample: CallSample, hypothesis: Hypothesis) -> ErrorCounts | None:
    if not sample.utterances:
        return None
    if sample.num_channels == 1:
        return word_errors(sample.forms(), hypothesis.text)
    return total(
        word_errors(sample.forms(role=role), hypothesis.text_by_role.get(role.value, "")) for role in PARTIES
    )


def _by_channel(sample: CallSample, hypothesis: Hypothesis) -> ErrorCounts:
    """Text by channel. A system that mixes the channels has no text on either: everything is deleted and inserted."""
    references = {str(channel): [text] for channel, text in (sample.channel_references or {}).items()}
    hypotheses = {str(channel): text for channel, text in hypothesis.text_by_channel.items()}
    return role_text_errors(references, hypotheses or {"mixed": hypothesis.text}, sample.language)


def _best_mapping(sample: CallSample, hypothesis: Hypothesis) -> ErrorCounts | None:
    speakers = sorted({utterance.speaker for utterance in sample.utterances})
    if len(speakers) < 2 or not hypothesis.text_by_speaker:
        return None
    references = {speaker: sample.forms(speaker=speaker) for speaker in speakers}
    return best_mapping_errors(references, hypothesis.text_by_speaker, sample.language)


def _times(sample: CallSample, hypothesis: Hypothesis) -> WordTimes | None:
    """Composed calls only: the times of the other references are not exact."""
    if not sample.subset.startswith("composed") or not hypothesis.words:
        return None
    if sample.num_channels == 1:
        return word_times(sample.utterances, [word for word, _ in hypothesis.words])
    return sum(
        (
            word_times(
                [u for u in sample.utterances if sample.roles[u.speaker] is role],
                [word for word, label in hypothesis.words if label == role.value],
            )
            for role in PARTIES
        ),
        WordTimes(),
    )


def pooled(
    scores: Iterable[RecognitionScore], field: Callable[[RecognitionScore], ErrorCounts | None]
) -> ErrorCounts:
    """One count over many recordings, without those that have no value."""
    return total(value for value in map(field, scores) if value is not None)


def pooled_times(scores: Iterable[RecognitionScore]) -> WordTimes:
    return sum((score.times for score in scores if score.times is not None), WordTimes())


def of_set(
    scores: Sequence[RecognitionScore], subset: str, language: str, long: bool = False
) -> list[RecognitionScore]:
    """The scores of all systems on a subset, with the long call separate from the short ones."""
    return [
        score
        for score in scores
        if (score.subset, score.language) == (subset, language) and ("long" in score.sample) == long
    ]


def select(
    scores: Sequence[RecognitionScore], system: str, subset: str, language: str, long: bool = False
) -> list[RecognitionScore]:
    """The same of one system."""
    return [score for score in of_set(scores, subset, language, long) if score.system == system]


def best_plain(scores: Sequence[RecognitionScore], modes: Sequence[str]) -> tuple[str, ErrorCounts] | None:
    """The plain mode with the lowest rate among those that were run on every recording of ours; None if none was.

    Args:
        scores: those of one set, of all systems.
    """
    ours = {score.sample for score in scores if score.system not in modes and score.units}
    found = []
    for mode in modes:
        of_mode = [score for score in scores if score.system == mode and score.sample in ours]
        if ours and {score.sample for score in of_mode} == ours:
            found.append((mode, pooled(of_mode, lambda score: score.units)))
    return min(found, key=lambda item: item[1].rate, default=None)
