"""Pitch and raised voices: accuracy, hits and false alarms, and what they cost.

    python -m evaluation.voice DATA choose      # or report

No public recording has calls with a gold of raised voices. So sentences of one speaker become the turns of a call, and
one turn is raised: a gain, and a pitch shifted by resampling. The speakers of the kit are split in two; the limits
of callytics/conversation/voice.py were chosen on one half. Calls of the kit are split by number.
"""

from __future__ import annotations

import base64
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.conversation.voice import RAISED_VOICE, with_voice
from callytics.domain import (
    PIPELINE_SAMPLE_RATE_HZ,
    VOICE_LOWEST_HZ,
    VOICE_STEPS_PER_SEMITONE,
    Acoustics,
    Audio,
    CallOptions,
    Conversation,
    Media,
    Participant,
    Pcm,
    Recording,
    SpeechSegment,
    Turn,
    Word,
)
from callytics.engines.audio import voice
from callytics.engines.audio.standard import StandardAudioProcessor

Samples = npt.NDArray[np.float32]
RATE = PIPELINE_SAMPLE_RATE_HZ
PAUSE_S = 0.5
TURNS = 8
TELEPHONE_HZ = (300.0, 3400.0)
RAISED = ((6.0, 3.0), (8.0, 4.0), (12.0, 5.0), (16.0, 7.0))  # dB, semitones
NOT_RAISED = ((6.0, 0.0), (12.0, 0.0), (-6.0, 4.0), (0.0, 3.0), (0.0, 5.0))  # level control; a lively voice
PITCHES_HZ = (80.0, 110.0, 150.0, 210.0, 280.0, 380.0, 460.0)


@dataclass(frozen=True)
class Clip:
    speaker: str
    style: str
    samples: Samples


def main() -> None:
    data, half = Path(sys.argv[1]), sys.argv[2]
    _print_pitch_errors()
    speakers = list(_speakers(data, half))
    print(f"\n{half}: {len(speakers)} speakers, {sum(map(len, speakers))} turns")
    for telephone in (False, True):
        _print_constructed(speakers, telephone)
    _print_calls(data, half)
    if half == "report":
        _print_emotions(data)


# ---------------------------------------------------------------- pitch


def glottal(hz: float, seconds: float, formants_hz: tuple[float, ...] = (600.0, 1200.0, 2500.0)) -> Samples:
    """A vowel: pulses at ``hz`` through resonances."""
    from scipy.signal import lfilter

    times = np.arange(round(seconds * RATE)) / RATE
    pulses = np.diff(np.floor(times * hz), prepend=0.0)
    for formant_hz in formants_hz:
        radius = np.exp(-np.pi * 80.0 / RATE)
        pulses = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * formant_hz / RATE), radius**2], pulses)
    return np.asarray(0.1 * pulses / np.abs(pulses).max(), np.float32)


def telephone_band(samples: Samples) -> Samples:
    from scipy.signal import butter, sosfilt

    band = butter(6, TELEPHONE_HZ, "bandpass", fs=RATE, output="sos")
    return np.asarray(sosfilt(band, samples), np.float32)


def _print_pitch_errors() -> None:
    rng = np.random.default_rng(5)
    print("pitch: true Hz, then largest error of voiced frames in semitones and share of voiced frames")
    for name, telephone, snr_db in (
        ("wide", False, 60),
        ("telephone", True, 60),
        ("telephone 10 dB", True, 10),
    ):
        cells = []
        for hz in PITCHES_HZ:
            samples = glottal(hz, 2.0)
            samples = telephone_band(samples) if telephone else samples
            noise = rng.standard_normal(len(samples)) * np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20)
            track = voice.tracks(_int16(samples + noise.astype(np.float32)))[0]
            found = _hz(track.pitches)
            errors = np.abs(12 * np.log2(found[found > 0] / hz))
            cells.append(f"{hz:.0f}: {errors.max(initial=0):.2f} {(found > 0).mean():.2f}")
        print(f"  {name:16} " + "  ".join(cells))


def _hz(pitches: str) -> npt.NDArray[np.float64]:
    steps = np.frombuffer(base64.b64decode(pitches), np.uint8).astype(float)
    hz = VOICE_LOWEST_HZ * 2 ** ((steps - 1) / VOICE_STEPS_PER_SEMITONE / 12)
    return np.where(steps > 0, hz, 0.0)


# ---------------------------------------------------------------- constructed calls


def _speakers(data: Path, half: str) -> Iterator[list[Clip]]:
    """Up to TURNS sentences of each speaker that has as many."""
    import soundfile

    for language in ("ko", "en"):
        folder = data / f"asr_{language}"
        with (folder / f"asr_{language}.tsv").open(encoding="utf-8", newline="") as file:
            rows = [
                row
                for row in csv.DictReader(file, delimiter="\t")
                if 1.5 <= float(row["duration_s"]) <= 12 and row["style"] not in ("angry", "happy", "sad")
            ]
        names = sorted({row["speaker"] for row in rows})
        for name in names[0 if half == "choose" else 1 :: 2]:
            own = [row for row in rows if row["speaker"] == name][:TURNS]
            if len(own) < 5:
                continue
            clips = []
            for row in own:
                samples, rate = soundfile.read(folder / row["file"], dtype="float32")
                if rate != RATE:
                    break
                clips.append(Clip(name, row["style"], samples))
            if len(clips) >= 5:
                yield clips


def _print_constructed(speakers: list[list[Clip]], telephone: bool) -> None:
    print(
        f"constructed, {'telephone' if telephone else 'wide band'}: flagged of changed turns; of unchanged turns"
    )
    found = Counter[str]()
    for change in ((0.0, 0.0), *RAISED, *NOT_RAISED):
        hits = total = false = others = 0
        for clips in speakers:
            for changed in range(0, len(clips), 3):
                flags = _flags(clips, changed, *change, telephone)
                hits += flags[changed]
                total += 1
                false += sum(flags) - flags[changed]
                others += len(flags) - 1
        found[str(change)] = hits
        kind = "raised" if change in RAISED else "not raised"
        print(
            f"  {change[0]:+5.0f} dB {change[1]:+3.0f} semitones ({kind:10}): {hits} of {total}; {false} of {others}"
        )


def _shifted(clip: Clip, semitones: float) -> Samples:
    """By playing it faster: formants rise with the pitch, as in a raised voice."""
    import soxr

    if not semitones:
        return clip.samples
    return np.asarray(
        soxr.resample(clip.samples, RATE * 2 ** (semitones / 12), RATE, quality="LQ"), np.float32
    )


def _flags(clips: list[Clip], changed: int, gain_db: float, semitones: float, telephone: bool) -> list[bool]:
    parts: list[Samples] = []
    lines: list[tuple[int, float, float]] = []
    start_s = 0.0
    for number, clip in enumerate(clips):
        samples: Samples = clip.samples * np.float32(0.25)
        if number == changed:
            samples = _shifted(clip, semitones) * np.float32(0.25 * 10 ** (gain_db / 20))
        end_s = start_s + len(samples) / RATE
        lines.append((0, start_s, end_s))
        parts += [samples, np.zeros(round(PAUSE_S * RATE), np.float32)]
        start_s = end_s + PAUSE_S
    joined = np.concatenate(parts)
    pcm = _int16(telephone_band(joined) if telephone else joined)
    audio = Audio(
        Pcm.from_array(pcm, RATE),
        Media("", "wav", "pcm", RATE, 1, start_s),
        Acoustics(-20, -20, 30, 0, 0),
        (0,),
        voice_tracks=voice.tracks(pcm),
    )
    told = with_voice(conversation(lines, 1, start_s), audio)
    return [RAISED_VOICE in turn.flags for turn in told.turns]


def _int16(samples: Samples) -> npt.NDArray[np.int16]:
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)[np.newaxis]


def conversation(lines: list[tuple[int, float, float]], num_channels: int, duration_s: float) -> Conversation:
    """Each line (speaker, start_s, end_s) is a turn of its own."""
    channels = {speaker: None if num_channels == 1 else speaker for speaker, _, _ in lines}
    lines = sorted(lines, key=lambda line: line[1])
    return Conversation(
        "en",
        duration_s,
        tuple(Participant(f"spk_{speaker}", channel_index=channels[speaker]) for speaker in sorted(channels)),
        tuple(
            Turn(f"t{n}", f"spk_{speaker}", start_s, end_s, "", "", (Word("", start_s, end_s, 1.0),), 1.0)
            for n, (speaker, start_s, end_s) in enumerate(lines, start=1)
        ),
        tuple(
            SpeechSegment(start_s, end_s, f"spk_{speaker}", channels[speaker])
            for speaker, start_s, end_s in lines
        ),
    )


# ---------------------------------------------------------------- calls of the kit


def _print_calls(data: Path, half: str) -> None:
    print("calls of the kit, by their reference: raised turns of turns; stereo and mono")
    engine = StandardAudioProcessor()
    every = sorted((data / "calls" / "composed").glob("*.json"))
    total = Counter[str]()
    for path in every[0 if half == "choose" else 1 :: 2]:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = []
        for kind in ("stereo", "mono"):
            file = path.parent / document["files"][kind]
            start = time.process_time()
            audio = engine(Recording("call", str(file)), CallOptions())
            total[f"{kind} cpu_s"] += round(1000 * (time.process_time() - start))
            start = time.process_time()
            voice.tracks(audio.pcm.int16())
            total[f"{kind} voice"] += round(1000 * (time.process_time() - start))
            lines = [(u["channel"], u["start"], u["end"]) for u in document["utterances"]]
            start = time.process_time()
            told = with_voice(conversation(lines, audio.pcm.num_channels, audio.pcm.duration_s), audio)
            total[f"{kind} turns cpu"] += round(1e3 * (time.process_time() - start))
            total[f"{kind} seconds"] += round(audio.pcm.duration_s)
            raised = [t for t in told.turns if RAISED_VOICE in t.flags]
            measured = [t for t in told.turns if t.voice]
            total[f"{kind} raised"] += len(raised)
            total[f"{kind} measured"] += len(measured)
            total[f"{kind} turns"] += len(told.turns)
            cells.append(f"{kind} {len(raised)} of {len(told.turns)} ({len(measured)} measured)")
        print(f"  {path.stem:18} " + "; ".join(cells))
    print("  in all:", dict(total))


def _print_emotions(data: Path) -> None:
    """Acted sentences of one speaker: the only call of the kit with moods that are heard and not in the words."""
    path = data / "calls" / "composed" / "ko_call5_emotion.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    audio = StandardAudioProcessor()(
        Recording("call", str(path.parent / document["files"]["stereo"])), CallOptions()
    )
    lines = [(u["channel"], u["start"], u["end"]) for u in document["utterances"]]
    told = with_voice(conversation(lines, audio.pcm.num_channels, audio.pcm.duration_s), audio)
    print(
        "acted moods of one speaker: turns; median change of pitch (semitones), of loudness (dB), range (semitones)"
    )
    moods = [u["emotion"] for u in sorted(document["utterances"], key=lambda u: float(u["start"]))]
    for mood in ("neutral", "happy", "angry", "sad"):
        voices = [turn.voice for turn, of in zip(told.turns, moods, strict=True) if of == mood and turn.voice]
        rows = [(v.pitch_change_semitones, v.loudness_change_db, v.pitch_range_semitones) for v in voices]
        if rows:
            medians = np.median(np.array(rows, float), axis=0)
            print(f"  {mood:8} {len(rows)}: " + " ".join(f"{value:+.1f}" for value in medians))


if __name__ == "__main__":
    main()
