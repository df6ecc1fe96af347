"""Who speaks when in a recording with one channel: local segmentation, voice embeddings, clustering.

The scheme of pyannote.audio 3 (Bredin, "pyannote.audio 2.1 speaker diarization pipeline", Interspeech 2023):
sliding windows are segmented into local speakers, each local speaker gets an embedding of the speech where
nobody else talks, the embeddings are clustered over the whole call, and the windows vote on every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.channels import mask_to_segments
from callytics.engines.diarization.clustering import cluster_voices
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, Embedder
from callytics.engines.diarization.features import FRAME_SHIFT_SAMPLES as FEATURE_SHIFT_SAMPLES
from callytics.engines.diarization.features import log_mel_filter_bank
from callytics.engines.diarization.segmentation import (
    FIRST_FRAME_S,
    FRAME_SHIFT_S,
    FRAME_SHIFT_SAMPLES,
    FRAMES_PER_WINDOW,
    MAX_LOCAL_SPEAKERS,
    WINDOW_SAMPLES,
    Activity,
    Segmenter,
)

_FEATURE_SHIFT_S = FEATURE_SHIFT_SAMPLES / 16_000


@dataclass(frozen=True)
class VoiceOptions:
    """How voices are told apart; every value is an option of the engine, described there."""

    step_s: float
    threshold: float
    min_speech_s: float
    min_silence_s: float
    min_speakers: int
    max_speakers: int
    same_voice_similarity: float
    min_share: float
    min_embedding_s: float
    max_embedding_s: float


@dataclass(frozen=True, eq=False)
class LocalVoices:
    """Embeddings of the local speakers of all windows.

    Attributes:
        embeddings: unit vectors, shape (num_windows, 3, 192); zeros where there is too little speech.
        clean_s: seconds of speech of that speaker alone, shape (num_windows, 3).
    """

    embeddings: npt.NDArray[np.float32]
    clean_s: npt.NDArray[np.float32]


def voice_segments(
    pcm: Pcm, channel: int, segmenter: Segmenter, embedder: Embedder, options: VoiceOptions
) -> list[list[tuple[float, float]]]:
    """Speech of every voice as sorted (start_s, end_s); empty where nobody speaks."""
    activity = segmenter(pcm, channel, options.step_s)
    if not (activity.speech > options.threshold).any():
        return []
    local = embed_local_speakers(pcm, channel, activity, embedder, options)
    centroids = _voices(local, options)
    scores = _vote(activity, _assign(activity, local, centroids), len(centroids))
    masks = _binarise(scores, activity, options.threshold)
    segments = [
        mask_to_segments(mask, options.min_speech_s, options.min_silence_s, pcm.duration_s)
        for mask in masks.T
    ]
    return [voice for voice in segments if voice]


def embed_local_speakers(
    pcm: Pcm, channel: int, activity: Activity, embedder: Embedder, options: VoiceOptions
) -> LocalVoices:
    """One embedding for each local speaker of each window, from the frames where only that one speaks."""
    num_windows = len(activity.first_frames)
    embeddings = np.zeros((num_windows, MAX_LOCAL_SPEAKERS, EMBEDDING_DIMENSION), np.float32)
    clean_s = np.zeros((num_windows, MAX_LOCAL_SPEAKERS), np.float32)
    for window in range(num_windows):
        active = activity.probabilities[window].astype(np.float32) > options.threshold
        alone = active & (active.sum(axis=1, keepdims=True) == 1)
        clean_s[window] = alone.sum(axis=0) * FRAME_SHIFT_S
        speakers = np.flatnonzero(clean_s[window] >= options.min_embedding_s)
        if len(speakers) == 0:
            continue
        first_sample = int(activity.first_frames[window]) * FRAME_SHIFT_SAMPLES
        samples = pcm.int16()[channel, first_sample : first_sample + WINDOW_SAMPLES]
        features = log_mel_filter_bank(samples / np.float32(32768.0))
        for speaker in speakers:
            chosen = features[_feature_mask(alone[:, speaker], len(features))]
            chosen = chosen[: round(options.max_embedding_s / _FEATURE_SHIFT_S)]
            embeddings[window, speaker] = embedder(chosen)
    return LocalVoices(embeddings, clean_s)


def _feature_mask(mask: npt.NDArray[np.bool_], num_features: int) -> npt.NDArray[np.bool_]:
    """From segmentation frames (16.9 ms) to feature frames (10 ms), by the middle of each."""
    middles_s = 0.0125 + np.arange(num_features) * _FEATURE_SHIFT_S
    frames = np.round((middles_s - FIRST_FRAME_S) / FRAME_SHIFT_S).astype(np.int64)
    return np.asarray(mask[np.clip(frames, 0, len(mask) - 1)])


def _voices(local: LocalVoices, options: VoiceOptions) -> npt.NDArray[np.float32]:
    """Centroids over the call; one voice where no window holds enough speech for an embedding."""
    reliable = local.clean_s >= options.min_embedding_s
    if not reliable.any():
        return np.zeros((1, EMBEDDING_DIMENSION), np.float32)
    return cluster_voices(
        local.embeddings[reliable],
        local.clean_s[reliable],
        min_speakers=options.min_speakers,
        max_speakers=options.max_speakers,
        same_voice_similarity=options.same_voice_similarity,
        min_share=options.min_share,
    )


def _assign(
    activity: Activity, local: LocalVoices, centroids: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """The voice of each local speaker, shape (num_windows, 3); two of one window are never the same voice.

    With fewer voices than local speakers the least likely local speaker gets none (-1).
    """
    num_voices = len(centroids)
    similarity = local.embeddings @ centroids.T  # (num_windows, 3, num_voices)
    heard = activity.probabilities.astype(np.float32).mean(axis=1) * FRAMES_PER_WINDOW * FRAME_SHIFT_S
    weighted = similarity * heard[:, :, None] + 1e-3 * heard[:, :, None]
    # Padding with "no voice" makes every assignment a permutation: at most 3 local speakers of n voices.
    padded = np.concatenate([weighted, np.zeros((*heard.shape, MAX_LOCAL_SPEAKERS), np.float32)], axis=2)
    columns = list(range(num_voices)) + [num_voices] * MAX_LOCAL_SPEAKERS
    options = sorted(set(permutations(columns, MAX_LOCAL_SPEAKERS)))
    totals = np.stack([sum(padded[:, s, v] for s, v in enumerate(option)) for option in options], axis=1)
    best = np.array(options)[totals.argmax(axis=1)]
    best[best == num_voices] = -1
    return np.asarray(best, np.int64)


def _vote(activity: Activity, voices: npt.NDArray[np.int64], num_voices: int) -> npt.NDArray[np.float32]:
    """Mean activity of each voice over the windows that see a frame, shape (num_frames, num_voices)."""
    taper = np.hamming(FRAMES_PER_WINDOW).astype(np.float32)
    total = np.zeros((activity.num_frames + FRAMES_PER_WINDOW, num_voices), np.float32)
    weight = np.zeros((activity.num_frames + FRAMES_PER_WINDOW, 1), np.float32)
    for window, first in enumerate(activity.first_frames):
        frames = slice(int(first), int(first) + FRAMES_PER_WINDOW)
        weight[frames, 0] += taper
        for speaker, voice in enumerate(voices[window]):
            if voice >= 0:
                total[frames, voice] += taper * activity.probabilities[window, :, speaker]
    return np.asarray(total[: activity.num_frames] / np.maximum(weight[: activity.num_frames], 1e-9))


def _binarise(scores: npt.NDArray[np.float32], activity: Activity, threshold: float) -> npt.NDArray[np.bool_]:
    """Who speaks in each frame, shape (num_frames, num_voices).

    Where somebody speaks, the likeliest voice does, even if windows disagree about who it is; a second one
    speaks too if it passes the threshold by itself.
    """
    masks = scores > threshold
    likeliest = scores.argmax(axis=1)
    speech = activity.speech > threshold
    masks[np.flatnonzero(speech), likeliest[speech]] = True
    masks &= speech[:, None]
    return masks
