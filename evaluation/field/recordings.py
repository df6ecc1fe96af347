"""The situations about sound: what was said must be heard, at its time, of its party."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.field import judges, sound
from evaluation.field.inputs import Inputs
from evaluation.field.judges import ANYONE, Problems, Result, Said
from evaluation.field.service import Service

ENGLISH = (
    ("AGENT", 0.5, "ast_priv-introsaved"),
    ("CUSTOMER", 4.7, "3331-159605-0005"),
    ("AGENT", 9.5, "1688-142285-0004"),
    ("CUSTOMER", 14.0, "3331-159605-0007"),
    ("AGENT", 18.5, "1688-142285-0003"),
)
KOREAN = (
    ("AGENT", 0.5, "pmi00003"),
    ("CUSTOMER", 4.5, "pfd00026"),
    ("AGENT", 8.0, "nem00001"),
    ("CUSTOMER", 14.0, "nee00302"),
    ("AGENT", 19.0, "pmd00027"),
)
MIXED = (
    ("AGENT", 0.5, "pmi00003", "ko"),
    ("CUSTOMER", 4.2, "3331-159605-0005", "en"),
    ("AGENT", 9.0, "nem00001", "ko"),
    ("CUSTOMER", 14.5, "3331-159605-0003", "en"),
    ("AGENT", 20.0, "pmd00027", "ko"),
    ("CUSTOMER", 24.0, "3331-159605-0006", "en"),
)
ANNOUNCEMENT, ANNOUNCEMENT_S = "ast_queue-youarenext", 5.38
LATE_SENTENCE, LATE_S = "1688-142285-0003", 5.0


@dataclass(frozen=True)
class Tried:
    """What was heard (for the reader), and what is wrong with it."""

    heard: str
    problems: Problems


Samples = npt.NDArray[np.float32]
Try = Callable[[Service, Inputs], Tried]


def _said(
    inputs: Inputs, rows: tuple[tuple[Any, ...], ...], shift_s: float = 0.0, parties: bool = True
) -> list[Said]:
    return [
        Said(
            row[1] + shift_s,
            row[1] + shift_s + inputs.durations_s[row[2]],
            row[0] if parties else ANYONE,
            inputs.texts[row[2]],
            row[3] if len(row) > 3 else "",
        )
        for row in rows
    ]


def whole_call(
    name: str, rows: tuple[tuple[Any, ...], ...], language: str = "", parties: bool = True, **fields: str
) -> Try:
    """A recording of which all is heard, and nothing else."""

    def tried(service: Service, inputs: Inputs) -> Tried:
        given = fields | ({"language": language} if language else {})
        _, result = service.analysed(inputs[name], **given)
        said = _said(inputs, rows, parties=parties)
        return _found(
            result,
            judges.all_said(result, said) + judges.nothing_else(result, said) + judges.sane_words(result),
        )

    return tried


def _found(result: Result, problems: Problems) -> Tried:
    return Tried(judges.heard(result), problems)


def late_start(name: str) -> Try:
    def tried(service: Service, inputs: Inputs) -> Tried:
        call_id, result = service.analysed(inputs[name])
        control_id, control = service.analysed(inputs.data / "asr_en" / f"{LATE_SENTENCE}.flac")
        return _found(
            result,
            judges.same_times(result, control, lambda s: s + LATE_S)
            + judges.flags(result, none_of=("truncated",))
            + judges.one_voice(result)
            + _played(service, call_id, control_id, lambda s: s + LATE_S)
            + judges.lengths(
                LATE_S + inputs.durations_s[LATE_SENTENCE], result=result["media"]["duration_ms"]
            ),
        )

    return tried


def timeline(name: str, rate: float = 1.0) -> Try:
    """Holes and drift: every word stands where the control's word stands, times ``rate``."""

    def tried(service: Service, inputs: Inputs) -> Tried:
        call_id, result = service.analysed(inputs[name])
        control_id, control = service.analysed(inputs["en_mono.wav"])
        return _found(
            result,
            judges.same_times(result, control, lambda s: rate * s)
            + judges.flags(result, none_of=("truncated",))
            + _played(service, call_id, control_id, lambda s: rate * s)
            + judges.sane_words(result),
        )

    return tried


def _served(service: Service, call_id: str) -> tuple[Samples, int]:
    """The recording as ``/audio`` converts it: one channel, and its rate."""
    import soundfile

    answer = service.request("GET", f"/v1/calls/{call_id}/audio", params={"format": "wav"})
    answer.raise_for_status()
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32", always_2d=True)
    return np.asarray(samples.mean(axis=1)), rate_hz


def _played(
    service: Service, call_id: str, control_id: str, moved: Callable[[float], float]
) -> judges.Problems:
    served, control = _served(service, call_id), _served(service, control_id)
    return sound.played_at(sound.envelope(*served), sound.envelope(*control), moved)


def mono_then_stereo(service: Service, inputs: Inputs) -> Tried:
    call_id, result = service.analysed(inputs["f04_mono_then_stereo.mp3"])
    announced = Said(0.0, ANNOUNCEMENT_S, ANYONE, inputs.texts[ANNOUNCEMENT])
    said = [announced, *_said(inputs, ENGLISH, shift_s=5.7)]
    record = service.ended(call_id)
    problems = judges.all_said(result, said) + judges.nothing_else(result, said)
    result_s = result["media"]["duration_ms"] / 1000
    return _found(result, problems + judges.lengths(result_s, record=record["media"]["duration_ms"]))


def two_channels_without_header(service: Service, inputs: Inputs) -> Tried:
    path = inputs["f05_stereo.ulaw"]
    _, result = service.analysed(path, audio_format="mulaw", audio_channels=2)
    said = [sentence for sentence in _said(inputs, ENGLISH) if sentence.end_s <= 14.5]
    problems = judges.all_said(result, said) + judges.nothing_else(result, said)
    answer = service.upload(path, audio_format="mulaw")
    if answer.status_code == 202 and service.ended(answer.json()["call_id"])["job_status"] == "COMPLETED":
        wrong = service.result(answer.json()["call_id"])
        problems.append(f"told to be mono, it is taken for speech: “{judges.heard(wrong)}”")
    return _found(result, problems)


def announcement_on_both(service: Service, inputs: Inputs) -> Tried:
    _, result = service.analysed(inputs["f06_announce_both.wav"])
    announced = Said(0.0, ANNOUNCEMENT_S, ANYONE, inputs.texts[ANNOUNCEMENT])
    parties = [s for s in _said(inputs, ENGLISH, shift_s=ANNOUNCEMENT_S) if s.end_s <= 15.5]
    talk_ms = sum(
        party["total_time_ms"]
        for party in result["conversation_characteristics"]["talk_time"]["details_by_participant"]
    )
    spoken_s = sum(sentence.end_s - sentence.start_s for sentence in parties)
    problems = judges.all_said(result, [announced, *parties])
    problems += judges.nothing_else(
        result, [announced, *parties, *_said(inputs, ENGLISH[2:3], ANNOUNCEMENT_S)]
    )
    problems += judges.said_once(result, announced) + judges.not_a_party(result, announced)
    problems += judges.flags(result, all_of=("announcement",))
    if talk_ms / 1000 > spoken_s + 1.0:
        problems.append(f"talk time of {talk_ms / 1000:.1f} s, the parties speak {spoken_s:.1f}")
    return _found(result, problems)


def transfer(name: str) -> Try:
    agent = (
        "pmi00003@0.5 pmi00007@8.5 pmi00013@17 pmi00025@24.2 pfi00010@33 pfi00023@41 pfi00011@49 pfi00006@57"
    )
    customer = "pfd00026@4.8 pfd00018@12.5 pfd00021@21.3 pfd00014@36.5 pfd00023@44.5 pfd00013@52"
    rows = tuple(
        (party, float(start), sentence)
        for party, line in (("AGENT", agent), ("CUSTOMER", customer))
        for sentence, start in (item.split("@") for item in line.split())
    )

    def tried(service: Service, inputs: Inputs) -> Tried:
        _, result = service.analysed(inputs[name], language="ko")
        said = _said(inputs, rows)
        problems = judges.all_said(result, said) + judges.nothing_else(result, said)
        return _found(result, problems + judges.handed_over(result, "AGENT", 28.0, 32.0))

    return tried


def chained(service: Service, inputs: Inputs) -> Tried:
    call_id, result = service.analysed(inputs["f12_chained.ogg"])
    names = ("1688-142285-0003", "1688-142285-0004", "1688-142285-0005")
    start_s, rows = 0.0, []
    for name in names:
        rows.append((ANYONE, start_s, name))
        start_s += inputs.durations_s[name]
    said = _said(inputs, tuple(rows))
    listed = service.request("GET", "/v1/calls", params={"limit": 200}).json()["calls"]
    in_list = next(call for call in listed if call["call_id"] == call_id)
    problems = judges.all_said(result, said) + judges.nothing_else(result, said) + judges.one_voice(result)
    record_ms = service.ended(call_id)["media"]["duration_ms"]
    return _found(
        result,
        problems
        + judges.lengths(
            start_s,
            result=result["media"]["duration_ms"],
            record=record_ms,
            list=in_list["media"]["duration_ms"],
        ),
    )


def served_as_sent(service: Service, inputs: Inputs) -> Tried:
    """F23: the GSM recording as it came, and converted in its whole length."""
    path: Path = inputs["f11_call.gsm"]
    call_id, _ = service.analysed(path)
    sent = service.request("GET", f"/v1/calls/{call_id}/audio")
    samples, rate_hz = _served(service, call_id)
    length_s = len(samples) / rate_hz
    problems = (
        [] if sent.content == path.read_bytes() else [f"{len(sent.content)} bytes, not those that were sent"]
    )
    return Tried(f"WAV of {length_s:.1f} s", problems + judges.lengths(24.0, wav=length_s * 1000))
