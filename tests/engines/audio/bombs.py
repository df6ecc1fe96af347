"""Small files that are much work to look into."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np

RATE_HZ = 8000


def silent_flac(path: Path, hours: float) -> Path:
    """Digital silence: 0.7 MB an hour."""
    block = np.zeros((1, RATE_HZ * 120), np.int16)
    with av.open(str(path), "w", format="flac") as file:
        stream = file.add_stream("flac", rate=RATE_HZ, layout="mono")
        for _ in range(round(hours * 30)):
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate = RATE_HZ
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def grown_flac(path: Path, seed: Path, hours: float) -> Path:
    """As silent_flac, in no time: the frames of ``seed`` again and again. FLAC's header says how long it is."""
    data = seed.read_bytes()
    frames = data.index(b"\xff\xf8")
    times = max(1, round(hours * 3600 * RATE_HZ / _samples(data)))
    head = bytearray(data[:frames])
    head[21:26] = ((head[21] & 0xF0) << 32 | min(_samples(data) * times, 2**36 - 1)).to_bytes(5, "big")
    with path.open("wb") as file:
        file.write(head)
        for _ in range(times):
            file.write(data[frames:])
    return path


def _samples(data: bytes) -> int:
    return int.from_bytes(data[21:26], "big") & (2**36 - 1)


def amr(path: Path, num_frames: int) -> Path:
    """Four seconds of AMR, then frames of one byte that stand for 20 ms of nothing."""
    speech = (b"\x04" + bytes(12)) * 200
    path.write_bytes(b"#!AMR\n" + speech + b"\x7c" * num_frames)
    return path


def mp4_of_tables(path: Path, num_samples: int) -> Path:
    """A track of as many samples of nothing: FFmpeg keeps 28 bytes for each. The table is a hole in the file."""

    def atom(name: bytes, *parts: bytes, size: int | None = None) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I4s", 8 + len(body) if size is None else size, name) + body

    full = bytes(4)
    sound = bytes(6) + struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, RATE_HZ << 16)
    stsd = atom(b"stsd", full, struct.pack(">I", 1), atom(b"mp4a", sound))
    stts = atom(b"stts", full, struct.pack(">III", 1, num_samples, 1))
    stsc = atom(b"stsc", full, struct.pack(">IIII", 1, 1, num_samples, 1))
    stco = atom(b"stco", full, struct.pack(">II", 1, 40))
    table = 4 * num_samples
    stsz = atom(b"stsz", full, struct.pack(">II", 0, num_samples), size=20 + table)
    before = stsd + stts + stsc + stco
    stbl = atom(b"stbl", before, stsz, size=8 + len(before) + 20 + table)

    def around(name: bytes, inner: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts) + inner
        return atom(name, body, size=8 + len(body) + table)

    minf = around(b"minf", stbl, atom(b"smhd", full, bytes(4)))
    mdhd = atom(b"mdhd", full, struct.pack(">IIIIHH", 0, 0, RATE_HZ, num_samples, 0, 0))
    hdlr = atom(b"hdlr", full, bytes(4), b"soun", bytes(13))
    mdia = around(b"mdia", minf, mdhd, hdlr)
    tkhd = atom(b"tkhd", full, struct.pack(">IIIII", 0, 0, 1, 0, num_samples), bytes(60))
    trak = around(b"trak", mdia, tkhd)
    mvhd = atom(b"mvhd", full, struct.pack(">IIII", 0, 0, RATE_HZ, num_samples), bytes(80))
    moov = around(b"moov", trak, mvhd)
    head = atom(b"ftyp", b"isom", bytes(4), b"isom") + atom(b"mdat", bytes(64)) + moov
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + table)
    return path


def many_tracks(path: Path, num_tracks: int) -> Path:
    """A Matroska file of as many tracks of nothing: its header is copied, entry by entry."""

    def element(name: int, body: bytes) -> bytes:
        code = name.to_bytes((name.bit_length() + 7) // 8, "big")
        return code + (len(body) | 1 << 56).to_bytes(8, "big") + body

    def number(name: int, value: int) -> bytes:
        return element(name, value.to_bytes(4, "big"))

    head = element(0x1A45DFA3, element(0x4282, b"matroska"))
    audio = element(0xE1, element(0xB5, struct.pack(">f", RATE_HZ)) + number(0x9F, 1) + number(0x6264, 16))
    entries = b"".join(
        element(
            0xAE,
            number(0xD7, n) + number(0x73C5, n) + number(0x83, 2) + element(0x86, b"A_PCM/INT/LIT") + audio,
        )
        for n in range(1, num_tracks + 1)
    )
    path.write_bytes(head + element(0x18538067, element(0x1654AE6B, entries)))
    return path
