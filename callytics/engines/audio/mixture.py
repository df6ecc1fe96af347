"""Takes one party out of a channel that holds both, beside a channel with that party alone.

A recorder of the microphone and of "everything" writes such a pair, and so does a PBX that mixes one leg. All that the
first channel holds is then in the second as well, at one delay and one gain, and the second has a party of its own
besides. Left as it is, the first party's words would be said by both, or, as what both channels hold, by neither.

An announcement that both legs hear is told from it by what the first channel has alone: its own party. Where there is
nothing alone, two answers of the other party in between make it a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from callytics.engines.audio.copies import Levels, copy_of
from callytics.engines.audio.echo import Echo, left_of, without_echo
from callytics.engines.audio.measure import MINUTE_SAMPLES, blocks
from callytics.engines.audio.same_sound import Second, same_sound
from callytics.engines.audio.sound import Sound

MIN_CONTAINED = 0.9  # share of the seconds of one party that the other channel has, too
MIN_ANSWERS = 2  # stretches of the other channel's own party between those of the first
ALONE_DB = 15.0  # a channel is that much louder where the other one has nothing of it
DELAY_TOLERANCE = 64  # samples: 4 ms
MAX_WINDOWS = 30  # the loudest seconds tell the filter


def mixed_channel(seconds: Sequence[Second]) -> int | None:
    """The channel that holds both parties; None if each has its own, or both hold both."""
    found = [channel for channel in (0, 1) if _is_mixture(seconds, channel)]
    return found[0] if len(found) == 1 else None


def holds_both(pcm: Sound, frames_dbfs: Levels) -> bool:
    """Whether one channel holds both parties, and the other one of them. ``frames_dbfs`` as for :func:`same_sound`."""
    return mixed_channel(same_sound(pcm, frames_dbfs)[1]) is not None


def _is_mixture(seconds: Sequence[Second], channel: int) -> bool:
    source = 1 - channel
    labels = []
    for second in seconds:
        excess_db = second.levels_db[channel] - second.levels_db[source]
        if second.delay is not None:
            labels.append("same")
        elif second.heard[channel] and (not second.heard[source] or excess_db > ALONE_DB):
            labels.append("answer")
        elif second.heard[source] and excess_db < ALONE_DB:
            labels.append("alone")
    alone, same = labels.count("alone"), labels.count("same")
    if not same or same < MIN_CONTAINED * (same + alone) or not _at_one_delay(seconds):
        return False
    runs = [label for label, _ in groupby(label for label in labels if label != "alone")]
    return runs.count("same") > MIN_ANSWERS


def _at_one_delay(seconds: Sequence[Second]) -> bool:
    delays = np.array([second.delay for second in seconds if second.delay is not None])
    near = np.abs(delays - np.median([s.delay for s in seconds if s.clear and s.delay is not None] or delays))
    return bool((near <= DELAY_TOLERANCE).mean() >= MIN_CONTAINED)


def take_out(pcm: Sound, channel: int, seconds: Sequence[Second]) -> None:
    """Take the other channel's party out of ``channel``, in place."""
    clear = [second for second in seconds if second.delay is not None and second.clear]
    clear.sort(key=lambda second: -min(second.levels_db))
    delay = int(np.median([second.delay for second in clear if second.delay is not None]))
    windows = [(second.start, second.end) for second in clear[:MAX_WINDOWS]]
    copy = copy_of(pcm, channel, delay if channel else -delay, windows)
    echo = Echo(copy, left_of(pcm, copy, windows))
    for minute in blocks(pcm.shape[1], MINUTE_SAMPLES):
        own = np.asarray(pcm[channel, minute], np.float32)
        cleaned = without_echo(pcm, echo, minute, own)
        pcm[channel, minute] = np.clip(np.rint(cleaned), -32768, 32767).astype(np.int16)
