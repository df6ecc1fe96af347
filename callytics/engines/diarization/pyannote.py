"""speaker-diarizer with a pretrained pipeline of pyannote.audio 4, from the model hub or a local folder.

Paper: Bredin, "pyannote.audio 2.1 speaker diarization pipeline: principle, benchmark, and recipe", Interspeech 2023.
Runs in runtime_envs/speaker-diarizer.txt.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Diarization, Pcm
from callytics.engines.diarization.channels import own_speech, segments_to_mask
from callytics.engines.diarization.parties import Span, by_channel, by_voice, check_options, tidy
from callytics.engines.diarization.parts import Voice, in_parts, linked
from callytics.engines.diarization.segmentation import num_frames_of
from callytics.engines.diarization.torch_runtime import (
    content_revision,
    fetch_snapshot,
    require,
    require_torchaudio,
    torch_device,
)
from callytics.engines.memory import is_out_of_memory, limit_torch, release_unused
from callytics.errors import ConfigError, InvalidRequestError, WeightsError
from callytics.weights.needed import WeightsOption

logger = logging.getLogger(__name__)

ENVIRONMENT = "speaker-diarizer"
DEFAULT_PIPELINE = "pyannote/speaker-diarization-community-1"
"""The open pipeline of pyannote.audio 4: segmentation, WeSpeaker embeddings, VBx clustering. CC-BY-4.0, behind a form
on the hub: accept it once, and give the stage a token in the environment variable HF_TOKEN."""
MIN_DURATION_S = 0.1
"""Below the receptive field of the segmentation (62 ms) speakers cannot be told apart."""


class PyannoteDiarizer:
    """Uses channels if each party has one, otherwise voices. Overlapped speech belongs to all its speakers.

    Deterministic; safe to call from several threads. The telemetry of pyannote is switched off.

    Args:
        pipeline: a pipeline's id on the hub, or a local folder with its ``config.yaml``. The hub client reads its
            token from the environment variable HF_TOKEN. There is no option for the token, which keeps it out of files.
        revision: branch, tag or commit on the hub; None is the newest.
        device: "cpu", "cuda" or "cuda:<index>".
        num_threads: torch threads on a CPU, for the whole process.
        agent_channel: default agent channel of the original file; a request may name another.
        min_speakers: minimum number of speakers of a mono call, if the request does not give the number.
        max_speakers: maximum number of speakers of a mono call, if the request does not give the number.
        min_speech_s: shorter speech is dropped.
        min_silence_s: shorter pauses of one speaker count as speech.
        segmentation_batch_size: 10 s windows per forward pass.
        embedding_batch_size: local speakers per forward pass. When the memory of the card is used up, both are halved,
            and the call is tried again.
        part_minutes: a longer mono call is diarized in parts, whose voices are linked: pyannote.audio 4.0.3 needs
            9.5 GB for 72 minutes (pyannote-audio issue 1963), so 4.2 GB for 30. Mono calls take turns.
        memory_share: the most of a card's memory that torch may take in this process, e.g. 0.23; None: no limit.

    Raises:
        EngineUnavailableError: pyannote.audio or torch is not installed.
        ConfigError: an option is impossible, or the device does not exist.
        WeightsError: the pipeline cannot be fetched.
    """

    weights = (WeightsOption("pipeline", gated=("pyannote",)),)

    def __init__(
        self,
        *,
        pipeline: str = DEFAULT_PIPELINE,
        revision: str | None = None,
        device: str = "cpu",
        num_threads: int = 2,
        agent_channel: int = 0,
        min_speakers: int = 1,
        max_speakers: int = 6,
        min_speech_s: float = 0.15,
        min_silence_s: float = 0.5,
        segmentation_batch_size: int = 32,
        embedding_batch_size: int = 32,
        part_minutes: float = 30.0,
        memory_share: float | None = None,
    ) -> None:
        if not 1 <= min_speakers <= max_speakers:
            raise ConfigError(
                "engine_options_invalid", "speaker-diarizer: 1 <= min_speakers <= max_speakers."
            )
        if part_minutes < 1:
            raise ConfigError("engine_options_invalid", "speaker-diarizer: part_minutes is 1 or more.")
        os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # read at import, and before every call
        self._torch: Any = require("torch", ENVIRONMENT)
        self._torch.set_num_threads(num_threads)
        limit_torch(memory_share, device)
        folder, self.model_revision = _pipeline_folder(pipeline, revision)
        self.model = pipeline
        self._pipeline = _load(folder, torch_device(device))
        self._voice_activity = _voice_activity(self._pipeline, segmentation_batch_size)
        self._batch_sizes = (segmentation_batch_size, embedding_batch_size)
        self._set_batch_sizes()
        self._part_s = 60 * part_minutes
        self._one_mono_call = threading.Lock()  # two would need twice the memory
        self._agent_channel = agent_channel
        self._bounds = {"min_speakers": min_speakers, "max_speakers": max_speakers}
        self._min_speech_s = min_speech_s
        self._min_silence_s = min_silence_s

    def __call__(self, audio: Audio, options: CallOptions) -> Diarization:
        """Who speaks when.

        Raises:
            InvalidRequestError: the agent channel or the number of speakers in ``options`` is impossible.
        """
        check_options(audio, options)
        if audio.pcm.num_channels > 1:
            return by_channel(audio, options, self._channel_speech(audio.pcm), self._agent_channel)
        return by_voice(audio, options, self._voices(audio.pcm, options.num_speakers))

    def _voices(self, pcm: Pcm, num_speakers: int | None) -> list[list[Span]]:
        if pcm.duration_s < MIN_DURATION_S:
            return []
        bounds = self._bounds if num_speakers is None else {"num_speakers": num_speakers}
        parts = in_parts(pcm.duration_s, self._part_s)
        with self._one_mono_call:
            if len(parts) == 1:
                found = [spans for spans, _ in self._part(pcm, parts[0], bounds, to_link=False)]
            else:
                found = self._linked(pcm, parts, num_speakers or self._bounds["max_speakers"])
        return [tidy(spans, self._min_speech_s, self._min_silence_s, pcm.duration_s) for spans in found]

    def _linked(self, pcm: Pcm, parts: list[Span], max_speakers: int) -> list[list[Span]]:
        """
        Raises:
            InvalidRequestError: ``too_long_for_voices``: the pipeline gives no embeddings to link parts by.
        """
        voices = []
        for part in parts:
            found = self._part(pcm, part, {"min_speakers": 1, "max_speakers": max_speakers}, to_link=True)
            if any(embedding is None for _, embedding in found):
                raise InvalidRequestError(
                    "too_long_for_voices",
                    f"The call has one channel and {pcm.duration_s / 60:.0f} minutes. Above "
                    f"{self._part_s / 60:.0f} its voices are told apart in parts, for which this pipeline gives no "
                    "embeddings. Use speaker-diarization-community-1, raise part_minutes if the memory allows it, or "
                    "send the call in parts.",
                )
            voices.append(
                [Voice(tuple(spans), embedding) for spans, embedding in found if embedding is not None]
            )
        return linked(voices, max_speakers)

    def _part(
        self, pcm: Pcm, part: Span, bounds: dict[str, int], *, to_link: bool
    ) -> list[tuple[list[Span], Any]]:
        """Spans and embedding, if the pipeline gives one, of every voice of a part."""
        output = self._in_memory(partial(self._pipeline, self._file(pcm, 0, part), **bounds))
        # A legacy pipeline returns the annotation itself.
        annotation = getattr(output, "speaker_diarization", output)
        embeddings = getattr(output, "speaker_embeddings", None) if to_link else None
        rows = [None] * len(annotation.labels()) if embeddings is None else list(embeddings)
        return [
            ([(part[0] + s.start, part[0] + s.end) for s in annotation.label_timeline(label)], embedding)
            for label, embedding in zip(annotation.labels(), rows, strict=True)
        ]

    def _in_memory(self, work: Callable[[], Any]) -> Any:
        """``work``, with smaller batches until the memory of the device suffices; the next calls keep them."""
        while True:
            used = self._batch_sizes
            try:
                return work()
            except Exception as error:
                if not is_out_of_memory(error) or max(used) == 1:
                    raise
            if self._batch_sizes == used:  # else another call has halved them meanwhile
                self._batch_sizes = (max(1, used[0] // 2), max(1, used[1] // 2))
                self._set_batch_sizes()
                logger.warning("out of memory; batches of %d and %d from now on", *self._batch_sizes)
            release_unused()

    def _set_batch_sizes(self) -> None:
        segmentation, embedding = self._batch_sizes
        self._pipeline.segmentation_batch_size = segmentation
        self._pipeline.embedding_batch_size = embedding
        self._voice_activity._segmentation.batch_size = segmentation

    def _channel_speech(self, pcm: Pcm) -> list[list[Span]]:
        if pcm.duration_s < MIN_DURATION_S:
            return [[] for _ in range(pcm.num_channels)]
        files = [self._file(pcm, channel) for channel in range(pcm.num_channels)]
        speech = [self._in_memory(partial(self._voice_activity, file)).get_timeline() for file in files]
        num_frames = num_frames_of(pcm.num_samples)
        active = [segments_to_mask(((s.start, s.end) for s in spans), num_frames) for spans in speech]
        return own_speech(pcm, active, self._min_speech_s, self._min_silence_s)

    def _file(self, pcm: Pcm, channel: int, part: Span | None = None) -> dict[str, Any]:
        """One channel, or a part of it, as pyannote reads it from memory: a waveform of shape (1, num_samples)."""
        samples = pcm.float32(channel) if part is None else pcm.float32(channel, *part)
        waveform = self._torch.from_numpy(samples)[None]
        return {"waveform": waveform, "sample_rate": pcm.sample_rate_hz, "uri": "call"}


def _pipeline_folder(pipeline: str, revision: str | None) -> tuple[Path, str]:
    """The folder of a pipeline and the identifier of its content: the hub's commit, or a hash of a local folder."""
    folder = Path(pipeline).expanduser()
    if folder.is_dir():
        return folder, content_revision(folder)
    return fetch_snapshot(pipeline, revision, ENVIRONMENT)


def _load(folder: Path, device: Any) -> Any:
    require_torchaudio(ENVIRONMENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "torchcodec is not installed correctly": no file is decoded here
        audio = require("pyannote.audio", ENVIRONMENT)
    # A short call may have fewer speakers than the bounds. Filters are not per thread, so this is set once per process.
    warnings.filterwarnings("ignore", message=r"\s*The detected number of speakers", category=UserWarning)
    if not (folder / "config.yaml").is_file():
        raise WeightsError(
            "pipeline_invalid", f"speaker-diarizer: {folder} has no config.yaml of a pipeline."
        )
    pipeline = audio.Pipeline.from_pretrained(folder)
    if not hasattr(pipeline, "embedding_batch_size"):
        raise WeightsError(
            "pipeline_invalid",
            f"speaker-diarizer: {folder} holds a {type(pipeline).__name__}, not a SpeakerDiarization pipeline.",
        )
    return pipeline.to(device)


def _voice_activity(pipeline: Any, batch_size: int) -> Any:
    """Voice activity by the same segmentation model, for a channel with one party."""
    pipelines = require("pyannote.audio.pipelines", ENVIRONMENT)
    model = pipeline._segmentation.model
    thresholds = {} if model.specifications.powerset else {"onset": 0.5, "offset": 0.5}
    step_s = pipeline.segmentation_step * model.specifications.duration
    activity = pipelines.VoiceActivityDetection(segmentation=model, step=step_s, batch_size=batch_size)
    activity.instantiate({"min_duration_on": 0.0, "min_duration_off": 0.0, **thresholds})
    return activity.to(model.device)
