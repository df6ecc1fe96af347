from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation import enhancement

RATE_HZ = enhancement.SAMPLE_RATE_HZ


@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_noise_is_added_at_the_ratio_asked_for(snr_db: float) -> None:
    rng = np.random.default_rng(1)
    speech = (0.1 * np.sin(np.arange(RATE_HZ) / 7)).astype(np.float32)
    noisy = enhancement.add_noise(speech, enhancement.pink_noise(RATE_HZ, rng), snr_db)
    noise = noisy - speech
    assert 10 * np.log10(np.mean(speech**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.1)


def test_pink_noise_falls_by_3_db_an_octave() -> None:
    noise = enhancement.pink_noise(RATE_HZ * 20, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hz = np.fft.rfftfreq(noise.size, 1 / RATE_HZ)
    octave = [power[(hz >= low) & (hz < 1.1 * low)].mean() for low in (500, 1000, 2000)]
    assert 10 * np.log10(octave[0] / octave[1]) == pytest.approx(3.0, abs=0.5)
    assert 10 * np.log10(octave[1] / octave[2]) == pytest.approx(3.0, abs=0.5)


def test_no_treatment_changes_nothing_and_loudness_only_the_level() -> None:
    speech = (0.01 * np.sin(np.arange(RATE_HZ * 3) / 7)).astype(np.float32)
    same = enhancement.treat(speech, high_pass=False, loudness=False, noise_reduction=False)
    assert np.allclose(same, speech, atol=1 / 32768)
    louder = enhancement.treat(speech, high_pass=False, loudness=True, noise_reduction=False)
    assert np.corrcoef(louder, speech)[0, 1] > 0.99
    assert np.std(louder) > 5 * np.std(speech)


def test_every_cell_is_measured_on_the_same_passages(tmp_path: Path) -> None:
    """A kit of six sentences, and a recogniser that recognises only loud sound."""
    for language in ("ko", "en"):
        folder = tmp_path / f"asr_{language}"
        folder.mkdir()
        rows = ["file\ttranscript\ttranscript_spoken\tduration_s\tsource"]
        for index in range(6):
            tone = 0.1 * np.sin(np.arange(RATE_HZ * 3) / 7)
            soundfile.write(folder / f"{index}.flac", tone, RATE_HZ)
            rows.append(f"{index}.flac\tone two\tone two\t3.0\tmade")
        (folder / f"asr_{language}.tsv").write_text("\n".join(rows) + "\n")

    def transcribe(samples: np.ndarray, language: str) -> str:
        return "one two one two one two" if np.abs(samples).max() > 0.05 else ""

    errors = enhancement.measure(tmp_path, clips_per_language=3, transcribe=transcribe)
    assert len(errors) == 2 * len(enhancement.CONDITIONS) * len(enhancement.TREATMENTS)
    assert errors["en", "as recorded", "none"].rate == 0.0
    assert errors["en", "30 dB quieter", "none"].rate == 1.0
    assert errors["en", "30 dB quieter", "loudness"].rate == 0.0
    assert {count.reference_units for key, count in errors.items() if key[0] == "en"} == {6}
