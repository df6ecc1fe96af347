"""Recordings, blobs and Parquet on S3: moto's server on loopback, reached as a cluster would reach a real one."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import pyarrow.parquet
import pytest

from callytics.domain import CallOptions, Recording
from callytics.errors import InvalidRequestError, NotFoundError
from deployments.backfill.manifest import batch_items
from tests.support.batches import Batch, stages_of_tiny_engines

SAMPLE = Path(__file__).resolve().parents[3] / "sample/call.mp3"


def put(url: str, content: bytes) -> str:
    with fsspec.open(url, "wb") as stream:
        stream.write(content)
    return url


def test_batch_from_s3_to_s3(bucket: str, tmp_path: Path) -> None:
    put(f"{bucket}/2026/a.wav", b"sound")
    put(f"{bucket}/2026/11/b.mp3", b"a longer sound")
    put(f"{bucket}/2026/readme.txt", b"no recording")
    batch = Batch(tmp_path, stages_of_tiny_engines())
    batch.blobs, batch.output = f"{bucket}/blobs", f"{bucket}/results"
    items = batch_items(f"{bucket}/2026", CallOptions(language="en"))
    assert [item.uri for item in items] == [f"{bucket}/2026/11/b.mp3", f"{bucket}/2026/a.wav"]
    outcomes = batch(items)
    assert [outcome.status for outcome in outcomes] == ["COMPLETED", "COMPLETED"]
    files = fsspec.open_files(f"{bucket}/results/calls/*/*.parquet", "rb")
    rows = []
    for file in files:
        with file as stream:
            rows += pyarrow.parquet.read_table(stream).to_pylist()
    assert {row["uri"] for row in rows} == {item.uri for item in items}
    assert all(json.loads(row["result"])["job_status"] == "COMPLETED" for row in rows)
    with fsspec.open(f"{bucket}/blobs/calls/{outcomes[0].call_id}/recording", "rb") as stream:
        assert stream.read() == b"a longer sound"
    assert [outcome.status for outcome in batch(items)] == ["SKIPPED", "SKIPPED"]


def test_manifest_on_s3_names_recordings_beside_it(bucket: str) -> None:
    put(f"{bucket}/calls.csv", b"path,language,external_id\n2026/a.wav,ko,42\n")
    (item,) = batch_items(f"{bucket}/calls.csv")
    assert (item.uri, item.options.language) == (f"{bucket}/2026/a.wav", "ko")
    assert item.metadata == {"external_id": "42"}


def test_pattern_on_s3(bucket: str) -> None:
    for name in ("a.wav", "b.wav", "c.mp3"):
        put(f"{bucket}/x/{name}", b"sound")
    assert [item.uri for item in batch_items(f"{bucket}/x/*.wav")] == [
        f"{bucket}/x/a.wav", f"{bucket}/x/b.wav",
    ]  # fmt: skip


def test_sound_is_decoded_from_s3(bucket: str) -> None:
    from callytics.engines.audio.standard import StandardAudioProcessor

    uri = put(f"{bucket}/call", SAMPLE.read_bytes())
    audio = StandardAudioProcessor()(Recording("call", uri), CallOptions())
    assert audio.media.format == "mp3"
    assert audio.pcm.duration_s == pytest.approx(audio.media.duration_s, abs=0.1)


def test_bucket_that_is_not_there_is_missing(bucket: str) -> None:
    with pytest.raises(NotFoundError, match="s3://nowhere/2026"):
        batch_items("s3://nowhere/2026")


def test_unreachable_storage_is_one_line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the discard port: no process listens
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    S3FileSystem.clear_instance_cache()
    for source in (f"{bucket}/2026", "floppy://a/calls"):
        with pytest.raises(InvalidRequestError, match=source) as raised:
            batch_items(source)
        assert raised.value.code == "input_unreadable"
