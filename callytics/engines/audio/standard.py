"""The audio-processor of the embedded graph: PyAV, soxr, scipy; no neural network, no GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from callytics.domain import (
    PIPELINE_SAMPLE_RATE_HZ,
    Acoustics,
    Audio,
    CallOptions,
    Denoise,
    Flag,
    KnownSpeaker,
    Media,
    Recording,
    VoiceSample,
)
from callytics.engines.audio import announcements, enhance, measure, mixture, plausibility, voice
from callytics.engines.audio import channels as channel_choice
from callytics.engines.audio import convert as conversion
from callytics.engines.audio import cut as cutting
from callytics.engines.audio import decode as decoding
from callytics.engines.audio import denoise as hiss
from callytics.engines.audio import enhanced as listening
from callytics.engines.audio import flags as flags_of
from callytics.engines.audio.as_told import check_as_told, is_in_other_law
from callytics.engines.audio.examiner import Examiner
from callytics.engines.audio.sound import Sound, only, to_pcm
from callytics.engines.audio.source import UNHASHED, Source
from callytics.engines.audio.survey import Survey
from callytics.engines.audio.tracks import Tracks, opened_source, read
from callytics.engines.audio.waveform import waveform
from callytics.errors import ConfigError

MIN_OWN_S = 0.5  # of sound that one of two channels with the same signal lacks: a short answer
IDLE_DBFS = -50.0  # beside a louder channel: a party that only listens; its line noise is not noisy speech


@dataclass(frozen=True)
class _Kept:
    """The selected channels: their ``indices`` in the original file, and the findings about them."""

    pcm: Sound
    indices: tuple[int, ...]
    means: npt.NDArray[np.float64]
    frames_dbfs: npt.NDArray[np.float32]
    rms_dbfs: npt.NDArray[np.float64]
    silent: tuple[int, ...] = ()
    similarity: channel_choice.Similarity | None = None
    flags: tuple[Flag, ...] = ()


class StandardAudioProcessor:
    """Decodes, selects channels, measures and enhances. Stateless: safe to call from several threads.

    Args:
        high_pass_hz: cut-off of the high-pass; 0 leaves low frequencies in (and subtracts a DC offset only). Off: with
            80 Hz, recognition of three calls composed for development was worse in three of four layouts (CER stereo
            .142 against .128, mono .216 against .203, WER stereo .086 against .081, mono .229 against .243).
        loudness_lufs: target loudness of each channel (EBU R 128: -23); None leaves levels as they are.
        denoise: reduction of noise, where the call does not say; "auto": of a channel that hisses (denoise.py).
        denoise_db: no frequency is lowered by more.
        denoise_filter: "wiener" measured better; "noisereduce" is the spectral gate of that package (docs/adr/0017).
        measure_voices: level and pitch per 50 ms, from which each turn gets its ``voice`` (voice.py).
        pitch: "autocorrelation" measured well and is quick (docs/adr/0022); "pyin" is librosa's: smoother, many times
            slower, and 130 MB and two seconds of CPU more at the start of a replica.
        max_duration_s: longer recordings are rejected.
    """

    def __init__(
        self,
        *,
        high_pass_hz: float = 0.0,
        loudness_lufs: float | None = -23.0,
        denoise: Literal["never", "auto", "always"] = "never",
        denoise_db: float = 15.0,
        denoise_filter: Literal["wiener", "noisereduce"] = "wiener",
        measure_voices: bool = True,
        pitch: Literal["autocorrelation", "pyin"] = "autocorrelation",
        max_duration_s: float = 4 * 3600.0,
    ) -> None:
        import av
        import scipy.signal
        import soxr

        if denoise not in list(Denoise):
            raise ConfigError("denoise_unknown", f"denoise is one of: {', '.join(Denoise)}.")
        if denoise_filter not in list(enhance.NoiseFilter):
            known = ", ".join(enhance.NoiseFilter)
            raise ConfigError("denoise_unknown", f"denoise_filter is one of: {known}.")
        if denoise_filter == "noisereduce":
            import noisereduce  # noqa: F401  # a missing package is reported at start, not at the first noisy call
        self._denoise_filter = enhance.NoiseFilter(denoise_filter)
        self._high_pass_hz = high_pass_hz
        self._loudness_lufs = loudness_lufs
        self._denoise = Denoise(denoise)
        self._denoise_db = denoise_db
        if pitch not in list(voice.PitchMethod):
            raise ConfigError("pitch_unknown", f"pitch is one of: {', '.join(voice.PitchMethod)}.")
        self._measures_voices, self._pitch = measure_voices, voice.PitchMethod(pitch)
        if measure_voices:
            voice.load(self._pitch)
        self._max_duration_s = max_duration_s
        self._examine = Examiner()
        self.model = "ffmpeg+soxr"
        self.model_revision = f"av {av.__version__}, soxr {soxr.__version__}, scipy {scipy.__version__}"

    def probe(self, recording: Recording, options: CallOptions, max_duration_s: float | None = None) -> Media:
        """Check whether the recording can be analysed: open it and decode its first seconds, in a separate process and
        within limits (examine.py). ``sha256`` stays empty.

        Args:
            max_duration_s: a limit below the engine's own.

        Raises:
            InvalidMediaError: ``media_empty``, ``media_undecodable``, ``media_no_audio``, ``media_too_long`` or
                ``media_too_complex``.
            NotFoundError: there is no such file.
        """
        limit_s = (
            self._max_duration_s if max_duration_s is None else min(max_duration_s, self._max_duration_s)
        )
        return self._examine(recording.uri, options, limit_s)

    def convert(
        self,
        uri: str,
        format: str,
        options: CallOptions | None = None,
        tones: Sequence[tuple[float, float]] = (),
    ) -> bytes:
        """The recording as wav, flac, mp3 or opus (in Ogg), at its own rate and channels; see convert.py.

        ``options`` give the format of a headerless recording. A tone replaces each of ``tones``, (start, end) in
        seconds.
        """
        return conversion.convert(uri, format, options, self._max_duration_s, tones)

    def enhanced(
        self,
        uri: str,
        format: str,
        options: CallOptions | None = None,
        tones: Sequence[tuple[float, float]] = (),
    ) -> bytes:
        """A cleaned copy of the recording to listen to, otherwise as :meth:`convert`; see enhanced.py."""
        return listening.enhanced(uri, format, options, self._max_duration_s, tones)

    def cut(
        self,
        uri: str,
        format: str,
        start_s: float,
        end_s: float,
        options: CallOptions | None = None,
        tones: Sequence[tuple[float, float]] = (),
    ) -> bytes:
        """One part of the recording as wav, mp3 or ogg, with tones as in :meth:`convert`; see cut.py."""
        return cutting.cut(uri, format, start_s, end_s, options, tones)

    def waveform(self, uri: str, options: CallOptions | None = None) -> bytes:
        """The lowest and highest sample of every 20 ms, per channel, to draw the recording; see waveform.py."""
        return waveform(uri, options, self._max_duration_s)

    def __call__(self, recording: Recording, options: CallOptions) -> Audio:
        """Decode, select channels, measure, enhance.

        Raises:
            InvalidMediaError: as :meth:`probe`.
            NotFoundError: there is no such file.
        """
        with Source(recording.uri, recording.sha256) as source:
            check_as_told(source, options)
            info, decoded, kept = self._decode(source, options)
            other_law = is_in_other_law(source, options, info.codec)
            info = replace(info, sha256=source.sha256())
        announced, mixed = announcements.take_out(kept.pcm, kept.frames_dbfs, kept.means)
        voices = voice.tracks(kept.pcm, self._pitch) if self._measures_voices else ()
        powers = measure.weighted_powers(kept.pcm)
        acoustics, snrs_db = _acoustics(decoded, kept, powers)
        flags = (
            flags_of.damage_flags(decoded.damage, info.format)
            + kept.flags
            + flags_of.mixed_flags(kept.indices, mixed)
            + flags_of.law_flags(info.codec, other_law=other_law)
            + flags_of.acoustic_flags(acoustics, kept.means)
        )
        flags += plausibility.check(kept.pcm, info)
        flags += self._enhance(kept, snrs_db, powers, options.denoise or self._denoise)
        samples = tuple(self._voice_sample(speaker) for speaker in options.known_speakers)
        return Audio(to_pcm(kept.pcm), info, acoustics, kept.indices, flags, samples, announced, voices)

    def _voice_sample(self, speaker: KnownSpeaker) -> VoiceSample:
        """The louder channel, if both are worth analysing."""
        with Source(speaker.uri, UNHASHED) as source:
            _, _, kept = self._decode(source, CallOptions())
        return VoiceSample(speaker.name, to_pcm(only(kept.pcm, int(np.argmax(kept.rms_dbfs)))))

    def _decode(self, source: Source, options: CallOptions) -> tuple[Media, decoding.Decoded, _Kept]:
        return read(source, options, lambda tracks: self._decode_tracks(source, options, tracks))

    def _decode_tracks(
        self, source: Source, options: CallOptions, tracks: Tracks
    ) -> tuple[Media, decoding.Decoded, _Kept]:
        info = tracks.described(0.0)
        if info.channels <= 2:
            decoded = decoding.decode(source, tracks, self._max_duration_s)
            kept = _choose(decoded, tuple(range(decoded.pcm.shape[0])))
        else:
            survey = Survey(info.channels)
            decoding.decode(source, tracks, self._max_duration_s, survey.add)
            with opened_source(source, options, tracks.channels) as again:
                decoded, kept = self._decode_many(source, again, survey)
        flags = flags_of.track_flags(tracks.left_out)
        return (
            replace(info, duration_s=decoded.duration_s),
            decoded,
            replace(kept, flags=(*flags, *kept.flags)),
        )

    def _decode_many(self, source: Source, tracks: Tracks, survey: Survey) -> tuple[decoding.Decoded, _Kept]:
        """The channels with a sound of their own in a recording with more than two: kept up to two, mixed above."""
        silent, repeats = survey.silent(), survey.repeats()
        active = tuple(c for c in range(tracks.num_channels) if c not in silent and c not in repeats)
        flags = flags_of.repeat_flags(repeats)
        mix: Callable[[Any], Any]
        if len(active) <= 2:
            chosen = list(active) or [0]
            mix = lambda block: block[chosen]  # noqa: E731
            decoded = decoding.decode(source, tracks, self._max_duration_s, mix)
            kept = _choose(decoded, tuple(chosen))
            if silent:
                flags = (_silent_flag(silent, tracks.num_channels), *flags)
            return decoded, replace(kept, silent=silent, flags=(*flags, *kept.flags))
        mix = lambda block: channel_choice.downmix(block, active)  # noqa: E731
        decoded = decoding.decode(source, tracks, self._max_duration_s, mix)
        kept = _choose(decoded, (active[0],))
        names = ", ".join(map(str, active))
        message = (
            f"Channels {names} all carry sound and were mixed into one; speakers are told apart by voice."
        )
        return decoded, replace(kept, flags=(*flags, Flag("channels_mixed", message), *kept.flags))

    def _enhance(
        self, kept: _Kept, snrs_db: tuple[float, ...], powers: npt.NDArray[np.float64], denoise: Denoise
    ) -> tuple[Flag, ...]:
        """Enhance in place, in the order of a telephone front end: rumble, noise, level."""
        flags = []
        changed = True
        if self._high_pass_hz > 0:
            enhance.high_pass(kept.pcm, self._high_pass_hz)
        else:
            changed = enhance.remove_offset(kept.pcm, kept.means)
        for channel, snr_db in enumerate(snrs_db):
            is_hissing = denoise is Denoise.AUTO and hiss.is_hissing(
                kept.pcm, channel, kept.frames_dbfs[channel], snr_db
            )
            if denoise is Denoise.ALWAYS or is_hissing:
                enhance.reduce_noise(kept.pcm, channel, self._denoise_db, self._denoise_filter)
                changed = True
                flags.append(_reduced_flag(kept.indices[channel], snr_db, denoise))
        if self._loudness_lufs is not None:
            enhance.normalise_loudness(kept.pcm, self._loudness_lufs, None if changed else powers)
        return tuple(flags)


def _reduced_flag(index: int, snr_db: float, denoise: Denoise) -> Flag:
    reason = "as asked for" if denoise is Denoise.ALWAYS else "a steady hiss close below the speech"
    heard = "idle" if math.isinf(snr_db) else f"SNR {snr_db:.0f} dB"
    message = f"Noise on channel {index} ({heard}) was reduced before the analysis: {reason}."
    return Flag("noise_reduced", message)


def _choose(decoded: decoding.Decoded, indices: tuple[int, ...]) -> _Kept:
    """Select the channels worth analysing of one or two decoded channels, with their ``indices`` in the file."""
    levels = measure.levels(decoded.pcm, decoded.means)
    kept = _Kept(decoded.pcm, indices, decoded.means, levels.frames_dbfs, levels.rms_dbfs)
    if len(indices) == 1:
        return kept
    silent = _silent(levels.frames_dbfs, decoded.widened)
    if silent:
        lively = 1 if silent == (0,) else 0
        named = tuple(indices[channel] for channel in silent)
        return replace(_only(kept, lively), silent=named, flags=(_silent_flag(named, len(indices)),))
    similarity = channel_choice.similarity(decoded.pcm, decoded.widened)
    if not (similarity.dual_mono or similarity.antiphase):
        return kept
    own_s = channel_choice.own_s(levels.frames_dbfs)
    if max(own_s) >= MIN_OWN_S and mixture.holds_both(decoded.pcm, levels.frames_dbfs):
        return kept
    best = int(np.argmin(decoded.clipped))  # the first channel, unless only the second has no clipping
    if max(own_s) >= MIN_OWN_S:
        best = int(np.argmax(own_s))  # what only one of them has is not lost
    delay_ms = abs(similarity.delay_s) * 1000
    message = f"Both channels carry the same signal (correlation {similarity.correlation:.2f}, delay {delay_ms:.0f} ms)"
    flag = Flag("dual_mono", f"{message}: treated as a mono recording.")
    if similarity.antiphase:
        flag = Flag("antiphase", f"{message}, one of them inverted: one channel is used, not their sum.")
    return replace(_only(kept, best), similarity=similarity, flags=(flag,))


def _silent(
    frames_dbfs: npt.NDArray[np.float32], widened: tuple[tuple[float, float], ...]
) -> tuple[int, ...]:
    """Judged by the part that has two channels, where the file begins or ends with one."""
    frame_s = measure.FRAME_SAMPLES / PIPELINE_SAMPLE_RATE_HZ
    own = ~channel_choice.touched(widened, frames_dbfs.shape[1], frame_s)
    silent = channel_choice.silent_channels(frames_dbfs[:, own]) if own.any() else ()
    return silent if len(silent) < len(frames_dbfs) else channel_choice.silent_channels(frames_dbfs)


def _only(kept: _Kept, channel: int) -> _Kept:
    one = slice(channel, channel + 1)
    return _Kept(
        only(kept.pcm, channel), kept.indices[one], kept.means[one], kept.frames_dbfs[one], kept.rms_dbfs[one]
    )


def _silent_flag(silent: tuple[int, ...], num_channels: int) -> Flag:
    names = ", ".join(map(str, silent))
    if len(silent) == num_channels:
        return Flag("silent_channel", "All channels are silent.")
    return Flag("silent_channel", f"Nothing is heard on channel {names}: left out.")


def _acoustics(
    decoded: decoding.Decoded, kept: _Kept, powers: npt.NDArray[np.float64]
) -> tuple[Acoustics, tuple[float, ...]]:
    """Acoustics of the kept channels before enhancement, and the SNR of each (infinite without speech).

    The reported SNR is that of the noisiest channel with speech; 0 if there is none.
    """
    loudest_dbfs = np.percentile(kept.frames_dbfs, 99, axis=1)
    idle = (loudest_dbfs < IDLE_DBFS) & (loudest_dbfs < loudest_dbfs.max())
    snrs_db = tuple(
        math.inf if is_idle else measure.snr_db(frames)
        for frames, is_idle in zip(kept.frames_dbfs, idle, strict=True)
    )
    acoustics = Acoustics(
        rms_dbfs=float(measure.to_db(np.mean(10 ** (kept.rms_dbfs / 10), keepdims=True))[0]),
        loudness_lufs=measure.loudness_lufs(powers),
        snr_db=min(snrs_db),
        clipping_ratio=float(decoded.clipped.max() / decoded.source_samples),
        silence_ratio=measure.silence_ratio(kept.frames_dbfs),
        dual_mono=kept.similarity is not None and kept.similarity.dual_mono,
        antiphase=kept.similarity is not None and kept.similarity.antiphase,
        silent_channels=kept.silent,
    )
    return acoustics, snrs_db
