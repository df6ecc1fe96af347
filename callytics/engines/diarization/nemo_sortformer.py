"""speaker-diarizer with NeMo's Sortformer: one network that decides per 80 ms which of four speakers talk.

Paper: Park et al., "Sortformer: Seamless Integration of Speaker Diarization and ASR by Bridging Timestamps and
Tokens", 2024. Speakers are numbered in the order in which they first speak. The model supports overlap.
Runs in runtime_envs/speaker-diarizer-nemo.txt.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from callytics.domain import Audio, CallOptions, Diarization, Flag, Pcm
from callytics.engines.diarization.channels import own_speech, segments_to_mask
from callytics.engines.diarization.nemo_models import ENVIRONMENT, restore
from callytics.engines.diarization.parties import Span, by_channel, by_voice, check_options, tidy
from callytics.engines.diarization.segmentation import num_frames_of, runs
from callytics.engines.diarization.torch_runtime import require, torch_device
from callytics.weights.needed import WeightsOption

DEFAULT_MODEL = "nvidia/diar_streaming_sortformer_4spk-v2.1"
"""Processes long calls in chunks, with a cache of the speakers so far: memory does not grow with the call."""
MIN_DURATION_S = 0.1
Probabilities = npt.NDArray[np.float32]


class SortformerDiarizer:
    """Uses channels if each party has one, otherwise voices. Overlapped speech belongs to all its speakers.

    Deterministic. Safe to call from several threads, but the model keeps state during a call: one call runs at a time.

    Args:
        model: an id on the model hub, or the path of a local ``.nemo`` file. The model limits the number of
            speakers (four in the published ones); a request for more gets the maximum, and a flag.
        revision: branch, tag or commit on the hub; None is the newest.
        device: "cpu", "cuda" or "cuda:<index>".
        num_threads: torch threads on a CPU, for the whole process.
        agent_channel: default agent channel of the original file; a request may name another.
        threshold: probability above which a speaker counts as active; 0.5 is NeMo's own default.
        min_speech_s: shorter speech is dropped.
        min_silence_s: shorter pauses of one speaker count as speech.

    Raises:
        EngineUnavailableError: NeMo or torch is not installed.
        ConfigError: the device does not exist.
        WeightsError: the model cannot be fetched.
    """

    environment = ENVIRONMENT
    weights = (WeightsOption("model", files=("*.nemo",)),)

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        revision: str | None = None,
        device: str = "cpu",
        num_threads: int = 2,
        agent_channel: int = 0,
        threshold: float = 0.5,
        min_speech_s: float = 0.15,
        min_silence_s: float = 0.5,
    ) -> None:
        require("torch", ENVIRONMENT).set_num_threads(num_threads)
        restored = restore("SortformerEncLabelModel", model, revision, torch_device(device))
        self.model = model
        self.model_revision = restored.revision
        self._network = restored.network
        config = self._network.cfg
        self._max_speakers = int(config.max_num_of_spks)
        self._frame_s = float(config.preprocessor.window_stride) * int(config.encoder.subsampling_factor)
        self._agent_channel = agent_channel
        self._threshold = threshold
        self._min_speech_s = min_speech_s
        self._min_silence_s = min_silence_s
        self._lock = threading.Lock()

    def __call__(self, audio: Audio, options: CallOptions) -> Diarization:
        """Who speaks when.

        Raises:
            InvalidRequestError: the agent channel or the number of speakers in ``options`` is impossible.
        """
        check_options(audio, options)
        pcm = audio.pcm
        activity = [self._activity(pcm, channel) for channel in range(pcm.num_channels)]
        if pcm.num_channels > 1:
            return by_channel(audio, options, self._channel_speech(pcm, activity), self._agent_channel)
        wanted = options.num_speakers
        voices = self._voices(activity[0], wanted, pcm.duration_s)
        diarization = by_voice(audio, options, voices)
        if wanted is None or wanted <= self._max_speakers:
            return diarization
        message = f"The model tells at most {self._max_speakers} speakers apart, and {wanted} were asked for."
        return replace(diarization, flags=(*diarization.flags, Flag("num_speakers_limited", message)))

    def _activity(self, pcm: Pcm, channel: int) -> Probabilities:
        """Probability that each speaker talks, shape (num_frames, max_speakers)."""
        if pcm.duration_s < MIN_DURATION_S:
            return np.zeros((0, self._max_speakers), np.float32)
        with self._lock:
            _, (probabilities,) = self._network.diarize(
                audio=pcm.float32(channel),
                sample_rate=pcm.sample_rate_hz,
                include_tensor_outputs=True,
                verbose=False,
            )
        return np.asarray(probabilities.squeeze(0).float().cpu().numpy(), np.float32)

    def _voices(
        self, activity: Probabilities, num_speakers: int | None, duration_s: float
    ) -> list[list[Span]]:
        if num_speakers is not None:
            activity = keep_speakers(activity, num_speakers, self._threshold)
        spans = [self._spans(column) for column in activity.T]
        voices = [tidy(voice, self._min_speech_s, self._min_silence_s, duration_s) for voice in spans]
        return [voice for voice in voices if voice]

    def _channel_speech(self, pcm: Pcm, activity: list[Probabilities]) -> list[list[Span]]:
        """Speech of any speaker on a channel belongs to its party, except leakage from other channels."""
        num_frames = num_frames_of(pcm.num_samples)
        speech = [self._spans(on_channel.max(axis=1, initial=0.0)) for on_channel in activity]
        masks = [segments_to_mask(spans, num_frames) for spans in speech]
        return own_speech(pcm, masks, self._min_speech_s, self._min_silence_s)

    def _spans(self, probabilities: Probabilities) -> list[Span]:
        return [
            (first * self._frame_s, last * self._frame_s)
            for first, last in runs(probabilities > self._threshold)
        ]


def keep_speakers(activity: Probabilities, num_speakers: int, threshold: float) -> Probabilities:
    """The speakers who talk most. The speech of the others goes to the likeliest of these, so none of it is lost.

    Args:
        activity: shape (num_frames, max_speakers).

    Returns:
        Shape (num_frames, min(num_speakers, max_speakers)), in the order of ``activity``.
    """
    total = activity.sum(axis=0)
    kept = np.sort(np.argsort(-total, kind="stable")[:num_speakers])
    chosen = activity[:, kept].copy()
    orphaned = np.flatnonzero(
        (activity.max(axis=1, initial=0.0) > threshold) & ~(chosen > threshold).any(axis=1)
    )
    chosen[orphaned, chosen[orphaned].argmax(axis=1)] = activity[orphaned].max(axis=1, initial=0.0)
    return chosen
