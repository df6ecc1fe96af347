"""Files that are much work to look into are refused in seconds, within limits that native code cannot pass."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from callytics.domain import CallOptions, Recording
from callytics.engines.audio import tracks
from callytics.engines.audio.examiner import Examiner
from callytics.engines.audio.source import Source
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError, NotFoundError
from tests.engines.audio.bombs import amr, grown_flac, many_tracks, mp4_of_tables, silent_flac

LIMIT_S = 4 * 3600.0
OPTIONS = CallOptions()


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return Examiner()


def refused(examine: Callable[..., object], path: Path, limit_s: float = LIMIT_S) -> InvalidMediaError:
    with pytest.raises(InvalidMediaError) as caught:
        examine(str(path), OPTIONS, limit_s)
    return caught.value


def test_silence_of_days_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = grown_flac(tmp_path / "days.flac", silent_flac(tmp_path / "seed.flac", 0.2), 40)
    with tracks.opened(str(path), OPTIONS) as found:
        assert (found.declared_duration_s() or 0) > 39 * 3600
    with Source(str(path)) as source:
        read_to_s = tracks.packets_duration_s(source, OPTIONS, 600.0)
    assert 600.0 < read_to_s < 601.0


def test_lower_limit_of_the_caller_applies(tmp_path: Path) -> None:
    recording = Recording("call", str(silent_flac(tmp_path / "call.flac", 0.2)))
    engine = StandardAudioProcessor()
    assert engine.probe(recording, OPTIONS).duration_s == pytest.approx(720.0)
    assert engine.probe(recording, OPTIONS, 720.0).duration_s == pytest.approx(720.0)
    with pytest.raises(InvalidMediaError, match="at most 10 are"):
        engine.probe(recording, OPTIONS, 600.0)


def test_cpu_limit_ends_native_code(tmp_path: Path) -> None:
    path = amr(tmp_path / "weeks.amr", 30_000_000)
    error = refused(Examiner(cpu_s=1), path, 46_000.0)
    assert (error.code, error.http_status) == ("media_too_complex", 422)
    assert "1 s of computing" in error.message


@pytest.mark.alone
def test_the_clock_ends_it_as_well(tmp_path: Path) -> None:
    path = amr(tmp_path / "weeks.amr", 30_000_000)
    examiner = Examiner(wall_s=30.0)
    refused(examiner, text_file(tmp_path))  # imports are no part of it
    examiner._wall_s = 0.5
    began_s = time.monotonic()
    assert refused(examiner, path, 46_000.0).code == "media_too_complex"
    assert time.monotonic() - began_s < 5


def text_file(folder: Path) -> Path:
    path = folder / "text.wav"
    path.write_bytes(b"no recording")
    return path


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = mp4_of_tables(tmp_path / "tables.mp4", 30_000_000)
    assert refused(Examiner(memory_bytes=64 << 20), path).code == "media_too_complex"


@pytest.mark.alone
@pytest.mark.parametrize(
    "make",
    [
        lambda folder: amr(folder / "x.amr", 10_000_000),
        lambda folder: grown_flac(folder / "x.flac", silent_flac(folder / "seed.flac", 0.2), 40),
        lambda folder: mp4_of_tables(folder / "x.mp4", 30_000_000),
        lambda folder: many_tracks(folder / "x.mkv", 50_000),
    ],
    ids=["amr", "flac", "mp4", "matroska"],
)
def test_bombs_are_rejected_and_the_next_file_is_examined(
    examiner: Examiner, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    bomb = make(tmp_path)
    began_s = time.monotonic()
    assert refused(examiner, bomb).code.startswith("media_")
    assert time.monotonic() - began_s < 40  # of a machine that may be busy; 1 to 6 s of an idle one
    seed = silent_flac(tmp_path / "next.flac", 0.05)
    assert examiner(str(seed), OPTIONS, LIMIT_S).duration_s == pytest.approx(240.0)


def test_decoder_crash_is_a_rejection_without_side_effects(tmp_path: Path) -> None:
    examiner = Examiner()
    text = text_file(tmp_path)
    refused(examiner, text)
    os.kill(examiner._idle[0].process.pid, signal.SIGSTOP)
    child = examiner._idle[0].process
    threading.Timer(0.2, os.kill, (child.pid, signal.SIGKILL)).start()
    error = refused(examiner, text)
    assert error.code == "media_undecodable"
    assert "broke down" in error.message
    assert refused(examiner, text).message != error.message


def test_child_is_reused_and_ends_with_its_parent(tmp_path: Path) -> None:
    examiner = Examiner()
    text = text_file(tmp_path)
    refused(examiner, text)
    process = examiner._idle[0].process
    refused(examiner, text)
    assert [child.process for child in examiner._idle] == [process]
    del examiner
    gc.collect()  # the errors above hold frames, and frames the examiner
    assert process.wait(60) is not None


def test_errors_are_raised_unchanged(examiner: Examiner, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        examiner(str(tmp_path / "none.wav"), OPTIONS, LIMIT_S)


def test_modules_of_the_current_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "callytics").mkdir()
    (tmp_path / "callytics" / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert refused(Examiner(), text_file(tmp_path)).code == "media_undecodable"
