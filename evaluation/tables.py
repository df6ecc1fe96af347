"""The tables of docs/quality.md, from the measurements; a table without rows is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from callytics.metrics import ErrorCounts
from evaluation.baselines import MODES
from evaluation.datasets import HALVES, half
from evaluation.diarization import DiarizationScore, pool
from evaluation.measurements import OURS, Floor, Measurements, Table
from evaluation.recognition import RecognitionScore, best_plain, of_set, pooled, pooled_times, select
from evaluation.silence import summary

SYSTEMS = (OURS, *(mode.id for mode in MODES))
LANGUAGES = {"ko": "Korean, CER", "en": "English, WER"}
SETS = (
    ("utterances", False, "sentences"),
    ("composed stereo", False, "composed calls, stereo, by role"),
    ("composed mono", False, "composed calls, mono"),
    ("composed stereo", True, "30-minute call, stereo, by role"),
    ("composed mono", True, "30-minute call, mono"),
)
DIARIZATION_SYSTEMS = (OURS, "callytics, number known", "silero", "ii")


Field = Callable[[RecognitionScore], ErrorCounts | None]


def number(value: float, digits: int = 3) -> str:
    """A rate without its leading zero, as is usual; a dash without a measurement; counts as integers."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("0") if text.startswith("0.") else text


def units(score: RecognitionScore) -> ErrorCounts | None:
    return score.units


def ours_of(scores: Iterable[DiarizationScore], subset: str, system: str = OURS) -> list[DiarizationScore]:
    return [score for score in scores if score.subset == subset and score.system == system]


def floor_table(judged: Sequence[Floor]) -> list[Table]:
    rows = [
        [
            floor.name,
            number(floor.value),
            ("≤ " if floor.lower_is_better else "≥ ") + number(floor.limit),
            "yes" if floor.met else "**no**",
        ]
        for floor in judged
    ]
    return [Table("Floors", ["figure", "measured", "floor", "met"], rows)] if rows else []


def recognition_table(scores: Sequence[RecognitionScore]) -> list[Table]:
    rows = []
    for language, unit in LANGUAGES.items():
        for subset, long, name in SETS:
            ours = pooled(select(scores, OURS, subset, language, long), units)
            if not ours.reference_units:
                continue
            rates = [
                number(pooled(select(scores, s, subset, language, long), units).rate) for s in SYSTEMS[1:]
            ]
            best = best_plain(of_set(scores, subset, language, long), SYSTEMS[1:])
            rows.append(
                [
                    f"{unit}: {name}",
                    f"**{number(ours.rate)}**",
                    *rates,
                    f"{number(best[1].rate)} ({best[0]})" if best else "–",
                ]
            )
    header = ["set", "callytics", *(f"({mode.id})" for mode in MODES), "best plain mode"]
    note = "Stereo: the text of each channel against its party. A dash: not run, for time (long call, sentences)."
    return [Table("Recognition", header, rows, note)] if rows else []


def errors_table(scores: Sequence[RecognitionScore]) -> list[Table]:
    """Where the errors come from, by set and half; the real calls one by one."""
    rows = []
    for language, unit in LANGUAGES.items():
        sets = [(f"{unit}: {name}", of_set(scores, subset, language, long)) for subset, long, name in SETS]
        real = of_set(scores, "real", language)
        sets += [
            (f"{unit}: {sample}", [s for s in real if s.sample == sample])
            for sample in dict.fromkeys(s.sample for s in real)
        ]
        for name, of_this in sets:
            for part in HALVES:
                chosen = [score for score in of_this if half(score.sample) == part]
                ours = pooled((score for score in chosen if score.system == OURS), units)
                if ours.reference_units:
                    best = best_plain(chosen, SYSTEMS[1:])
                    cells = [f"{number(best[1].rate)} ({best[0]})", _kinds(best[1])] if best else ["–", "–"]
                    deletions = number(ours.deletions / ours.reference_units)
                    rows.append([name, part, number(ours.rate), deletions, _kinds(ours), *cells])
    header = [
        "set",
        "half",
        "callytics",
        "its deletions",
        "ours: sub / del / ins of units",
        "best plain mode",
        "its sub / del / ins of units",
    ]
    note = (
        'Rules of the recogniser are chosen on the recordings of the half "choose" only; "report" are recordings that '
        "they were not chosen on. A hash of the name decides (evaluation/datasets.py, half). Deletions: missed speech."
    )
    return [Table("Recognition: kinds of errors", header, rows, note)] if rows else []


def _kinds(errors: ErrorCounts) -> str:
    return f"{errors.substitutions} / {errors.deletions} / {errors.insertions} of {errors.reference_units}"


def role_text_table(scores: Sequence[RecognitionScore]) -> list[Table]:
    rows = []
    for language, unit in LANGUAGES.items():
        for subset, long, name in SETS[1:]:
            ours = select(scores, OURS, subset, language, long)
            if not ours:
                continue
            fields: list[Field] = [lambda s: s.by_role, lambda s: s.best_mapping]
            cells = [number(pooled(ours, field).rate) for field in fields]
            spaced = number(pooled(ours, lambda s: s.words_with_spaces).rate) if language == "ko" else "–"
            rows.append([f"{unit}: {name.removesuffix(', by role')}", *cells, spaced])
    header = ["set", "under the assigned roles", "best mapping of speakers (cp)", "Korean WER with spaces"]
    note = (
        "Under the assigned roles: text with no role, or with the wrong one, is missing where it belongs and "
        "inserted where it is. Best mapping: cpCER / cpWER (CHiME-6)."
    )
    return [Table("Text by role", header, rows, note)] if rows else []


def times_table(scores: Sequence[RecognitionScore]) -> list[Table]:
    rows = []
    for subset in ("composed stereo", "composed mono"):
        for system in (OURS, "ii"):
            chosen = [s for s in scores if s.subset == subset and s.system == system]
            times = pooled_times(chosen)
            if times.words:
                rows.append(
                    [
                        f"{subset}, {system}",
                        number(times.quantile_s(0.5), 2),
                        number(times.quantile_s(0.9), 2),
                        number(times.quantile_s(0.95), 2),
                        number(times.compared),
                        number(times.inside),
                    ]
                )
    header = [
        "set and system",
        "median (s)",
        "90 % within (s)",
        "95 % within (s)",
        "edges compared",
        "words inside",
    ]
    note = (
        "Absolute distance of the first word's start and the last word's end of an utterance to its exact edges; "
        "share of edges that could be compared; share of words whose middle is in (their party's) reference speech."
    )
    return [Table("Word times", header, rows, note)] if rows else []


def real_table(scores: Sequence[RecognitionScore]) -> list[Table]:
    rows = []
    samples = dict.fromkeys((s.sample, s.language) for s in scores if s.subset == "real")
    for sample, language in samples:
        found = {s.system: s for s in scores if s.subset == "real" and s.sample == sample}
        cells = [_real_cell(found[system]) if system in found else "–" for system in SYSTEMS]
        rows.append([sample, language, *cells])
    header = ["recording", "language", "callytics", *(f"({mode.id})" for mode in MODES)]
    note = (
        "WER, or the keywords found where only keywords are known. Not scored for want of a checked reference: "
        "azure_katiesteve, lca_auto_repairs_40."
    )
    return [Table("Real and role-played calls", header, rows, note)] if rows else []


def _real_cell(score: RecognitionScore) -> str:
    if score.keywords:
        return f"{len(score.keywords_found)} of {len(score.keywords)} keywords"
    return number(score.units.rate) if score.units else "–"


def diarization_table(scores: Sequence[DiarizationScore]) -> list[Table]:
    rows = []
    for subset in dict.fromkeys(score.subset for score in scores):
        for system in DIARIZATION_SYSTEMS:
            chosen = ours_of(scores, subset, system)
            if not chosen:
                continue
            sums = pool(chosen)
            strict = sums.strict
            parts = (strict.missed_s, strict.false_alarm_s, strict.confusion_s)
            rows.append(
                [
                    f"{subset} ({sums.recordings})",
                    system,
                    number(sums.strict.rate),
                    number(sums.forgiving.rate),
                    " / ".join(number(part / strict.total_s) for part in parts),
                    number(sums.turns.rate),
                    number(sums.roles.accuracy),
                    number(sums.roles.accuracy_of_detected),
                    f"{sums.counted_right} of {sums.recordings}",
                ]
            )
    header = [
        "set (recordings)",
        "system",
        "DER",
        "DER, collar .25",
        "missed / false alarm / confusion",
        "DER .25 of turns",
        "role accuracy",
        "of detected speech",
        "number of speakers right",
    ]
    return [Table("Speakers and roles", header, rows)] if rows else []


def silence_tables(measured: Measurements) -> list[Table]:
    if not measured.silence:
        return []
    names = list(dict.fromkeys(row.recording for row in measured.silence))
    found = {(row.recording, row.system): row for row in measured.silence}
    rows = []
    for name in names:
        cells = [
            str(found[name, system].characters) if (name, system) in found else "–" for system in SYSTEMS
        ]
        rows.append([name, *cells])
    sums = summary(measured.silence)
    rows.append(["**all**", *(str(sums.get(system, "–")) for system in SYSTEMS)])
    header = ["recording", "callytics", *(f"({mode.id})" for mode in MODES)]
    note = (
        "Letters and digits written where nobody speaks. Modes (i) and (iii) have no word times: no pauses."
    )
    return [Table("Invented text", header, rows, note)]


def recording_table(measured: Measurements) -> list[Table]:
    speakers = {s.sample: s for s in measured.diarization if s.system == OURS}
    rows = []
    for score in measured.recognition:
        if score.system != OURS or score.subset == "utterances" or not score.units:
            continue
        who = speakers.get(score.sample)
        plain = [s for s in measured.recognition if (s.system, s.sample) == ("ii", score.sample)]
        rows.append(
            [
                score.sample,
                number(score.units.rate),
                number(plain[0].units.rate) if plain and plain[0].units else "–",
                number(score.by_role.rate) if score.by_role else "–",
                number(who.forgiving.rate) if who else "–",
                number(who.roles.accuracy) if who and who.roles else "–",
            ]
        )
    header = ["recording", "CER / WER", "(ii)", "under assigned roles", "DER, collar .25", "role accuracy"]
    return [Table("By recording", header, rows)] if rows else []
