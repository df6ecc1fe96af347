"""Effect of speech enhancement on recognition: sentences with known noise, with every kind of enhancement.

Noise is added at a known signal-to-noise ratio with a fixed seed, so only the enhancement differs.
Sentences are joined, half a second apart, into recordings of about 25 s (one window of Whisper), and the recogniser
is plain faster-whisper with the language given, so only the effect of the audio is compared.
The engine's defaults in engines/audio/standard.py follow this table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.metrics import ErrorCounts, text_errors, total
from evaluation.datasets import Clip, clips
from evaluation.measurements import Table

SAMPLE_RATE_HZ = 16_000
SEED = 20261122
WINDOW_S = 25.0
PAUSE_S = 0.5
HIGH_PASS_HZ = 80.0
LOUDNESS_LUFS = -23.0
MOST_DB = 15.0

Samples = npt.NDArray[np.float32]
Transcribe = Callable[[Samples, str], str]
"""float32 samples of shape (num_samples,) at 16 kHz, language -> text."""


@dataclass(frozen=True)
class Passage:
    """Consecutive sentences of one language; ``references`` as in Clip, joined."""

    language: str
    samples: Samples
    references: tuple[str, ...]


# ---------------------------------------------------------------- conditions


def pink_noise(size: int, rng: np.random.Generator) -> Samples:
    """Noise with 3 dB less per octave, about that of rooms and lines; unit power, shape (size,)."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, size)
    return _unit_power(noise)


def _unit_power(noise: npt.NDArray[np.float64]) -> Samples:
    scaled: Samples = (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return scaled


def hum(size: int, rng: np.random.Generator) -> Samples:
    """Mains hum: 60 Hz with harmonics and rumble below 50 Hz; unit power, shape (size,)."""
    time_s = np.arange(size) / SAMPLE_RATE_HZ
    tones = sum(np.sin(2 * np.pi * 60 * k * time_s + rng.uniform(0, 6)) / k**2 for k in (1, 2, 3))
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum[np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ) > 50] = 0.0
    rumble = np.fft.irfft(spectrum, size)
    noise = np.asarray(tones) + rumble / np.sqrt(np.mean(rumble**2))
    return _unit_power(noise)


def babble(size: int, rng: np.random.Generator, voices: Sequence[Samples]) -> Samples:
    """Six voices at once, as in an open-plan office; unit power, shape (size,)."""
    noise = np.zeros(size)
    for index in rng.choice(len(voices), size=min(6, len(voices)), replace=False):
        voice = np.resize(np.roll(voices[index], int(rng.integers(len(voices[index])))), size)
        noise += voice / np.sqrt(np.mean(voice**2) + 1e-12)
    return _unit_power(noise)


def add_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """``noise`` has unit power. The sum is scaled down if it would clip."""
    gain = np.sqrt(np.mean(samples**2) / 10 ** (snr_db / 10))
    noisy = samples + np.float32(gain) * noise
    scaled: Samples = (noisy / max(1.0, float(np.abs(noisy).max()))).astype(np.float32)
    return scaled


Condition = Callable[[Samples, np.random.Generator, Sequence[Samples]], Samples]

CONDITIONS: dict[str, Condition] = {
    "as recorded": lambda samples, rng, voices: samples,
    "30 dB quieter": lambda samples, rng, voices: (np.rint(samples * 0.0316 * 32768) / 32768).astype(
        np.float32
    ),
    "hum, 0 dB": lambda samples, rng, voices: add_noise(samples, hum(len(samples), rng), 0.0),
    "pink noise, 10 dB": lambda samples, rng, voices: add_noise(samples, pink_noise(len(samples), rng), 10.0),
    "pink noise, 0 dB": lambda samples, rng, voices: add_noise(samples, pink_noise(len(samples), rng), 0.0),
    "babble, 5 dB": lambda samples, rng, voices: add_noise(samples, babble(len(samples), rng, voices), 5.0),
}

# ---------------------------------------------------------------- treatments


def treat(samples: Samples, *, high_pass: bool, loudness: bool, noise_reduction: bool) -> Samples:
    """The steps of the audio-processor, in its order."""
    from callytics.engines.audio import enhance

    pcm = np.clip(np.rint(samples[np.newaxis] * 32768.0), -32768, 32767).astype(np.int16)
    if high_pass:
        enhance.high_pass(pcm, HIGH_PASS_HZ)
    if noise_reduction:
        enhance.reduce_noise(pcm, 0, MOST_DB)
    if loudness:
        enhance.normalise_loudness(pcm, LOUDNESS_LUFS)
    treated: Samples = pcm[0].astype(np.float32) / np.float32(32768.0)
    return treated


TREATMENTS: dict[str, tuple[bool, bool, bool]] = {
    "none": (False, False, False),
    "high-pass": (True, False, False),
    "loudness": (False, True, False),
    "high-pass, loudness": (True, True, False),
    "the same and noise reduction": (True, True, True),
}
"""Name -> high-pass, loudness, noise reduction."""

# ---------------------------------------------------------------- measuring


def passages(data: Path, language: str, clips_per_language: int) -> tuple[list[Passage], list[Samples]]:
    """Evenly chosen sentences joined to passages, and other sentences of the set as voices for babble."""
    every = [clip for clip in clips(data, language) if 2.0 <= clip.duration_s <= 15.0]
    chosen = every[:: max(1, len(every) // clips_per_language)][:clips_per_language]
    others = [clip for clip in every if clip not in chosen][:12]
    joined: list[Passage] = []
    group: list[Clip] = []
    for clip in [*chosen, None]:
        if group and (clip is None or sum(c.duration_s + PAUSE_S for c in [*group, clip]) > WINDOW_S):
            joined.append(join(group, language))
            group = []
        if clip is not None:
            group.append(clip)
    return joined, [_decode(clip.path) for clip in others or chosen]


def join(group: Sequence[Clip], language: str) -> Passage:
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), np.float32)
    parts = [part for clip in group for part in (_decode(clip.path), pause)]
    forms = max(len(clip.references) for clip in group)
    references = tuple(
        " ".join(clip.references[min(form, len(clip.references) - 1)] for clip in group)
        for form in range(forms)
    )
    return Passage(language, np.concatenate(parts), references)


def _decode(path: Path) -> Samples:
    from evaluation.baselines import decode

    samples: Samples = decode(path, 1)[0]
    return samples


def plain_transcribe(model: str = "whisper-base", cpu_threads: int = 2) -> Transcribe:
    """Plain faster-whisper, beam 5, one temperature: nothing is sampled."""
    from faster_whisper import WhisperModel

    from callytics.weights.manifest import pull

    whisper = WhisperModel(str(pull(model)), device="cpu", compute_type="int8", cpu_threads=cpu_threads)

    def transcribe(samples: Samples, language: str) -> str:
        segments, _ = whisper.transcribe(samples, language=language, temperature=0.0)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe


def measure(
    data: Path,
    languages: Sequence[str] = ("ko", "en"),
    clips_per_language: int = 24,
    transcribe: Transcribe | None = None,
    on_progress: Callable[[str], None] = lambda cell: None,
) -> dict[tuple[str, str, str], ErrorCounts]:
    """(language, condition, treatment) -> character (ko) or word errors."""
    transcribe = transcribe or plain_transcribe()
    errors: dict[tuple[str, str, str], ErrorCounts] = {}
    for language in languages:
        spoken, voices = passages(data, language, clips_per_language)
        for condition, distort in CONDITIONS.items():
            rng = np.random.default_rng(SEED)
            noisy = [distort(passage.samples, rng, voices) for passage in spoken]
            for treatment, (high_pass, loudness, noise_reduction) in TREATMENTS.items():
                counts = []
                for passage, samples in zip(spoken, noisy, strict=True):
                    treated = treat(
                        samples, high_pass=high_pass, loudness=loudness, noise_reduction=noise_reduction
                    )
                    counts.append(text_errors(passage.references, transcribe(treated, language), language))
                errors[language, condition, treatment] = total(counts)
                on_progress(f"{language} | {condition} | {treatment} | {total(counts).rate:.3f}")
    return errors


def table(data: Path, clips_per_language: int = 24) -> Table:
    """The figures as a table of docs/quality.md: CER (Korean) / WER (English) by condition and treatment."""
    errors = measure(data, clips_per_language=clips_per_language)
    rows = [
        [
            condition,
            *(
                f"{errors['ko', condition, t].rate:.3f} / {errors['en', condition, t].rate:.3f}"
                for t in TREATMENTS
            ),
        ]
        for condition in CONDITIONS
    ]
    note = (
        f"Korean CER / English WER of plain faster-whisper base on {clips_per_language} sentences of each language, "
        f"noise added with a fixed seed; high-pass {HIGH_PASS_HZ:.0f} Hz, loudness {LOUDNESS_LUFS:.0f} LUFS, "
        f"noise reduction by a Wiener filter, at most {MOST_DB:.0f} dB. "
        f"Regenerate: callytics eval DATA --only enhancement."
    )
    return Table("Does enhancement help recognition?", ["condition", *TREATMENTS], rows, note)


def main() -> None:
    """``python -m evaluation.enhancement DATA [CLIPS]``: prints every cell when it is measured."""
    import sys

    measure(
        Path(sys.argv[1]), clips_per_language=int(sys.argv[2]) if len(sys.argv) > 2 else 24, on_progress=print
    )


if __name__ == "__main__":
    main()
