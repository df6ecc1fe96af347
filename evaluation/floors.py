"""The floors of the project, checked against one run."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.baselines import MODES
from evaluation.diarization import pool
from evaluation.measurements import OURS, Floor, Measurements
from evaluation.recognition import RecognitionScore, best_plain, of_set, pooled, pooled_times
from evaluation.silence import summary

MAX_STEREO_DER = 0.07
MAX_MONO_DER = 0.12
MIN_STEREO_ROLE_ACCURACY = 0.95
MAX_MEDIAN_TIME_ERROR_S = 0.25
"""The collar of DER: a word time within the usual tolerance of diarization is usable."""

MIN_WORDS_INSIDE = 0.95


def floors(measured: Measurements) -> list[Floor]:
    """All floors with measured figures."""
    return [*_text(measured), *_speakers(measured), *_times(measured), *_silence(measured), *measured.floors]


def _text(measured: Measurements) -> list[Floor]:
    """Every set of the recognition tables, and every real call with a text, against the best plain mode."""
    found = []
    for language, unit in (("ko", "CER"), ("en", "WER")):
        for subset in ("utterances", "composed stereo", "composed mono"):
            for long in (False, True):
                scores = of_set(measured.recognition, subset, language, long)
                found += _against_plain(f"{language} {unit}, {subset}{', 30 minutes' * long}", scores)
        real = of_set(measured.recognition, "real", language)
        for sample in dict.fromkeys(score.sample for score in real):
            found += _against_plain(f"{language} {unit}, {sample}", [s for s in real if s.sample == sample])
    return found


def _against_plain(name: str, scores: Sequence[RecognitionScore]) -> list[Floor]:
    ours = pooled((score for score in scores if score.system == OURS), lambda score: score.units)
    best = best_plain(scores, [mode.id for mode in MODES])
    if not ours.reference_units or best is None:
        return []
    return [Floor(f"{name}, against the best plain mode ({best[0]})", ours.rate, best[1].rate)]


def _speakers(measured: Measurements) -> list[Floor]:
    found = []
    for layout, limit in (("stereo", MAX_STEREO_DER), ("mono", MAX_MONO_DER)):
        chosen = [s for s in measured.diarization if s.system == OURS and s.subset == f"composed {layout}"]
        if chosen:
            sums = pool(chosen)
            found.append(Floor(f"DER (.25), composed {layout}", sums.forgiving.rate, limit))
            if layout == "stereo":
                name = "role accuracy, composed stereo"
                found.append(
                    Floor(name, sums.roles.accuracy, MIN_STEREO_ROLE_ACCURACY, lower_is_better=False)
                )
    return found


def _times(measured: Measurements) -> list[Floor]:
    times = pooled_times(
        s for s in measured.recognition if s.system == OURS and s.subset == "composed stereo"
    )
    if not times.words:
        return []
    return [
        Floor("word times, stereo, median (s)", times.quantile_s(0.5), MAX_MEDIAN_TIME_ERROR_S),
        Floor(
            "words inside their party's speech, stereo", times.inside, MIN_WORDS_INSIDE, lower_is_better=False
        ),
    ]


def _silence(measured: Measurements) -> list[Floor]:
    if not measured.silence:
        return []
    return [Floor("invented characters where nobody speaks", summary(measured.silence).get(OURS, 0), 0)]
