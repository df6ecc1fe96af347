from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from callytics.domain import CallOptions
from callytics.errors import InvalidRequestError, NotFoundError
from deployments.backfill.manifest import batch_items


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.mp3", "notes.txt", "year/2025/c.OPUS"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")
    return tmp_path


def names(folder: Path, source: str) -> list[str]:
    return [str(Path(item.uri).relative_to(folder)) for item in batch_items(source)]


def test_folder_gives_its_recordings_however_deep_in_order(calls: Path) -> None:
    assert names(calls, str(calls)) == ["a.mp3", "b.wav", "year/2025/c.OPUS"]


def test_the_largest_comes_first(calls: Path) -> None:
    (calls / "b.wav").write_bytes(b"a long sound")
    (calls / "d.wav").symlink_to(calls / "b.wav")
    assert names(calls, str(calls)) == ["b.wav", "d.wav", "a.mp3", "year/2025/c.OPUS"]
    assert names(calls, f"{calls}/*.wav") == ["b.wav", "d.wav"]


def test_pattern_and_a_file_are_taken_as_they_are(calls: Path) -> None:
    assert names(calls, f"{calls}/*.wav") == ["b.wav"]
    assert names(calls, f"{calls}/notes.txt") == ["notes.txt"]


def test_another_file_system() -> None:
    import fsspec

    with fsspec.open("memory://calls/x.wav", "wb") as stream:
        stream.write(b"sound")
    assert [item.uri for item in batch_items("memory://calls")] == ["memory:///calls/x.wav"]


def test_nothing_there_is_an_error_that_says_where(tmp_path: Path) -> None:
    for source in (str(tmp_path), str(tmp_path / "none"), f"{tmp_path}/*.wav", f"{tmp_path}/none.csv"):
        with pytest.raises(NotFoundError, match=str(tmp_path)):
            batch_items(source)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_manifest_tells_what_is_known_of_each_call(calls: Path, suffix: str) -> None:
    rows = [
        {"path": "a.mp3", "language": "ko", "agent_channel": "1", "external_id": "42", "team": "환불"},
        {
            "path": "/elsewhere/b.wav",
            "language": None,
            "agent_channel": None,
            "external_id": None,
            "team": None,
        },
    ]
    manifest = calls / f"calls.{suffix}"
    if suffix == "csv":
        lines = [",".join(rows[0]), *[",".join(row[name] or "" for name in row) for row in rows]]
        manifest.write_text("\n".join(lines), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), manifest)
    first, second = batch_items(str(manifest), CallOptions(language="en"))
    assert first.uri == str(calls / "a.mp3")
    assert (first.options.language, first.options.agent_channel) == ("ko", 1)
    assert first.metadata == {"external_id": "42", "custom": {"team": "환불"}}
    assert second.uri == "/elsewhere/b.wav"
    assert (second.options, second.metadata) == (CallOptions(language="en"), {})


def test_row_can_ask_for_redaction_and_never_switch_it_off(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.csv"
    manifest.write_text("path,redact_pii\na.wav,TRUE\nb.wav,no\nc.wav,\n", encoding="utf-8")
    assert [item.options.redact_pii for item in batch_items(str(manifest))] == [True, False, False]
    of_all = batch_items(str(manifest), CallOptions(redact_pii=True))
    assert [item.options.redact_pii for item in of_all] == [True, True, True]


def test_row_without_an_address_or_with_a_wrong_number_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.csv"
    for text in ("external_id\n7\n", "path,agent_channel\na.wav,left\n", "path,redact_pii\na.wav,perhaps\n"):
        manifest.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidRequestError, match=r"calls\.csv"):
            batch_items(str(manifest))
