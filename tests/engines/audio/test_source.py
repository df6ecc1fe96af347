"""A recording is opened once and read once, whatever it is asked for; its hash is computed on the way or handed in."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from callytics.domain import CallOptions, Recording
from callytics.engines.audio import source as sources
from callytics.engines.audio.standard import StandardAudioProcessor
from tests.engines.audio.recordings import SAMPLE, agent, encode, excerpt, write_wav


class CountingFile:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes_read = 0
        self.name = getattr(file, "name", "")

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.bytes_read += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[CountingFile]:
    seen: list[CountingFile] = []
    real = sources.open_bytes

    def counted(uri: str) -> Any:
        seen.append(CountingFile(real(uri)))
        return seen[-1]

    monkeypatch.setattr(sources, "open_bytes", counted)
    return seen


@pytest.mark.parametrize("given", [False, True], ids=["hash computed", "hash given"])
def test_two_channel_mp3_is_opened_once_and_read_once(files: list[CountingFile], given: bool) -> None:
    data = SAMPLE.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    audio = StandardAudioProcessor()(Recording("call", str(SAMPLE), sha256 if given else ""), CallOptions())
    assert audio.media.sha256 == sha256
    assert len(files) == 1
    assert files[0].closed
    # Beside the pass: its first 64 KiB, seen before FFmpeg reads them, and what FFmpeg looks at twice on opening.
    assert files[0].bytes_read <= len(data) + 3 * sources.HEAD_BYTES


def test_many_channels_are_read_twice_from_one_open_file(files: list[CountingFile], tmp_path: Path) -> None:
    speech = agent()
    path = Path(write_wav(tmp_path / "four.wav", np.stack([speech] * 4), 16_000))
    audio = StandardAudioProcessor()(Recording("call", str(path)), CallOptions())
    assert audio.media.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(files) == 1
    assert files[0].bytes_read <= 2 * path.stat().st_size + 4 * sources.HEAD_BYTES


def test_given_hash_is_not_computed_again() -> None:
    audio = StandardAudioProcessor()(Recording("call", str(SAMPLE), "f" * 64), CallOptions())
    assert audio.media.sha256 == "f" * 64


def test_hash_covers_all_bytes_in_any_read_order(tmp_path: Path) -> None:
    data = np.random.default_rng(1).bytes(300_000)
    path = tmp_path / "any.bin"
    path.write_bytes(data)
    with sources.Source(str(path)) as source:
        for start, size in ((200_000, 50_000), (0, 10), (60_000, 20_000), (70_000, 40_000), (299_000, 1_000)):
            source.seek(start)
            assert source.read(size) == data[start : start + size]
        assert source.sha256() == hashlib.sha256(data).hexdigest()


def test_index_at_the_end_of_an_mp4_does_not_change_the_hash(tmp_path: Path) -> None:
    path = Path(encode(tmp_path / "call.m4a", "aac", excerpt(), 16_000))
    audio = StandardAudioProcessor()(Recording("call", str(path)), CallOptions())
    assert audio.media.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
