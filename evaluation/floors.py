"""The floors of the project, checked against one run."""

from __future__ import annotations

from evaluation.diarization import pool
from evaluation.measurements import Floor, Measurements
from evaluation.recognition import pooled, pooled_times, select
from evaluation.silence import summary

OURS = "callytics"
REFERENCE_MODE = "ii"
"""The plain mode that is the limit for every set: the only mode with usable times."""

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
    """Composed calls include the long call here, which is part of the set."""
    found = []
    for language, unit in (("ko", "CER"), ("en", "WER")):
        for subset in ("utterances", "composed stereo", "composed mono", "real"):
            rates = {}
            for system in (OURS, REFERENCE_MODE):
                scores = [
                    score
                    for long in (False, True)
                    for score in select(measured.recognition, system, subset, language, long)
                ]
                rates[system] = pooled(scores, lambda score: score.units)
            if rates[OURS].reference_units and rates[REFERENCE_MODE].reference_units:
                name = f"{language} {unit}, {subset}, against mode ({REFERENCE_MODE})"
                found.append(Floor(name, rates[OURS].rate, rates[REFERENCE_MODE].rate))
    return found


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
