"""The bytes of a recording, opened once: FFmpeg reads them through this module, which also hashes them."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from callytics.errors import NotFoundError

HEAD_BYTES = 65536  # start of every file: contains the headers that are read without FFmpeg
HASH_CHUNK_BYTES = 1024 * 1024
UNHASHED = "-"  # passed as the hash if no hash is needed


def open_bytes(uri: str) -> BinaryIO:
    """The bytes behind a plain path or an fsspec URL, readable and seekable.

    Raises:
        NotFoundError: there is no such file.
    """
    try:
        if "://" not in uri:
            return open(uri, "rb")
        import fsspec

        file: BinaryIO = fsspec.open(uri, "rb").open()
        return file
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError("recording_not_found", f"No recording at {uri!r}.") from error


class Source:
    """The bytes of one recording: opened once, hashed while FFmpeg reads them.

    Args:
        uri: a plain path or an fsspec URL.
        sha256: the hash, if it is known; then nothing is hashed.
    """

    def __init__(self, uri: str, sha256: str = "") -> None:
        self.uri = uri
        self._file = open_bytes(uri)
        self._sha256 = sha256
        self._hash = hashlib.sha256()
        self._position = self._hashed_bytes = 0
        if (name := getattr(self._file, "name", None)) is not None:
            self.name = name  # FFmpeg considers the extension when it guesses the format
        self.head = self.read(HEAD_BYTES)
        self.seek(0)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = self._file.seek(offset, whence)
        return self._position

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        fresh = self._hashed_bytes - self._position  # demuxers seek: only bytes after the hashed part count
        if not self._sha256 and 0 <= fresh < len(data):
            self._hash.update(data[fresh:] if fresh else data)
            self._hashed_bytes = self._position + len(data)
        self._position += len(data)
        return data

    def sha256(self) -> str:
        """Hash of all bytes, as lower-case hex digits; reads the bytes not read so far. Call it after decoding."""
        if not self._sha256:
            self.seek(self._hashed_bytes)
            while self.read(HASH_CHUNK_BYTES):
                pass
            self._sha256 = self._hash.hexdigest()
        return self._sha256
