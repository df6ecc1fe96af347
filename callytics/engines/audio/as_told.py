"""Whether the beginning of a recording can be what its caller, or its header, says of it."""

from __future__ import annotations

from itertools import islice

import numpy as np

from callytics.domain import CallOptions
from callytics.engines.audio import headerless, media
from callytics.engines.audio.frames import Damage, Samples
from callytics.engines.audio.source import Source
from callytics.engines.audio.timeline import BLOCK_S
from callytics.engines.audio.tracks import Tracks, opened_source

LAW_CHECKED_S = 60.0


def check_as_told(source: Source, options: CallOptions) -> None:
    """Whether a recording without a header can be what the caller says, by its first minutes.

    Raises:
        InvalidMediaError: ``media_implausible``.
    """
    if media.is_headerless(source.head, options):
        with opened_source(source, options) as found:
            samples = _beginning(found, headerless.CHECKED_S)
        if samples.size:
            headerless.check(samples, options)


def is_in_other_law(source: Source, options: CallOptions, codec: str) -> bool:
    """Whether the header of a G.711 recording names the wrong one of the two laws, by its first minute."""
    law = codec.removeprefix("pcm_")
    if law not in headerless.G711 or media.is_headerless(source.head, options):
        return False
    with opened_source(source, options) as found:
        samples = _beginning(found, LAW_CHECKED_S)
    return headerless.suits_other_law(samples, law)


def _beginning(found: Tracks, length_s: float) -> Samples:
    blocks = islice(found.blocks(Damage()), round(length_s / BLOCK_S))
    kept = [samples for samples, _ in blocks]
    alike = [samples for samples in kept if samples.shape[0] == kept[0].shape[0]]
    return np.concatenate(alike, axis=1) if alike else np.zeros((1, 0), np.float32)
