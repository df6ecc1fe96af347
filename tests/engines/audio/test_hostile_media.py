"""Mutated recordings: whatever the bytes are, the decoder answers in time with a recording or an InvalidMediaError.

Decoding happens in a child process, so that a crash of a codec is seen as one. Seeds are written on the spot by PyAV;
what is mutated, and how, is drawn by hypothesis from a fixed seed, so that a failure comes again.
"""

from __future__ import annotations

import io
import math
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callytics.domain import CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError

MAX_DURATION_S = 60.0
ANSWER_S = 20.0
"""A healthy decoder needs milliseconds; a shared machine may be slow, a hang never ends."""

EXAMPLES = 150
FORMATS = {"wav": "pcm_mulaw", "mp3": "libmp3lame", "ogg": "libopus", "flac": "flac", "mp4": "aac"}


def encoded(container: str, codec: str, seconds: float = 0.4) -> bytes:
    rate = 48_000 if codec == "libopus" else 8000
    times = np.arange(round(seconds * rate)) / rate
    samples = (8000 * np.sin(2 * math.pi * 440 * times)).astype(np.int16)[None, :]
    data = io.BytesIO()
    with av.open(data, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size or 0)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return data.getvalue()


def vorbis(seconds: float = 0.4, rate: int = 16_000) -> bytes:
    data = io.BytesIO()
    sound = 0.3 * np.sin(2 * math.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(data, sound, rate, format="OGG", subtype="VORBIS")
    return data.getvalue()


SINGLE = {container: encoded(container, codec) for container, codec in FORMATS.items()}
JOINED = [2 * SINGLE["wav"], 2 * SINGLE["mp4"], SINGLE["ogg"] + vorbis()]
SEEDS = [*SINGLE.values(), *JOINED]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["flip", "header", "huge", "cut", "repeat", "splice", "insert"])):
            case "flip":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "header":  # where lengths, rates and counts are
                at = draw(st.integers(0, 63))
                data[at : at + 1] = bytes([draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))])
            case "huge":
                data[at : at + 4] = b"\xff\xff\xff\x7f"
            case "cut":
                del data[at:]
            case "repeat":
                data += data[at:] * draw(st.integers(1, 20))
            case "splice":
                data[at:] = draw(st.sampled_from(SEEDS))[at:]
            case _:
                data[at:at] = draw(st.binary(max_size=64))
    return bytes(data)


def decode_what_comes(pipe: Connection, path: str) -> None:
    """In the child: one answer for each file."""
    engine = StandardAudioProcessor(max_duration_s=MAX_DURATION_S)
    while True:
        Path(path).write_bytes(pipe.recv_bytes())
        answer = "decoded"
        try:
            media = engine.probe(Recording("x", path), CallOptions())
            if not 0 <= media.duration_s < math.inf:
                answer = f"a duration of {media.duration_s}"
            headerless = CallOptions(audio_format="s16le", audio_sample_rate_hz=8000)
            engine.probe(Recording("x", path), headerless)
            engine(Recording("x", path), CallOptions())
        except InvalidMediaError as error:
            answer = f"refused: {error.code}"
        except Exception as error:  # what the test is looking for
            answer = f"raised {error!r}"
        pipe.send(answer)


class Decoder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: set[str] = set()
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, str(self.folder / "hostile"))
        self.process = context.Process(target=decode_what_comes, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, data: bytes) -> str:
        self.pipe.send_bytes(data)
        is_first = not self.answers
        if not self.pipe.poll(ANSWER_S + (60 if is_first else 0)):  # the first answer waits for imports
            self.stop()
            self.start()
            return "hung"
        try:
            answer: str = self.pipe.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            self.start()
            return f"crashed with {code}"
        self.answers.add(answer)
        return answer

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoder]:
    decoder = Decoder(tmp_path_factory.mktemp("hostile"))
    yield decoder
    decoder.stop()


def test_the_seeds_are_recordings(decoder: Decoder) -> None:
    """So that the test below does not only see files that are refused at their first byte."""
    assert [decoder.ask(seed) for seed in SEEDS] == ["decoded"] * len(SEEDS)


def test_no_mutation_crashes_or_hangs_the_decoder(decoder: Decoder) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated())
    def holds(data: bytes) -> None:
        answer = decoder.ask(data)
        assert answer == "decoded" or answer.startswith("refused: media_"), answer

    holds()
    assert "decoded" in decoder.answers
    assert any(answer.startswith("refused") for answer in decoder.answers)
