"""Diarization of a recording with one channel: local segmentation, voice embeddings, clustering.

The scheme of pyannote.audio 3 (Bredin, "pyannote.audio 2.1 speaker diarization pipeline", Interspeech 2023):
sliding windows are segmented into local speakers, the speech of each without overlap is embedded, the embeddings
are clustered over the whole call, and the windows vote on every frame. Unlike in that pipeline, a local speaker has
one embedding per piece of speech: on telephone audio the segmentation often merges two similar voices, and one
embedding for both would match neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.channels import mask_to_segments
from callytics.engines.diarization.clustering import cluster_voices
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, Embedder
from callytics.engines.diarization.pieces import Pieces, embed_pieces, halved_where_doubtful
from callytics.engines.diarization.segmentation import (
    FRAME_SHIFT_S,
    FRAMES_PER_WINDOW,
    MAX_LOCAL_SPEAKERS,
    Activity,
    Segmenter,
)

LITTLE_SPEECH_S = 20.0
LITTLE_SPEECH_SIMILARITY = 0.7
"""With less speech, centroids with a higher cosine are one voice: few merges say little about a jump. In 144 short mono
recordings of half of the kit's speakers (evaluation/people.py), two people had at most 0.60, and the halves of one
voice 0.56 to 0.91, four in five of them above 0.74."""
LITTLE_SPEECH_DIFFERENT = 0.54
"""With as little speech, two centroids with a lower cosine are two voices: in the same recordings (sentences of half of
the speakers), it was 0.53 at most for one sentence each of two people, and 0.56 or more for the halves of one voice."""
LOCAL_PRIOR_S = 0.35
"""Seconds of a piece that the rest of its local speaker in the window counts as, at most. It decides pieces that are
too short to be known by voice; with more weight, it drew sentences to the voice before (benchmarks/tried.md)."""
MIN_OVERLAP_S = 1.0
MIN_OVERLAP_SHARE = 0.02
"""Overlap, in seconds and as a share of the speech, from which there are at least two voices, however alike their few
pieces alone. In 16 composed recordings of one voice there were at most 0.2 s, in 18 of people who talk at once 1.1 s or
more."""
MIN_LOCAL_S = 0.5
MIN_WINDOWS_OF_THREE = 2
"""Windows in which all three local speakers speak so long; then there are at least three voices (docs/adr/0032)."""


@dataclass(frozen=True)
class VoiceOptions:
    """Settings for separating voices; every value is an option of the engine, which describes it."""

    step_s: float
    threshold: float
    min_speech_s: float
    min_silence_s: float
    min_speakers: int
    max_speakers: int
    min_elbow: float
    same_voice_similarity: float
    min_share: float
    min_embedding_s: float
    max_piece_s: float


def voice_segments(
    pcm: Pcm, channel: int, segmenter: Segmenter, embedder: Embedder, options: VoiceOptions
) -> list[list[tuple[float, float]]]:
    """Speech of every voice as sorted (start_s, end_s); empty without speech."""
    activity = segmenter(pcm, channel, options.step_s)
    if not (activity.speech > options.threshold).any():
        return []
    pieces = embed_pieces(pcm, channel, activity, embedder, options.threshold, options.max_piece_s)
    heard = min(options.max_speakers, voices_at_once(activity))
    options = replace(options, min_speakers=max(options.min_speakers, heard))
    centroids = _voices(activity, pieces, options)
    pieces = halved_where_doubtful(pcm, channel, activity, embedder, pieces, centroids)
    scores = _vote(activity, pieces, _similarity(activity, pieces, centroids), len(centroids))
    masks = _binarise(scores, activity, options.threshold)
    segments = [
        mask_to_segments(mask, options.min_speech_s, options.min_silence_s, pcm.duration_s)
        for mask in masks.T
    ]
    return [voice for voice in segments if voice]


def voices_at_once(activity: Activity) -> int:
    """How many voices the segmentation hears at once for certain, 1 to 3; the clustering finds no fewer."""
    total = np.zeros(activity.num_frames + FRAMES_PER_WINDOW, np.float32)
    weight = np.zeros_like(total)
    taper = np.hamming(FRAMES_PER_WINDOW).astype(np.float32)
    for window, first_frame in enumerate(activity.first_frames):
        frames = slice(int(first_frame), int(first_frame) + FRAMES_PER_WINDOW)
        total[frames] += taper * np.sort(activity.probabilities[window].astype(np.float32), axis=1)[:, 1]
        weight[frames] += taper
    overlap_s = np.count_nonzero(total > 0.5 * weight) * FRAME_SHIFT_S
    speech_s = np.count_nonzero(activity.speech > 0.5) * FRAME_SHIFT_S
    if overlap_s < max(MIN_OVERLAP_S, MIN_OVERLAP_SHARE * speech_s):
        return 1
    lengths_s = (activity.probabilities > 0.5).sum(axis=1) * FRAME_SHIFT_S
    of_three = np.count_nonzero((lengths_s >= MIN_LOCAL_S).all(axis=1))
    return 3 if of_three >= MIN_WINDOWS_OF_THREE else 2


def _voices(activity: Activity, pieces: Pieces, options: VoiceOptions) -> npt.NDArray[np.float32]:
    """Centroids over the call; short pieces count only if there are no others."""
    reliable = pieces.durations_s >= options.min_embedding_s
    if not reliable.any():
        reliable = pieces.durations_s >= 0.0
    if not reliable.any():
        return np.zeros((1, EMBEDDING_DIMENSION), np.float32)
    copies = _copies(activity, pieces, reliable)
    similarity, different = options.same_voice_similarity, -1.0
    if float(pieces.durations_s[reliable].sum()) / copies < LITTLE_SPEECH_S:
        similarity, different = min(similarity, LITTLE_SPEECH_SIMILARITY), LITTLE_SPEECH_DIFFERENT
    return cluster_voices(
        pieces.embeddings[reliable],
        pieces.durations_s[reliable],
        min_speakers=options.min_speakers,
        max_speakers=options.max_speakers,
        min_elbow=options.min_elbow,
        same_voice_similarity=similarity,
        min_share=options.min_share,
        copies=copies,
        different_voices_similarity=different,
    )


def _copies(activity: Activity, pieces: Pieces, chosen: npt.NDArray[np.bool_]) -> float:
    """How many of the chosen pieces contain the same speech, on average: windows overlap."""
    counts = np.zeros(activity.num_frames + FRAMES_PER_WINDOW, np.int64)
    for window, (first, last) in zip(pieces.windows[chosen], pieces.frames[chosen], strict=True):
        start = int(activity.first_frames[window])
        counts[start + first : start + last] += 1
    return max(1.0, float(counts.sum() / max(1, np.count_nonzero(counts))))


def _similarity(
    activity: Activity, pieces: Pieces, centroids: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Evidence for each voice, as cosine times seconds: per piece, shape (num_pieces, num_voices), and per local
    speaker, shape (num_windows, 3, num_voices)."""
    of_pieces = (pieces.embeddings @ centroids.T) * pieces.durations_s[:, None]
    of_speakers = np.zeros((len(activity.first_frames), MAX_LOCAL_SPEAKERS, len(centroids)), np.float32)
    np.add.at(of_speakers, (pieces.windows, pieces.speakers), of_pieces)
    return of_pieces, of_speakers


def _vote(
    activity: Activity,
    pieces: Pieces,
    similarity: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    num_voices: int,
) -> npt.NDArray[np.float32]:
    """Mean activity of each voice over the windows that contain a frame, shape (num_frames, num_voices).

    A piece belongs to the most similar voice, with the rest of its local speaker as a weak prior. Overlapped speech has
    no embedding and follows the local speakers.
    """
    of_pieces, of_speakers = similarity
    taper = np.hamming(FRAMES_PER_WINDOW).astype(np.float32)
    total = np.zeros((activity.num_frames + FRAMES_PER_WINDOW, num_voices), np.float32)
    weight = np.zeros((activity.num_frames + FRAMES_PER_WINDOW, 1), np.float32)
    local_voices = _local_voices(of_speakers)
    piece_voices = (of_pieces + _local_prior(pieces, of_pieces, of_speakers)).argmax(axis=1)
    piece_rows = np.searchsorted(pieces.windows, np.arange(len(activity.first_frames) + 1))
    for window, first_frame in enumerate(activity.first_frames):
        frames = slice(int(first_frame), int(first_frame) + FRAMES_PER_WINDOW)
        voice = np.repeat(local_voices[window][None], FRAMES_PER_WINDOW, axis=0)
        for piece in range(piece_rows[window], piece_rows[window + 1]):
            first, last = pieces.frames[piece]
            voice[first:last, pieces.speakers[piece]] = piece_voices[piece]
        votes = np.zeros((FRAMES_PER_WINDOW, num_voices), np.float32)
        for speaker in range(MAX_LOCAL_SPEAKERS):
            rows = np.flatnonzero(voice[:, speaker] >= 0)
            values = activity.probabilities[window, rows, speaker].astype(np.float32)
            np.add.at(votes, (rows, voice[rows, speaker]), values)
        total[frames] += taper[:, None] * np.minimum(votes, 1.0)
        weight[frames, 0] += taper
    return np.asarray(total[: activity.num_frames] / np.maximum(weight[: activity.num_frames], 1e-9))


def _local_prior(
    pieces: Pieces, of_pieces: npt.NDArray[np.float32], of_speakers: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Evidence from the rest of each piece's local speaker in its window, shape (num_pieces, num_voices)."""
    seconds = np.zeros(of_speakers.shape[:2], np.float32)
    np.add.at(seconds, (pieces.windows, pieces.speakers), pieces.durations_s)
    rest_s = seconds[pieces.windows, pieces.speakers] - pieces.durations_s
    rest = of_speakers[pieces.windows, pieces.speakers] - of_pieces
    weight = LOCAL_PRIOR_S / np.maximum(rest_s, LOCAL_PRIOR_S)
    return np.asarray(rest * weight[:, None], np.float32)


def _local_voices(of_speakers: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The voice of each local speaker, shape (num_windows, 3); two speakers of one window never share a voice.

    -1 if a window has more local speakers than the call has voices.
    """
    num_windows, _, num_voices = of_speakers.shape
    padded = np.concatenate([of_speakers + 1e-3, np.zeros((num_windows, 3, 3), np.float32)], axis=2)
    choices = [
        choice
        for choice in product([*range(num_voices), -1], repeat=MAX_LOCAL_SPEAKERS)
        if all(choice.count(voice) == 1 for voice in choice if voice >= 0)
    ]
    totals = np.stack([sum(padded[:, s, v] for s, v in enumerate(choice)) for choice in choices], axis=1)
    return np.asarray(np.array(choices, np.int64)[totals.argmax(axis=1)])


def _binarise(scores: npt.NDArray[np.float32], activity: Activity, threshold: float) -> npt.NDArray[np.bool_]:
    """The active voices of each frame, shape (num_frames, num_voices).

    In a frame with speech, the likeliest voice is active, even if windows disagree about the speaker; a second
    voice is active if it passes the threshold by itself.
    """
    masks = scores > threshold
    likeliest = scores.argmax(axis=1)
    speech = activity.speech > threshold
    masks[np.flatnonzero(speech), likeliest[speech]] = True
    masks &= speech[:, None]
    return masks
