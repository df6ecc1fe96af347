"""Recordings in any storage of fsspec: a folder, S3, ...

calls/<call id>/<name>      one folder per call; this program chooses the names, never a caller
incoming/<random>           being written; a local write becomes visible through a rename, or not at all

Folders and files on a local disk are accessible to this user only, regardless of the umask.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from callytics.errors import InvalidMediaError, NotFoundError, UnavailableError
from callytics.home import private_files

ORIGINAL = "recording"
CHUNK_BYTES = 1 << 20
SWEEP_AGE_S = 3600.0
"""Younger leftovers may belong to a running upload in another process."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_SAFE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


class BlobWriter:
    """Receives the bytes of one blob; ``sha256`` and ``size_bytes`` describe the bytes so far."""

    def __init__(self, stream: Any, max_bytes: int | None) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """
        Raises:
            InvalidMediaError: ``media_too_large``.
        """
        self.size_bytes += len(data)
        if self._max_bytes is not None and self.size_bytes > self._max_bytes:
            raise InvalidMediaError(
                "media_too_large",
                f"The recording is larger than {self._max_bytes} bytes; split it or raise the limit.",
            )
        self._hash.update(data)
        self._stream.write(data)


class BlobStore:
    """Blobs under one fsspec URL, e.g. ``/srv/callytics/blobs`` or ``s3://bucket/prefix``. Thread-safe."""

    def __init__(self, url: str, **storage_options: Any) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url, **storage_options)
        self._is_local = isinstance(self._fs, LocalFileSystem)
        if self._is_local:
            private_files.make_folder(Path(self._root))
        else:
            self._fs.makedirs(self._root, exist_ok=True)

    def uri(self, call_id: str, name: str = ORIGINAL) -> str:
        """The location of a blob: a plain path on a local disk, else an fsspec URL."""
        path = self._path(call_id, name)
        return path if self._is_local else str(self._fs.unstrip_protocol(path))

    def _path(self, call_id: str, name: str) -> str:
        if not _SAFE.match(call_id) or not _SAFE.match(name):
            raise ValueError(f"not a blob name: {call_id!r}, {name!r}")
        return f"{self._root}/calls/{call_id}/{name}"

    @contextmanager
    def writer(
        self, call_id: str, name: str = ORIGINAL, max_bytes: int | None = None
    ) -> Iterator[BlobWriter]:
        """Write one blob. After the block it is complete and on disk; after an exception it does not exist.

        Raises:
            UnavailableError: ``storage_full``.
        """
        path = self._path(call_id, name)
        if self._is_local:
            try:
                yield from self._write_local(path, max_bytes)
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                message = "There is no room for the recording; try again later."
                raise UnavailableError("storage_full", message) from error
        else:
            stream = self._fs.open(path, "wb", autocommit=False)
            try:
                yield BlobWriter(stream, max_bytes)
                stream.close()
                stream.commit()
            except BaseException:
                stream.discard()  # S3: abort the multipart upload
                if self._fs.exists(path):  # a file system whose discard does nothing
                    self._fs.rm(path)
                raise

    def _write_local(self, path: str, max_bytes: int | None) -> Iterator[BlobWriter]:
        incoming = f"{self._root}/incoming/{secrets.token_hex(16)}"
        private_files.make_folder(Path(incoming).parent)
        try:
            with open(incoming, "xb", opener=private_files.opener) as stream:
                yield BlobWriter(stream, max_bytes)
                stream.flush()
                os.fsync(stream.fileno())
            private_files.make_folder(Path(path).parent)
            os.replace(incoming, path)
            _sync_folder(os.path.dirname(path))
            _sync_folder(os.path.dirname(os.path.dirname(path)))
        except BaseException:
            if os.path.exists(incoming):
                os.unlink(incoming)
            raise

    def exists(self, call_id: str, name: str) -> bool:
        return bool(self._fs.exists(self._path(call_id, name)))

    def size_bytes(self, call_id: str, name: str = ORIGINAL) -> int:
        """
        Raises:
            NotFoundError: ``blob_not_found``.
        """
        try:
            return int(self._fs.size(self._path(call_id, name)))
        except FileNotFoundError as error:
            raise NotFoundError("blob_not_found", f"The {name} of call {call_id} is not there.") from error

    def read(
        self, call_id: str, name: str = ORIGINAL, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """The bytes from ``start`` up to, but not including, ``end``, in chunks of at most CHUNK_BYTES."""
        with self._fs.open(self._path(call_id, name), "rb") as stream:
            stream.seek(start)
            remaining = None if end is None else end - start
            while chunk := stream.read(CHUNK_BYTES if remaining is None else min(CHUNK_BYTES, remaining)):
                if remaining is not None:
                    remaining -= len(chunk)
                yield chunk

    def delete_call(self, call_id: str) -> None:
        """Remove every blob of a call; it is not an error if there is none."""
        folder = os.path.dirname(self._path(call_id, ORIGINAL))
        if self._fs.exists(folder):
            self._fs.rm(folder, recursive=True)

    def sweep(self, known_call_ids: Collection[str], min_age_s: float = SWEEP_AGE_S) -> int:
        """Remove blobs without a call: interrupted writes, blobs of deleted calls. Returns their number."""
        removed = 0
        for folder, owned in ((f"{self._root}/incoming", ()), (f"{self._root}/calls", known_call_ids)):
            if not self._fs.exists(folder):
                continue
            for path in self._fs.ls(folder, detail=False):
                if path.rstrip("/").rsplit("/", 1)[-1] not in owned and self._age_s(path) >= min_age_s:
                    self._fs.rm(path, recursive=True)
                    removed += 1
        return removed

    def _age_s(self, path: str) -> float:
        if self._is_local:
            return time.time() - os.path.getmtime(path)
        files = [path] if self._fs.isfile(path) else self._fs.find(path)
        modified = [self._fs.modified(file).timestamp() for file in files]
        return time.time() - max(modified, default=0.0)


def _sync_folder(folder: str) -> None:
    """Make a rename durable across a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
