"""speaker-diarizer with a pretrained pipeline of pyannote.audio 4, from the model hub or a local folder.

Paper: Bredin, "pyannote.audio 2.1 speaker diarization pipeline: principle, benchmark, and recipe", Interspeech 2023.
Runs in runtime_envs/speaker-diarizer.txt.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Diarization, Pcm
from callytics.engines.diarization.channels import own_speech, segments_to_mask
from callytics.engines.diarization.parties import Span, by_channel, by_voice, check_options, tidy
from callytics.engines.diarization.segmentation import num_frames_of
from callytics.engines.diarization.torch_runtime import (
    content_revision,
    fetch_snapshot,
    require,
    require_torchaudio,
    torch_device,
)
from callytics.errors import ConfigError, WeightsError
from callytics.weights.needed import WeightsOption

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
        embedding_batch_size: local speakers per forward pass.

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
    ) -> None:
        if not 1 <= min_speakers <= max_speakers:
            raise ConfigError(
                "engine_options_invalid", "speaker-diarizer: 1 <= min_speakers <= max_speakers."
            )
        os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # read at import, and before every call
        self._torch: Any = require("torch", ENVIRONMENT)
        self._torch.set_num_threads(num_threads)
        folder, self.model_revision = _pipeline_folder(pipeline, revision)
        self.model = pipeline
        self._pipeline = _load(folder, torch_device(device))
        self._pipeline.segmentation_batch_size = segmentation_batch_size
        self._pipeline.embedding_batch_size = embedding_batch_size
        self._voice_activity = _voice_activity(self._pipeline, segmentation_batch_size)
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
        output = self._pipeline(self._file(pcm, 0), **bounds)
        annotation = getattr(
            output, "speaker_diarization", output
        )  # a legacy pipeline returns the annotation itself
        return [self._tidy(annotation.label_timeline(label), pcm.duration_s) for label in annotation.labels()]

    def _channel_speech(self, pcm: Pcm) -> list[list[Span]]:
        if pcm.duration_s < MIN_DURATION_S:
            return [[] for _ in range(pcm.num_channels)]
        speech = [
            self._voice_activity(self._file(pcm, channel)).get_timeline()
            for channel in range(pcm.num_channels)
        ]
        num_frames = num_frames_of(pcm.num_samples)
        active = [segments_to_mask(((s.start, s.end) for s in spans), num_frames) for spans in speech]
        return own_speech(pcm, active, self._min_speech_s, self._min_silence_s)

    def _tidy(self, timeline: Any, duration_s: float) -> list[Span]:
        spans = ((segment.start, segment.end) for segment in timeline)
        return tidy(spans, self._min_speech_s, self._min_silence_s, duration_s)

    def _file(self, pcm: Pcm, channel: int) -> dict[str, Any]:
        """One channel in the form that pyannote reads from memory: a waveform of shape (1, num_samples)."""
        waveform = self._torch.from_numpy(pcm.float32(channel))[None]
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
