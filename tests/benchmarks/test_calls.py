"""The calls that are measured: lengths, channels, and that no two runs have the same recording."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks import calls

RATE_HZ = 8000


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two stereo recordings of 40 and 90 s in place of the kit's."""
    paths = []
    for name, duration_s in (("ko_call1", 40), ("en_call1", 90)):
        samples = np.random.default_rng(duration_s).integers(-900, 900, (duration_s * RATE_HZ, 2), np.int16)
        paths.append(tmp_path / f"{name}.stereo.wav")
        soundfile.write(paths[-1], samples, RATE_HZ)
    monkeypatch.setattr(calls, "KIT", tmp_path)
    return paths


def test_calls_are_of_one_to_three_minutes_and_of_one_and_two_channels(
    sources: list[Path], tmp_path: Path
) -> None:
    composed = calls.compose(tmp_path, 6, "run")
    assert [round(call.audio_s) for call in composed] == [60, 180, 75, 60, 75, 60]
    infos = [soundfile.info(call.path) for call in composed]
    assert all(
        info.duration == pytest.approx(call.audio_s) for info, call in zip(infos, composed, strict=True)
    )
    assert [info.channels for info in infos] == [2, 1, 1, 2, 2, 1]
    assert len({call.name for call in composed}) == 6
    first, _ = soundfile.read(composed[0].path, dtype="int16")
    source, _ = soundfile.read(sources[0], dtype="int16")
    assert np.array_equal(first[: len(source)], source)
    repeated = first[len(source) : 60 * RATE_HZ]
    assert np.array_equal(repeated, source[: len(repeated)])


def test_runs_differ_only_in_their_last_samples(sources: list[Path], tmp_path: Path) -> None:
    written = []
    for run in ("a", "a", "b"):
        folder = tmp_path / f"{run}{len(written)}"
        folder.mkdir()
        written.append(soundfile.read(calls.compose(folder, 1, run)[0].path, dtype="int16")[0])
    assert np.array_equal(written[0], written[1])
    assert not np.array_equal(written[0], written[2])
    assert np.array_equal(written[0][: -calls.MARK_SAMPLES], written[2][: -calls.MARK_SAMPLES])
    assert np.abs(written[2][-calls.MARK_SAMPLES :]).max() == 1


@pytest.mark.parametrize(("channels", "offset_s"), [(2, 0.0), (1, 30.0)])
def test_long_call_is_joined_with_pauses(
    sources: list[Path], tmp_path: Path, channels: int, offset_s: float
) -> None:
    call = calls.join(tmp_path, 2.0, "run", offset_s, channels)
    samples, rate_hz = soundfile.read(call.path, dtype="int16", always_2d=True)
    assert (rate_hz, samples.shape[1]) == (RATE_HZ, channels)
    assert call.audio_s == pytest.approx(120, abs=0.02)
    assert len(samples) == 120 * RATE_HZ + calls.MARK_SAMPLES
    pause_at = round((40 - offset_s) * RATE_HZ)
    assert not samples[pause_at : pause_at + round(calls.PAUSE_S * RATE_HZ)].any()
    assert samples[pause_at - 100 : pause_at].any()


def test_marks_of_long_calls_differ(sources: list[Path], tmp_path: Path) -> None:
    ends = []
    for run in ("a", "b"):
        samples, _ = soundfile.read(calls.join(tmp_path, 0.1, run).path, dtype="int16")
        ends.append(samples[-calls.MARK_SAMPLES :])
    assert not np.array_equal(*ends)


def test_the_joined_material_is_as_long_as_its_sources_and_pauses(sources: list[Path]) -> None:
    assert calls.material_s() == pytest.approx(40 + calls.PAUSE_S)


def test_sample_is_used_without_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "KIT", tmp_path)
    first, second = itertools.islice(calls.compose(tmp_path, 2, "run"), 2)
    assert (round(first.audio_s), round(second.audio_s)) == (60, 180)
