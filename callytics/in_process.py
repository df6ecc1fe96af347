"""Analysis of one call in this process, from a path to a result: the graph without Ray."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from callytics.config import load_stages
from callytics.domain import CallOptions, Denoise, Recording
from callytics.errors import InvalidRequestError
from callytics.home import resources
from callytics.options.checks import checked, with_format_of
from callytics.result.schema.call import CallResult

if TYPE_CHECKING:
    from callytics.pipeline import InProcess


def analyze(
    path: str | Path,
    *,
    language: str | None = None,
    agent_channel: int | None = None,
    num_speakers: int | None = None,
    hotwords: Sequence[str] = (),
    audio_format: str | None = None,
    audio_sample_rate_hz: int | None = None,
    audio_channels: int | None = None,
    denoise: Literal["auto", "always", "never"] | None = None,
    redact_pii: bool = False,
    written_forms: bool = False,
    config: str | Path | None = None,
) -> CallResult:
    """Analyse a recording in this process, without a server. Engines are loaded at the first call, and kept.

    Args:
        path: path of a recording in any usual format, or ``"sample"``: the call that is part of Callytics.
        language: ``ko``, ``ko-KR``, ``Korean`` ...; detected if not given.
        agent_channel: channel of the agent in a stereo recording, from 0.
        num_speakers: number of speakers in a mono recording, if known.
        hotwords: names and terms to expect.
        audio_format: of a file without a header: ``mulaw``, ``alaw``, ``s16le``, ``g722``, ``gsm`` or ``vox``; by
            default what its extension tells.
        audio_sample_rate_hz: of a file without a header; 8000 if not given.
        audio_channels: of a file without a header: 1, or 2 whose samples alternate.
        denoise: analyse with the noise reduced: ``auto``, where it helps; ``always`` or ``never``; by default as
            ``config`` says.
        redact_pii: take out names, addresses and numbers of people.
        written_forms: also give each turn with numbers, dates and amounts in written form.
        config: the Serve config file that names the engines; by default serve_config.cpu.yaml of this folder, else
            the one in the package.

    Raises:
        InvalidRequestError: an option is wrong, or there is no such file.
        InvalidMediaError: the recording cannot be analysed.
        EngineUnavailableError: a package is missing (``pip install "callytics[cpu]"``), or weights are
            (``callytics models pull``).
    """
    recording = resources.recording_file(Path(path))
    if not recording.is_file():
        raise InvalidRequestError("file_missing", f"{recording}: no such file.")
    options = CallOptions(
        language=language,
        agent_channel=agent_channel,
        num_speakers=num_speakers,
        hotwords=tuple(hotwords),
        audio_format=audio_format,
        audio_sample_rate_hz=audio_sample_rate_hz,
        audio_channels=audio_channels,
        denoise=cast(Denoise | None, denoise),  # checked() reads the name
        redact_pii=redact_pii,
        written_forms=written_forms,
    )
    chosen = resources.config_file(Path(config or resources.CONFIGS[0]))
    return _interpreter(chosen.resolve())(
        recording_at(recording), checked(with_format_of(options, recording.name))
    )


def recording_at(path: Path) -> Recording:
    """Without a store, the call id is derived from the content: the same file gives the same result, byte for byte."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Recording(sha256[:26], str(path.resolve()), sha256)


@lru_cache(maxsize=1)
def _interpreter(config: Path) -> InProcess:
    from callytics.pipeline import (
        InProcess,
    )  # imports numpy, which a user of the error classes alone does not need

    return InProcess(load_stages(config))
