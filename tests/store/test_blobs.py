from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import pytest

from callytics.errors import InvalidMediaError, NotFoundError
from callytics.store import BlobStore


@pytest.fixture(params=["local", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "blobs") if request.param == "local" else f"memory://{uuid.uuid4().hex}")


def put(blobs: BlobStore, call_id: str, data: bytes) -> None:
    with blobs.writer(call_id) as writer:
        writer.write(data[:3])
        writer.write(data[3:])
    assert writer.sha256 == hashlib.sha256(data).hexdigest()
    assert writer.size_bytes == len(data)


def test_written_blob_is_read_whole_and_in_parts(blobs: BlobStore) -> None:
    put(blobs, "c1", b"0123456789")
    assert b"".join(blobs.read("c1")) == b"0123456789"
    assert b"".join(blobs.read("c1", start=2, end=5)) == b"234"
    assert blobs.size_bytes("c1") == 10
    import fsspec

    with fsspec.open(blobs.uri("c1"), "rb") as stream:
        assert stream.read() == b"0123456789"


def test_aborted_write_leaves_nothing(blobs: BlobStore) -> None:
    def upload() -> None:
        with blobs.writer("c1") as writer:
            writer.write(b"half")
            raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        upload()
    assert not blobs.exists("c1", "recording")
    with pytest.raises(NotFoundError):
        blobs.size_bytes("c1")
    assert blobs.sweep(set(), min_age_s=-1) == 0


def test_too_large_recording_is_rejected_while_writing(blobs: BlobStore) -> None:
    with pytest.raises(InvalidMediaError) as error, blobs.writer("c1", max_bytes=4) as writer:
        writer.write(b"12345")
    assert error.value.http_status == 413
    assert not blobs.exists("c1", "recording")


def test_deleting_a_call_removes_all_its_blobs(blobs: BlobStore) -> None:
    put(blobs, "c1", b"abcdef")
    with blobs.writer("c1", "converted.mp3") as writer:
        writer.write(b"x")
    put(blobs, "c2", b"abcdef")
    blobs.delete_call("c1")
    blobs.delete_call("c1")
    assert not blobs.exists("c1", "converted.mp3")
    assert blobs.exists("c2", "recording")


def test_sweep_removes_orphans_and_keeps_young_and_known_blobs(blobs: BlobStore) -> None:
    put(blobs, "known", b"abcdef")
    put(blobs, "orphan", b"abcdef")
    assert blobs.sweep({"known"}) == 0
    assert blobs.sweep({"known"}, min_age_s=-1) == 1
    assert blobs.exists("known", "recording")
    assert not blobs.exists("orphan", "recording")


def test_interrupted_write_is_swept(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "deadbeef").write_bytes(b"half")
    os.utime(tmp_path / "incoming" / "deadbeef", (0, 0))
    assert blobs.sweep(set()) == 1
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".hidden", "x\n", "-rf --help;$(id).wav"])
def test_unsafe_blob_names_are_rejected(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a blob name"):
        blobs.uri("c1", name)
    with pytest.raises(ValueError, match="not a blob name"):
        blobs.uri(name)
