"""Does the recording sound like what its header says? (Filled in below.)"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.domain import Flag, Media

NARROWBAND_HZ = 8_000


def check(pcm: npt.NDArray[np.int16], media: Media) -> tuple[Flag, ...]:
    """Flags of a doubtful sample rate. ``pcm``: shape (num_channels, num_samples), 16 kHz."""
    if media.sample_rate_hz < NARROWBAND_HZ:
        message = f"A sample rate of {media.sample_rate_hz} Hz holds less than a telephone does: expect more errors."
        return (Flag("low_sample_rate", message),)
    return ()
