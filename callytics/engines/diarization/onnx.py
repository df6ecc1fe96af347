"""speaker-diarizer on a CPU: by channel if each party has one, otherwise by voice. ONNX Runtime, no torch."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from callytics.domain import Audio, CallOptions, Diarization, VoiceSample
from callytics.engines.diarization.changes import candidate_changes
from callytics.engines.diarization.channels import channel_speech, mask_to_segments
from callytics.engines.diarization.embedding import Embedder
from callytics.engines.diarization.known_speakers import Vector, voice, with_names
from callytics.engines.diarization.parties import by_channel, by_voice, check_options, with_successors
from callytics.engines.diarization.segmentation import Segmenter
from callytics.engines.diarization.succession import (
    Span,
    SuccessionOptions,
    bandwidth_of,
    divided,
    most_changes,
    voice_of,
)
from callytics.engines.diarization.voices import VoiceOptions, voice_segments
from callytics.errors import InvalidRequestError
from callytics.weights import manifest as models

MODELS = ("segmentation-3.0", "campplus-zh-en")

MIN_SAMPLE_S = 1.0
"""Minimum speech in the sample of a known speaker."""


class OnnxDiarizer:
    """pyannote segmentation-3.0 and CAM++ speaker embeddings. Deterministic; safe to call from several threads.

    Args:
        agent_channel: default agent channel of the original file; a request may name another.
        num_threads: threads of ONNX Runtime per call. A second thread doubles the CPU time of a mono call without any
            gain, and speech recognition runs at the same time.
        threshold: probability above which a frame of a mono call is speech.
        channel_threshold: the same for one channel per party. There, most of what is not speech is leakage of the
            other party or pure noise, amplified by the level normalisation of the model.
        min_speech_s: shorter speech is dropped.
        min_silence_s: shorter pauses of one speaker count as speech.
        channel_step_s: step of the 10 s windows over one party's channel; voice activity needs little overlap.
        voice_step_s: the same for a mono call, in which each window also votes for the speakers.
        min_speakers: minimum number of speakers of a mono call, if the request does not give the number.
        max_speakers: maximum number of speakers of a mono call, if the request does not give the number.
        min_elbow: minimum ratio of the merge of two voices to the merges within one voice. In 48 recordings composed
            for this choice, from utterances that no reported figure uses, all 24 with one speaker stayed below 1.34
            and all 24 with two speakers reached 1.37.
        same_voice_similarity: cosine above which two centroids are one voice.
        min_share: minimum share of the speech per voice.
        min_embedding_s: minimum speech of one local speaker for a reliable embedding.
        max_piece_s: longer speech is cut, so that one embedding does not cover two people.
        known_speaker_similarity: minimum cosine between a voice and a known speaker. On clips of six English
            readers, at most 10 s long, 0.58 missed 0 of 836 pairs of one voice over the same line, and 8% of 418 pairs
            with one clip over a telephone (8 kHz, mu-law); it accepted 1.5% and 0 of 7,014 pairs of different people.
        same_person_similarity: if one piece before and one after a possible handover on a party's channel reach this
            cosine, no more are compared.
        batch_across_calls: windows of all calls at work share batches, and so does speech of the same length that is
            embedded; each call gets what it gets alone, bit for bit. For replicas that work on several calls.
        num_workers: batches of each kind that are computed at once, where calls share them.
        different_people_similarity: maximum similarity of the voices before and after a handover, where 1 is that of
            the pieces of one voice; -1 never divides a channel.
    """

    def __init__(
        self,
        *,
        agent_channel: int = 0,
        num_threads: int = 1,
        threshold: float = 0.5,
        channel_threshold: float = 0.6,
        min_speech_s: float = 0.15,
        min_silence_s: float = 0.5,
        channel_step_s: float = 5.0,
        voice_step_s: float = 5.0,
        min_speakers: int = 1,
        max_speakers: int = 6,
        min_elbow: float = 1.35,
        same_voice_similarity: float = 0.93,
        min_share: float = 0.02,
        min_embedding_s: float = 1.0,
        max_piece_s: float = 3.0,
        known_speaker_similarity: float = 0.58,
        same_person_similarity: float = 0.7,
        different_people_similarity: float = 0.88,
        batch_across_calls: bool = False,
        num_workers: int = 2,
    ) -> None:
        self.model = " + ".join(MODELS)
        self.model_revision = " + ".join(models.get_model(name).revision[:12] for name in MODELS)
        self._agent_channel = agent_channel
        self._known_speaker_similarity = known_speaker_similarity
        self._succession = SuccessionOptions(same_person_similarity, different_people_similarity)
        self._channel_step_s = channel_step_s
        self._channel_threshold = channel_threshold
        self._options = VoiceOptions(
            step_s=voice_step_s,
            threshold=threshold,
            min_speech_s=min_speech_s,
            min_silence_s=min_silence_s,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
            min_elbow=min_elbow,
            same_voice_similarity=same_voice_similarity,
            min_share=min_share,
            min_embedding_s=min_embedding_s,
            max_piece_s=max_piece_s,
        )
        files = [models.locate(name) / f"{name}.onnx" for name in MODELS]
        shared = num_workers if batch_across_calls else 0
        self._segmenter = Segmenter(files[0], num_threads, shared)
        self._embedder = Embedder(files[1], num_threads, shared)

    def __call__(self, audio: Audio, options: CallOptions) -> Diarization:
        """Who speaks when.

        Raises:
            InvalidRequestError: the agent channel or the number of speakers in ``options`` is impossible.
        """
        check_options(audio, options, knows_voices=True)
        known = [self._voice(sample) for sample in audio.voice_samples]
        if audio.pcm.num_channels > 1:
            diarization = by_channel(audio, options, self._channel_speech(audio), self._agent_channel)
            diarization = with_successors(diarization, partial(self.people, audio))
        else:
            diarization = by_voice(audio, options, self._voices(audio, options))
        return with_names(diarization, audio, known, self._embedder, self._known_speaker_similarity)

    def close(self) -> None:
        """End the threads of the queues."""
        self._segmenter.close()
        self._embedder.close()

    def people(self, audio: Audio, channel: int, spans: list[Span]) -> list[list[Span]]:
        """The speech of each person on one party's channel, in order of their first speech."""
        changes = candidate_changes(audio.pcm, channel, spans, most_changes(audio.pcm.duration_s))
        embed, bandwidth = voice_of(audio.pcm, channel, self._embedder), bandwidth_of(audio.pcm, channel)
        return divided(spans, changes, embed, bandwidth, self._succession)

    def _voice(self, sample: VoiceSample) -> Vector:
        """
        Raises:
            InvalidRequestError: ``known_speaker_inaudible``.
        """
        activity = self._segmenter(sample.pcm, 0, self._options.step_s)
        speech = mask_to_segments(
            activity.speech > self._options.threshold,
            self._options.min_speech_s,
            self._options.min_silence_s,
            sample.pcm.duration_s,
        )
        if sum(end_s - start_s for start_s, end_s in speech) < MIN_SAMPLE_S:
            raise InvalidRequestError(
                "known_speaker_inaudible",
                f"The reference of {sample.name!r} has less than {MIN_SAMPLE_S:.0f} s of speech; send two to ten "
                "seconds of this person alone.",
            )
        return voice(sample.pcm, 0, speech, self._embedder)

    def _channel_speech(self, audio: Audio) -> list[list[tuple[float, float]]]:
        return channel_speech(
            audio.pcm,
            self._segmenter,
            step_s=self._channel_step_s,
            threshold=self._channel_threshold,
            min_speech_s=self._options.min_speech_s,
            min_silence_s=self._options.min_silence_s,
        )

    def _voices(self, audio: Audio, options: CallOptions) -> list[list[tuple[float, float]]]:
        voice_options = self._options
        if options.num_speakers is not None:
            voice_options = replace(
                voice_options,
                min_speakers=options.num_speakers,
                max_speakers=options.num_speakers,
                min_share=0.0,
            )
        return voice_segments(audio.pcm, 0, self._segmenter, self._embedder, voice_options)
