"""Reference data of calls: a folder of files with the names of the recordings.

For a recording that was uploaded as ``call7.stereo.wav`` (or whose ``external_id`` is ``call7``):

    call7.txt    the spoken text, in the order of time
    call7.json   {"language": "ko", "utterances": [{"speaker", "start", "end", "text", "text_spoken"}]}: the same by
                 speaker; "text_spoken" (numbers in words) may be missing. The format of the evaluation kit
    call7.rttm   who speaks when (NIST RTTM); call7.uem the annotated regions, default: the whole call
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callytics.errors import InvalidRequestError
from callytics.metrics import Interval, read_rttm, read_uem
from callytics.store import VersionRun


@dataclass(frozen=True)
class Reference:
    """
    Attributes:
        language: None if the file does not give it; then the recognised language is used.
        forms: the whole text, in each form that counts as right (numbers as digits, numbers in words).
        by_speaker: speaker -> forms; empty if the file has no speakers.
        speech: who speaks when; empty if unknown.
        scored: the regions that ``speech`` covers, as (start_s, end_s); empty for the whole call.
    """

    language: str | None = None
    forms: tuple[str, ...] = ()
    by_speaker: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speech: tuple[Interval, ...] = ()
    scored: tuple[tuple[float, float], ...] = ()


class References:
    """Args: folder: see the module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, run: VersionRun) -> Reference | None:
        """The reference of the call, by its external id, its file name, or its file name up to the first dot."""
        names = (run.external_id, Path(run.filename).stem, Path(run.filename).name.partition(".")[0])
        for name in names:
            if name and Path(name).name == name and (found := self._read(name)) is not None:
                return found
        return None

    def _read(self, name: str) -> Reference | None:
        paths = {kind: self._folder / f"{name}.{kind}" for kind in ("txt", "json", "rttm", "uem")}
        there = {kind for kind, path in paths.items() if path.is_file()}
        if not there - {"uem"}:
            return None
        try:
            texts: dict[str, Any] = {}
            if "json" in there:
                texts = _spoken(json.loads(paths["json"].read_text(encoding="utf-8")))
            elif "txt" in there:
                texts = {"forms": (paths["txt"].read_text(encoding="utf-8"),)}
            return Reference(
                **texts,
                speech=tuple(read_rttm(paths["rttm"])) if "rttm" in there else (),
                scored=tuple(read_uem(paths["uem"])) if "uem" in there else (),
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise InvalidRequestError(
                "reference_invalid", f"The reference {name} in {self._folder} cannot be read: {error!r}"
            ) from error


def _spoken(document: Mapping[str, Any]) -> dict[str, Any]:
    utterances = sorted(document.get("utterances", ()), key=lambda utterance: float(utterance["start"]))
    speakers = dict.fromkeys(str(utterance["speaker"]) for utterance in utterances)
    return {
        "language": document.get("language"),
        "forms": _forms(utterances),
        "by_speaker": {
            speaker: _forms([u for u in utterances if str(u["speaker"]) == speaker]) for speaker in speakers
        },
    }


def _forms(utterances: list[Mapping[str, Any]]) -> tuple[str, ...]:
    if not utterances:
        return ()
    written = " ".join(utterance["text"] for utterance in utterances)
    spoken = " ".join(utterance.get("text_spoken") or utterance["text"] for utterance in utterances)
    return tuple(dict.fromkeys((written, spoken)))


def read_references(folder: Path) -> References:
    """
    Raises:
        InvalidRequestError: ``references_missing``: the folder does not exist or has no reference.
    """
    if not any(path.suffix in (".txt", ".json", ".rttm") for path in folder.glob("*")):
        raise InvalidRequestError(
            "references_missing",
            f"{folder} holds no reference: put <name of the recording>.txt, .json or .rttm there.",
        )
    return References(folder)
