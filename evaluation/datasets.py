"""Readers of the evaluation kit: single utterances, two-party calls, meetings. See the kit's own README.

The kit is not part of the repository (most of its Korean audio is for research only). A reader takes the kit's
folder; nothing here copies a recording.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callytics.domain import Role
from callytics.metrics import Interval, read_rttm, read_uem

LONG_CALL_S = 600.0
"""``--skip-long`` excludes longer recordings."""


HALVES = ("choose", "report")
LAYOUTS = (".stereo", ".mono")


def half(name: str) -> str:
    """The half of the kit that a recording is in: rules are chosen on "choose" only, and judged on "report".

    A hash of the name decides, so every run has the same halves. Both layouts of a composed call are in one half.
    """
    for layout in LAYOUTS:
        name = name.removesuffix(layout)
    return HALVES[hashlib.sha256(f"kit {name}".encode()).digest()[0] % 2]


@dataclass(frozen=True)
class Clip:
    """One recorded sentence. ``references``: as written (digits) and as spoken, if they differ."""

    id: str
    path: Path
    language: str
    references: tuple[str, ...]
    duration_s: float
    source: str


@dataclass(frozen=True)
class SpokenUtterance:
    start_s: float
    end_s: float
    speaker: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class CallSample:
    """A recording of several parties and its reference data.

    Attributes:
        subset: "composed stereo", "composed mono", "real", "ami" or "meetings".
        roles: speaker of the reference -> role; empty if the parties have none.
        utterances: in order of start; empty without a transcript.
        speech: who speaks when (reference RTTM); empty if there is none.
        scored: the regions of the UEM.
        channel_references: for a stereo file without times, channel -> its text.
        keywords: phrases that must be recognised, if nothing else is known.
    """

    id: str
    path: Path
    subset: str
    language: str
    duration_s: float
    num_channels: int
    roles: Mapping[str, Role]
    utterances: tuple[SpokenUtterance, ...] = ()
    speech: tuple[Interval, ...] = ()
    scored: tuple[tuple[float, float], ...] = ()
    channel_references: Mapping[int, str] | None = None
    keywords: tuple[str, ...] = ()

    @property
    def num_speakers(self) -> int:
        return len({interval.label for interval in self.speech})

    def forms(self, role: Role | None = None, speaker: str | None = None) -> list[str]:
        """Every form of the whole text (of a role or speaker), joined in order of time."""
        chosen = [
            utterance.references
            for utterance in self.utterances
            if (role is None or self.roles.get(utterance.speaker) == role)
            and (speaker is None or utterance.speaker == speaker)
        ]
        count = max((len(references) for references in chosen), default=0)
        return [" ".join(forms[min(index, len(forms) - 1)] for forms in chosen) for index in range(count)]

    def role_speech(self) -> list[Interval]:
        """The reference speech labelled by role."""
        return [
            Interval(i.start_s, i.end_s, self.roles[i.label]) for i in self.speech if i.label in self.roles
        ]


def clips(data: Path, language: str) -> list[Clip]:
    """asr_ko or asr_en: recorded sentences with transcripts."""
    folder = data / f"asr_{language}"
    with (folder / f"{folder.name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Clip(
            id=Path(row["file"]).stem,
            path=folder / row["file"],
            language=language,
            references=_forms(row["transcript"], row["transcript_spoken"]),
            duration_s=float(row["duration_s"]),
            source=row["source"],
        )
        for row in rows
    ]


def composed_calls(data: Path, layout: str) -> list[CallSample]:
    """Calls composed of single-speaker recordings, with times exact to about 20 ms.

    Args:
        layout: "stereo" (left agent, right customer) or "mono" (both added).
    """
    folder = data / "calls" / "composed"
    return [_composed(path, layout, f"composed {layout}") for path in sorted(folder.glob("*.json"))]


def meetings(data: Path) -> list[CallSample]:
    """Composed recordings of three and four people, one channel, no roles."""
    return [_composed(path, "mono", "meetings") for path in sorted((data / "diar").glob("*meeting*.json"))]


def ami(data: Path) -> list[CallSample]:
    """30 s excerpts of real meetings (AMI), one to four people, no transcript."""
    return [_diarization_sample(path, "ami") for path in sorted((data / "diar").glob("ami_*.flac"))]


def real_calls(data: Path) -> list[CallSample]:
    """Real and role-played calls with any reference, and pyannote's sample of a telephone call.

    Not scored, without a checked reference: azure_katiesteve, lca_auto_repairs_40 (automatic RTTM only).
    """
    folder = data / "calls" / "real"
    samples = [_real(path) for path in sorted(folder.glob("*.json"))]
    known = [s for s in samples if s.utterances or s.channel_references or s.keywords]
    return [*known, _telephone_sample(data / "diar" / "pyannote_sample.wav")]


def _forms(written: str, spoken: str | None) -> tuple[str, ...]:
    return (written, spoken) if spoken and spoken != written else (written,)


def _composed(path: Path, layout: str, subset: str) -> CallSample:
    call = json.loads(path.read_text(encoding="utf-8"))
    roles = {call[key]: Role(key.upper()) for key in ("agent", "customer") if call.get(key)}
    return CallSample(
        id=f"{call['id']}.{layout}",
        path=path.parent / call["files"][layout],
        subset=subset,
        language=call["language"],
        duration_s=call["duration"],
        num_channels=2 if layout == "stereo" else 1,
        roles=roles,
        utterances=tuple(_utterances(call["utterances"])),
        speech=tuple(read_rttm(path.with_suffix(".rttm"))),
        scored=tuple(read_uem(path.with_suffix(".uem"))),
    )


def _utterances(rows: Sequence[Mapping[str, Any]]) -> list[SpokenUtterance]:
    utterances = [
        SpokenUtterance(row["start"], row["end"], row["speaker"], _forms(row["text"], row.get("text_spoken")))
        for row in rows
    ]
    return sorted(utterances, key=lambda utterance: utterance.start_s)


def _real(path: Path) -> CallSample:
    call = json.loads(path.read_text(encoding="utf-8"))
    audio = next(p for p in sorted(path.parent.glob(f"{call['id']}*")) if p.suffix in (".wav", ".flac"))
    rttm, uem = path.with_suffix(".rttm"), path.with_suffix(".uem")
    rows = call.get("utterances", [])
    texts = call.get("channel_text")
    return CallSample(
        id=call["id"],
        path=audio,
        subset="real",
        language=call["language"],
        duration_s=call["duration"],
        num_channels=len(call.get("channels") or [0]),
        roles={row["speaker"]: Role(row["role"].upper()) for row in rows},
        utterances=tuple(_utterances(rows)),
        speech=tuple(read_rttm(rttm)) if rttm.is_file() else (),
        scored=tuple(read_uem(uem)) if uem.is_file() else (),
        channel_references={int(channel): text for channel, text in texts.items()} if texts else None,
        keywords=tuple(call.get("keywords", ())),
    )


def _diarization_sample(path: Path, subset: str) -> CallSample:
    scored = tuple(read_uem(path.with_suffix(".uem")))
    return CallSample(
        id=path.stem,
        path=path,
        subset=subset,
        language="en",
        duration_s=scored[-1][1],
        num_channels=1,
        roles={},
        speech=tuple(read_rttm(path.with_suffix(".rttm"))),
        scored=scored,
    )


def _telephone_sample(path: Path) -> CallSample:
    sample = _diarization_sample(path, "real")
    utterances = []
    for line in path.with_suffix(".stm").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith(";"):
            _, _, speaker, start, end, *words = line.split()
            utterances.append(SpokenUtterance(float(start), float(end), speaker, (" ".join(words),)))
    return CallSample(**{**sample.__dict__, "utterances": tuple(utterances)})
