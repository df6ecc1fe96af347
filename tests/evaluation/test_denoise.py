from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation import denoise
from evaluation.enhancement import SAMPLE_RATE_HZ


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """Twelve sentences of four speakers; each text names its speaker."""
    folder = tmp_path / "asr_en"
    folder.mkdir()
    rows = ["file\ttranscript\ttranscript_spoken\tspeaker\tduration_s\tsource"]
    for index in range(12):
        tone = 0.1 * np.sin(np.arange(SAMPLE_RATE_HZ * 9) / 7)
        soundfile.write(folder / f"{index}.flac", tone, SAMPLE_RATE_HZ)
        rows.append(f"{index}.flac\tspeaker{index % 4}\t\tspeaker{index % 4}\t9.0\tmade")
    (folder / "asr_en.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_halves_have_no_speaker_in_common(kit: Path) -> None:
    names = {
        half: {
            name for passage in denoise.passages(kit, "en", half) for name in passage.references[0].split()
        }
        for half in denoise.SEEDS
    }
    assert names == {"choose": {"speaker0", "speaker2"}, "report": {"speaker1", "speaker3"}}


def test_passages_are_the_same_at_every_call_and_fit_a_window(kit: Path) -> None:
    first, second = (denoise.passages(kit, "en", "report") for _ in range(2))
    assert [passage.references for passage in first] == [passage.references for passage in second]
    assert all(len(passage.samples) <= 25 * SAMPLE_RATE_HZ for passage in first)


def test_telephone_band_takes_the_noise_outside_of_it() -> None:
    speech = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE_HZ * 2) / SAMPLE_RATE_HZ)).astype(
        np.float32
    )
    wide, narrow = (denoise.noisy(speech, "white", 5.0, [1], telephone) for telephone in (False, True))
    hz = np.fft.rfftfreq(speech.size, 1 / SAMPLE_RATE_HZ)
    above = [float((np.abs(np.fft.rfft(samples)) ** 2)[hz > 5000].sum()) for samples in (wide, narrow)]
    assert above[1] < 0.001 * above[0]
