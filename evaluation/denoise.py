"""Whether ``denoise: auto`` helps: sentences with hiss, read by the shipped recogniser with and without reduced noise.

The speakers of the kit are split in two: the rule (engines/audio/denoise.py) was chosen on one half, and docs/adr/0017
reports the other. ``python -m evaluation.denoise DATA report`` prints every cell when it is measured.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ, Acoustics, Audio, CallOptions, Media, Pcm
from callytics.engines.audio import denoise, enhance, measure
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.metrics import ErrorCounts, text_errors
from evaluation.datasets import Clip, clips
from evaluation.enhancement import (
    LOUDNESS_LUFS,
    MOST_DB,
    PAUSE_S,
    WINDOW_S,
    Passage,
    Samples,
    add_noise,
    join,
    pink_noise,
)

SEEDS = {"choose": 101, "report": 202}
PASSAGES = 3
CONDITIONS = (("white", 5.0), ("white", 10.0))
TELEPHONE_HZ = (200.0, 3400.0)


@dataclass(frozen=True)
class Cell:
    """One passage with noise. ``reduced`` is measured whether the rule fires or not."""

    passage: Passage
    name: str
    snr_db: float
    fires: bool
    plain: ErrorCounts
    reduced: ErrorCounts


def passages(data: Path, language: str, half: str) -> list[Passage]:
    """Sentences of half of the speakers, in an order drawn once, joined to about 25 s."""
    with (data / f"asr_{language}" / f"asr_{language}.tsv").open(encoding="utf-8", newline="") as file:
        speaker = {Path(row["file"]).stem: row["speaker"] for row in csv.DictReader(file, delimiter="\t")}
    own = sorted(set(speaker.values()))[0 if half == "choose" else 1 :: 2]
    chosen = [
        clip for clip in clips(data, language) if speaker[clip.id] in own and 2.0 <= clip.duration_s <= 15.0
    ]
    order = list(range(len(chosen)))
    np.random.default_rng(7).shuffle(order)
    groups: list[list[Clip]] = [[]]
    for index in order:
        length_s = sum(clip.duration_s + PAUSE_S for clip in [*groups[-1], chosen[index]])
        if groups[-1] and length_s > WINDOW_S:
            groups.append([])
        groups[-1].append(chosen[index])
    return [join(group, language) for group in groups[:PASSAGES]]


def noisy(samples: Samples, kind: str, snr_db: float, seed: list[int], telephone: bool) -> Samples:
    """Noise added, then through the band of a telephone."""
    from scipy.signal import butter, sosfilt

    rng = np.random.default_rng(seed)
    size = len(samples)
    noise = pink_noise(size, rng) if kind == "pink" else rng.standard_normal(size).astype(np.float32)
    mixed = add_noise(samples, noise, snr_db)
    if telephone:
        band = butter(6, TELEPHONE_HZ, "bandpass", fs=PIPELINE_SAMPLE_RATE_HZ, output="sos")
        mixed = sosfilt(band, mixed).astype(np.float32)
    return mixed


def measured(data: Path, half: str) -> Iterator[Cell]:
    recognise = FasterWhisperRecognizer(cpu_threads=1)

    def errors(pcm: np.ndarray, passage: Passage) -> ErrorCounts:
        enhance.normalise_loudness(pcm, LOUDNESS_LUFS)
        rate_hz = PIPELINE_SAMPLE_RATE_HZ
        media = Media("", "wav", "pcm_s16le", rate_hz, 1, pcm.shape[1] / rate_hz)
        audio = Audio(Pcm.from_array(pcm, rate_hz), media, Acoustics(0.0, 0.0, 0.0, 0.0, 0.0), (0,))
        words = recognise(audio, CallOptions(language=passage.language)).words
        return text_errors(passage.references, " ".join(word.text for word in words), passage.language)

    for language in ("ko", "en"):
        for index, passage in enumerate(passages(data, language, half)):
            for kind, snr_db in CONDITIONS:
                seed = [SEEDS[half], index, len(kind), int(snr_db)]
                samples = noisy(passage.samples, kind, snr_db, seed, telephone=index % 2 == 1)
                pcm = np.clip(np.rint(samples[np.newaxis] * 16384), -32768, 32767).astype(np.int16)
                frames_dbfs = measure.levels(pcm, np.zeros(1)).frames_dbfs[0]
                estimate_db = measure.snr_db(frames_dbfs)
                fires = denoise.is_hissing(pcm, 0, frames_dbfs, estimate_db)
                cleaned = pcm.copy()
                enhance.reduce_noise(cleaned, 0, MOST_DB)
                name = f"{language} {index} {kind} {snr_db:.0f} dB"
                yield Cell(passage, name, estimate_db, fires, errors(pcm, passage), errors(cleaned, passage))


def main() -> None:
    data, half = Path(sys.argv[1]), sys.argv[2]
    sums: dict[str, list[int]] = {}
    for cell in measured(data, half):
        with_rule = cell.reduced if cell.fires else cell.plain
        figures = (cell.plain.errors, cell.reduced.errors, with_rule.errors, cell.plain.reference_units)
        language = sums.setdefault(cell.passage.language, [0, 0, 0, 0])
        sums[cell.passage.language] = [a + b for a, b in zip(language, figures, strict=True)]
        print(f"{cell.name}, SNR estimated {cell.snr_db:.1f} dB, fires: {cell.fires}, errors: {figures}")
    for language_code, (plain, reduced, with_rule_errors, units) in sums.items():
        print(f"{language_code}: never {plain}, always {reduced}, auto {with_rule_errors} of {units}")


if __name__ == "__main__":
    main()
