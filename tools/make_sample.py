"""Speaks sample/script.json with espeak-ng and writes sample/call.mp3 and sample/reference.json.

    apt-get install espeak-ng
    python tools/make_sample.py

The agent is on the left channel and the customer on the right, each with its own faint noise floor, like the output of
a recorder on both legs of a call. ``pause_s`` is the time since the end of the latest line; negative values overlap.
The reference has the text, speaker and time of every line, to the millisecond.
"""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

SAMPLE = Path(__file__).resolve().parent.parent / "sample"
PEAK = 0.35  # about -9 dBFS: a usual level of calls, far from clipping
TAIL_S = 0.7
BIT_RATE = 96_000


def speak(text: str, voice: dict[str, Any], sample_rate_hz: int) -> npt.NDArray[np.float32]:
    """One line spoken by espeak-ng, without the silence around it; shape (num_samples,)."""
    command = ["espeak-ng", "-v", voice["voice"], "-s", str(voice["words_per_minute"])]
    command += ["-p", str(voice["pitch"]), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32")
    samples = soxr.resample(samples, rate_hz, sample_rate_hz)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[loud[0] : loud[-1] + 1]
    scaled: npt.NDArray[np.float32] = (samples * (PEAK / np.abs(samples).max())).astype(np.float32)
    return scaled


def compose(script: dict[str, Any]) -> tuple[npt.NDArray[np.float32], list[dict[str, Any]]]:
    """The call, shape (num_samples, 2), and its reference lines."""
    rate_hz = script["sample_rate_hz"]
    spoken = []
    reference = []
    latest_end_s = 0.0
    for line in script["lines"]:
        voice = script["channels"][line["role"]]
        samples = speak(line["text"], voice, rate_hz)
        start_s = latest_end_s + line["pause_s"]
        end_s = start_s + len(samples) / rate_hz
        # A backchannel does not take the floor: the next pause counts from the same end as before it.
        latest_end_s = latest_end_s if end_s < latest_end_s else end_s
        spoken.append((round(start_s * rate_hz), voice["index"], samples))
        reference.append(
            {
                "role": line["role"],
                "channel": voice["index"],
                "start_s": round(start_s, 3),
                "end_s": round(end_s, 3),
                "kind": line.get("kind", "turn"),
                "text": line["text"],
            }
        )
    noise = np.random.default_rng(20261122).standard_normal((round((latest_end_s + TAIL_S) * rate_hz), 2))
    call = (noise * 10 ** (script["noise_dbfs"] / 20)).astype(np.float32)
    for start, channel, samples in spoken:
        call[start : start + len(samples), channel] += samples
    return call, reference


def write_mp3(path: Path, call: npt.NDArray[np.float32], sample_rate_hz: int) -> None:
    """Write the call, shape (num_samples, 2). Decoders remove the encoder's delay, so times remain exact."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=sample_rate_hz, layout="stereo")
        stream.bit_rate = BIT_RATE
        planes = np.ascontiguousarray((call.T * 32767).round().astype(np.int16))
        frame = av.AudioFrame.from_ndarray(planes, format="s16p", layout="stereo")
        frame.sample_rate = sample_rate_hz
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    script = json.loads((SAMPLE / "script.json").read_text(encoding="utf-8"))
    call, reference = compose(script)
    write_mp3(SAMPLE / "call.mp3", call, script["sample_rate_hz"])
    document = {"audio": "call.mp3", "language": script["language"], "turns": reference}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (SAMPLE / "reference.json").write_text(text, encoding="utf-8")
    print(
        f"{len(call) / script['sample_rate_hz']:.1f} s, {(SAMPLE / 'call.mp3').stat().st_size / 1000:.0f} kB"
    )


if __name__ == "__main__":
    main()
