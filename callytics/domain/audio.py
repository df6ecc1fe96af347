"""The recording as samples, and what was measured on it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from callytics.domain.flag import Flag

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


PIPELINE_SAMPLE_RATE_HZ = 16_000
"""The sample rate for which Whisper, the segmentation and the embedding models were trained."""


@dataclass(frozen=True, eq=False)
class Pcm:
    """Signed 16-bit samples, shape (num_channels, num_samples), C-contiguous."""

    buffer: Any  # anything with the buffer protocol
    num_channels: int
    num_samples: int
    sample_rate_hz: int

    @classmethod
    def from_array(cls, samples: npt.NDArray[Any], sample_rate_hz: int) -> Pcm:
        """From an int16 array, or a float array in [-1, 1], of shape (num_channels, num_samples)."""
        import numpy as np

        if samples.ndim != 2:
            raise ValueError(f"expected (num_channels, num_samples), got shape {samples.shape}")
        if samples.dtype != np.int16:
            samples = (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype(np.int16)
        samples = np.ascontiguousarray(samples)
        return cls(samples, samples.shape[0], samples.shape[1], sample_rate_hz)

    @property
    def duration_s(self) -> float:
        return self.num_samples / self.sample_rate_hz

    def int16(self) -> npt.NDArray[np.int16]:
        """All samples, shape (num_channels, num_samples), without a copy; read-only in shared memory."""
        import numpy as np

        return np.frombuffer(self.buffer, dtype=np.int16).reshape(self.num_channels, self.num_samples)

    def samples(self, channel: int, start: int, end: int) -> npt.NDArray[np.int16]:
        """Existing samples of one channel in [``start``, ``end``). Callers must not change them."""
        return self.int16()[channel, start:end]

    def float32(
        self, channel: int, start_s: float = 0.0, end_s: float | None = None
    ) -> npt.NDArray[np.float32]:
        """A copy of one channel (or a part of it) as float32 in [-1, 1], shape (num_samples,)."""
        import numpy as np

        start = max(0, round(start_s * self.sample_rate_hz))
        end = self.num_samples if end_s is None else min(self.num_samples, round(end_s * self.sample_rate_hz))
        part: npt.NDArray[np.float32] = self.samples(channel, start, end).astype(np.float32)
        part /= 32768.0
        return part

    def __reduce_ex__(self, protocol: Any) -> Any:
        buffer = pickle.PickleBuffer(self.buffer) if protocol >= 5 else bytes(self.buffer)
        return Pcm, (buffer, self.num_channels, self.num_samples, self.sample_rate_hz)


@dataclass(frozen=True)
class Media:
    """Properties of the received file."""

    sha256: str
    format: str  # ffmpeg's name of the container: "wav", "mp3", "ogg", ...
    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float


@dataclass(frozen=True)
class Acoustics:
    """Measured on the decoded recording, before any processing."""

    rms_dbfs: float
    loudness_lufs: float
    snr_db: float
    clipping_ratio: float
    silence_ratio: float
    dual_mono: bool = False
    antiphase: bool = False
    silent_channels: tuple[int, ...] = ()


@dataclass(frozen=True)
class VoiceSample:
    """A known speaker's voice: 16 kHz, one channel."""

    name: str
    pcm: Pcm


@dataclass(frozen=True)
class VoiceTrack:
    """Level and pitch of one pcm channel, frame by frame, as received: no gain of the stage is in them.

    One byte per frame, in base64: a call of ten minutes has 12,000 frames per channel, and checkpoints are JSON.

    Attributes:
        frame_s: length of a frame; frame ``i`` begins at ``i * frame_s``.
        levels: steps of 0.5 dB above -127.5 dBFS.
        pitches: 0 for a frame without a voice, else 1 + steps of 1/6 semitone above VOICE_LOWEST_HZ.
    """

    frame_s: float
    levels: str
    pitches: str


VOICE_LEVEL_STEP_DB, VOICE_LOWEST_DBFS = 0.5, -127.5
VOICE_STEPS_PER_SEMITONE, VOICE_LOWEST_HZ = 6, 65.0
"""Units of a VoiceTrack."""


@dataclass(frozen=True)
class Announcement:
    """A stretch in which both channels of a stereo call have the same sound: neither party's.

    ``channel`` is the pcm channel that still has it; it was taken out of the other one.
    """

    start_s: float
    end_s: float
    channel: int


@dataclass(frozen=True)
class Audio:
    """Output of audio-processor.

    ``pcm`` is 16 kHz and holds only the channels that are worth analysing: one for a mono call, and for a stereo
    file with a duplicated, inverted or silent channel; two if each party has a channel.
    ``channel_indices[i]`` is the channel of the original file that became ``pcm`` channel ``i``.
    """

    pcm: Pcm
    media: Media
    acoustics: Acoustics
    channel_indices: tuple[int, ...]
    flags: tuple[Flag, ...] = ()
    voice_samples: tuple[VoiceSample, ...] = ()  # from CallOptions.known_speakers
    announcements: tuple[Announcement, ...] = ()  # in order; of a call with one channel per party
    voice_tracks: tuple[
        VoiceTrack, ...
    ] = ()  # one per pcm channel; empty if the stage does not measure voices

    def without_samples(self) -> Audio:
        """The measurements and the duration: enough for every stage that does not process the sound."""
        pcm = self.pcm
        silent = Pcm(b"", pcm.num_channels, pcm.num_samples, pcm.sample_rate_hz)
        return replace(self, pcm=silent, voice_samples=())
