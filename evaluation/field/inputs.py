"""The recordings of the situations: the kit's make_inputs.sh, and a few more made here from its sentences."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from callytics.errors import NotFoundError
from evaluation.cache import file_digest

PROGRAMS = ("ffmpeg", "sox")
QUIET_DB = -38.0


@dataclass(frozen=True)
class Inputs:
    """``folder`` has the recordings; ``data`` is the kit."""

    folder: Path
    data: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Sentence of the kit (name without folder and ending) -> its transcript."""
        found: dict[str, str] = {}
        for language in ("ko", "en"):
            table = self.data / f"asr_{language}" / f"asr_{language}.tsv"
            with table.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    found[Path(row["file"]).stem] = row["transcript"]
        return found

    @cached_property
    def durations_s(self) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for language in ("ko", "en"):
            table = self.data / f"asr_{language}" / f"asr_{language}.tsv"
            with table.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    found[Path(row["file"]).stem] = float(row["duration_s"])
        return found


def make_inputs(data: Path, cache: Path) -> Inputs:
    """Build every recording below ``cache``, or take those built before.

    Raises:
        NotFoundError: the kit has no field situations, or a program that builds them is not installed.
    """
    recipe = data / "field" / "make_inputs.sh"
    if not recipe.is_file():
        raise NotFoundError("data_missing", f"No field situations at {data}: it has no field/make_inputs.sh.")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise NotFoundError(
            "program_missing",
            f"{' and '.join(missing)} build the field situations; apt install {' '.join(missing)}.",
        )
    folder = cache / "field-inputs" / f"{file_digest(recipe)[:16]}-{file_digest(Path(__file__))[:16]}"
    inputs = Inputs(folder, data)
    if not (folder / "complete").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run(["bash", str(recipe), str(folder)], check=True, capture_output=True)
        for ready in ("f09_echo_180ms.flac", "f10_transfer.ogg"):
            shutil.copyfile(data / "field" / ready, folder / ready)
        _more(inputs)
        (folder / "complete").touch()
    return inputs


def _more(inputs: Inputs) -> None:
    """The situations that the recipe has no lines for."""
    import soundfile

    tracks = [
        "-i",
        str(inputs["f01_two_tracks.m4a"]),
        "-map",
        "0",
        "-c",
        "copy",
        str(inputs["f01_two_tracks.mkv"]),
    ]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *tracks], check=True)
    sentences = [
        soundfile.read(path, dtype="float32")[0]
        for path in sorted((inputs.data / "asr_en").glob("1688-142285-000*.flac"))
    ]
    soundfile.write(inputs["f19_long.wav"], np.concatenate(sentences), 16_000, "PCM_16")
    (agent, rate_hz), (customer, _) = (
        soundfile.read(inputs[f"ko_{party}.wav"], dtype="float32") for party in ("agent", "cust")
    )
    quiet = np.stack([agent, customer * 10 ** (QUIET_DB / 20)], axis=1)
    soundfile.write(inputs["f29_quiet_customer.wav"], quiet, rate_hz, "PCM_16")
