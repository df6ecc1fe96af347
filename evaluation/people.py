"""People told apart by voice: in short mono recordings, and after each other on one channel; and what the search costs.

    python -m evaluation.people DATA choose [channels] [short] [cost]      # or report

Channels are composed of the kit's sentences: telephone band, pink noise 20 dB below the speech. The speakers are split
in two: limits of callytics/engines/diarization were chosen on one half. Right means the number of people and every
sentence.
"""

from __future__ import annotations

import csv
import itertools
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.domain import (
    PIPELINE_SAMPLE_RATE_HZ,
    Acoustics,
    Audio,
    CallOptions,
    Diarization,
    Media,
    Pcm,
    Recording,
)
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.engines.diarization.onnx import OnnxDiarizer

Samples = npt.NDArray[np.float32]
PARTS = ("channels", "short", "cost")
RATE = PIPELINE_SAMPLE_RATE_HZ
TELEPHONE_HZ = (300.0, 3400.0)
SNR_DB = 20.0
PART_S = (7.0, 9.0)
PAUSE_S, HANDOVER_S = 0.6, 4.0
CALL_SECONDS = 90.0
COUNTS = {"one voice": 34, "man and woman": 12, "one gender": 40, "a, b, a": 24}
SHORT_PARTS = ((1, 1), (2, 2), (3, 3))
"""Sentences of a short mono recording: of each of its people."""
SHORT_COUNT = 24


@dataclass(frozen=True)
class Sentence:
    speaker: str
    samples: Samples


@dataclass(frozen=True)
class Composed:
    """``truth``: start, end and speaker of each sentence, in seconds."""

    audio: Audio
    truth: tuple[tuple[float, float, str], ...]


class Kit:
    """The sentences of one half of the speakers, in a fixed order without end."""

    def __init__(self, data: Path, half: str) -> None:
        import soundfile

        self.genders: dict[str, str] = {}
        self._rng = np.random.default_rng(0)
        self._sentences: dict[str, list[Sentence]] = defaultdict(list)
        for language in ("ko", "en"):
            folder = data / f"asr_{language}"
            with (folder / f"{folder.name}.tsv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            for row in rows:
                if 1.5 <= float(row["duration_s"]) <= 9.0 and row["style"] not in ("angry", "happy", "sad"):
                    samples, rate_hz = soundfile.read(folder / row["file"], dtype="float32")
                    if rate_hz == RATE:
                        self._sentences[row["speaker"]].append(Sentence(row["speaker"], samples))
                        self.genders[row["speaker"]] = row["gender"][:1]
        names = sorted(name for name, found in self._sentences.items() if len(found) >= 4)
        self.speakers = names[0 if half == "choose" else 1 :: 2]
        self._next = {name: itertools.cycle(self._sentences[name]) for name in self.speakers}

    def some(self, speaker: str, number: int = 0) -> list[Sentence]:
        """That many sentences; 0: a part of 7 to 9 s, its last sentence cut off where it is longer."""
        if number:
            return [next(self._next[speaker]) for _ in range(number)]
        found: list[Sentence] = []
        left = round(self._rng.uniform(*PART_S) * RATE)
        while left > RATE:
            sentence = next(self._next[speaker])
            found.append(Sentence(speaker, sentence.samples[:left]))
            left -= len(found[-1].samples)
        return found


def compose(parts: Sequence[Sequence[Sentence]], seed: int) -> Composed:
    """Parts after each other on one channel."""
    from scipy.signal import butter, sosfilt

    rng = np.random.default_rng(seed)
    pieces, truth, at = [np.zeros(RATE // 2, np.float32)], [], RATE // 2
    for part in parts:
        for sentence in part:
            level = np.sqrt(np.mean(sentence.samples**2)) + 1e-9
            pieces += [sentence.samples * (0.05 / level), np.zeros(round(PAUSE_S * RATE), np.float32)]
            truth.append((at / RATE, (at + len(sentence.samples)) / RATE, sentence.speaker))
            at += len(sentence.samples) + round(PAUSE_S * RATE)
        if part is not parts[-1]:
            pieces.append(np.zeros(round(HANDOVER_S * RATE), np.float32))
            at += round(HANDOVER_S * RATE)
    clean = np.concatenate(pieces)
    spectrum = np.fft.rfft(rng.standard_normal(len(clean)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(1.0, np.arange(len(spectrum)))), len(clean))
    noisy = clean + pink / np.sqrt(np.mean(pink**2)) * 0.05 * 10 ** (-SNR_DB / 20)
    band = butter(6, TELEPHONE_HZ, "bandpass", fs=RATE, output="sos")
    samples = np.asarray(sosfilt(band, noisy), np.float32)
    pcm = Pcm.from_array(samples[None], RATE)
    media = Media("", "wav", "pcm_s16le", RATE, 1, pcm.duration_s)
    return Composed(Audio(pcm, media, Acoustics(-26.0, -23.0, SNR_DB, 0.0, 0.3), (0,)), tuple(truth))


def is_right(spans_of_people: Sequence[Sequence[tuple[float, float]]], composed: Composed) -> bool:
    """As many people as there are, and each sentence of the person who says it."""
    speakers = list(dict.fromkeys(speaker for _, _, speaker in composed.truth))
    if len(spans_of_people) != len(speakers):
        return False
    owner: dict[str, int] = {}
    for start_s, end_s, speaker in composed.truth:
        shares = [
            sum(max(0.0, min(end_s, end) - max(start_s, start)) for start, end in spans)
            for spans in spans_of_people
        ]
        best = int(np.argmax(shares))
        if owner.setdefault(speaker, best) != best:
            return False
    return len(set(owner.values())) == len(speakers)


def successions(kit: Kit) -> Iterator[tuple[str, Composed]]:
    """Channels of one party on which people talk after each other."""
    rng = np.random.default_rng(1)
    pairs = list(itertools.permutations(kit.speakers, 2))
    alike = [pair for pair in pairs if kit.genders[pair[0]] == kit.genders[pair[1]]]
    mixed = [pair for pair in pairs if kit.genders[pair[0]] != kit.genders[pair[1]]]
    rng.shuffle(alike)
    rng.shuffle(mixed)
    for n in range(COUNTS["one voice"]):
        name = kit.speakers[n % len(kit.speakers)]
        yield "one voice", compose([kit.some(name) for _ in range(2 + n % 2)], n)
    for kind, chosen, order in (
        ("man and woman", mixed, (0, 1)),
        ("one gender", alike, (0, 1)),
        ("a, b, a", alike, (0, 1, 0)),
    ):
        for n in range(COUNTS[kind]):
            pair = chosen[n % len(chosen)]
            yield kind, compose([kit.some(pair[k]) for k in order], 1000 + n)


def short_recordings(kit: Kit) -> Iterator[tuple[str, Composed]]:
    """Mono recordings of a few sentences: of one person, of two in turn."""
    rng = np.random.default_rng(2)
    pairs = list(itertools.permutations(kit.speakers, 2))
    rng.shuffle(pairs)
    for number, _ in SHORT_PARTS:
        for n in range(SHORT_COUNT):
            name = kit.speakers[n % len(kit.speakers)]
            yield f"{number} of one", compose([kit.some(name, number)], n)
            first, second = pairs[n % len(pairs)]
            turns = [kit.some(name, 1) for _ in range(number) for name in (first, second)]
            yield f"{number} of each of two", compose([list(itertools.chain(*turns))], 500 + n)


def cost_of_search(data: Path, diarizer: OnnxDiarizer) -> Iterator[tuple[str, float, float]]:
    """Each composed call: CPU time of the stage, and of that the search for people after each other.

    The median of five runs.
    """
    audio = StandardAudioProcessor()
    for path in sorted((data / "calls" / "composed").glob("*.stereo.wav")):
        call = audio(Recording(path.stem, str(path)), CallOptions())
        if call.pcm.duration_s > 2 * CALL_SECONDS:
            continue
        runs = []
        for _ in range(5):
            start = time.thread_time()
            found = diarizer(call, CallOptions())
            whole_s = time.thread_time() - start
            start = time.thread_time()
            for channel in range(call.pcm.num_channels):
                spans = [(s.start_s, s.end_s) for s in found.segments if s.channel == channel]
                diarizer.people(call, channel, spans)
            runs.append((whole_s, time.thread_time() - start))
        yield path.stem, *sorted(runs, key=lambda run: run[1] / run[0])[2]


def _people(found: Diarization) -> list[list[tuple[float, float]]]:
    return [[(s.start_s, s.end_s) for s in found.segments if s.speaker == p.id] for p in found.participants]


def main() -> None:
    data, half, parts = Path(sys.argv[1]), sys.argv[2], sys.argv[3:] or PARTS
    diarizer, kit = OnnxDiarizer(), Kit(data, half)
    print(f"{half}: {len(kit.speakers)} speakers")
    counts: Counter[tuple[str, bool]] = Counter()
    for kind, composed in successions(kit) if "channels" in parts else ():
        spans = [(start_s, end_s) for start_s, end_s, _ in composed.truth]
        counts[kind, is_right(diarizer.people(composed.audio, 0, spans), composed)] += 1
    for kind, composed in short_recordings(kit) if "short" in parts else ():
        counts[kind, is_right(_people(diarizer(composed.audio, CallOptions())), composed)] += 1
    for kind in dict.fromkeys(kind for kind, _ in counts):
        print(f"{kind}: {counts[kind, True]} of {counts[kind, True] + counts[kind, False]} right")
    for name, whole_s, search_s in cost_of_search(data, diarizer) if "cost" in parts else ():
        print(f"{name}: search {search_s * 1000:.0f} ms of {whole_s * 1000:.0f} ms, {search_s / whole_s:.1%}")


if __name__ == "__main__":
    main()
