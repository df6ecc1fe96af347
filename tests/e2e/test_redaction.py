"""A redacted call through the real graph: the sample's account number is neither read nor heard."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

from tests.e2e.conftest import Graph

NUMBER = re.compile(r"\b(?:4\W*7\W*2\W*(?:9\W*)?1|four seven two (?:nine )?one)\b", re.IGNORECASE)
TONE_HZ = 1000.0


@pytest.fixture(scope="module")
def redacted_call(graph: Graph) -> str:
    call_id = graph.submit(redact_pii="true", deduplicate="false")
    assert graph.http.get(f"/v1/calls/{call_id}/audio").json()["code"] == "audio_not_redacted"
    graph.wait(call_id)
    return call_id


def test_the_result_does_not_say_it(graph: Graph, redacted_call: str, sample_call: str) -> None:
    plain, redacted = (graph.http.get(f"/v1/calls/{i}/result").text for i in (sample_call, redacted_call))
    assert NUMBER.search(plain), "the recogniser heard the number, so there was something to take out"
    assert not NUMBER.search(redacted)
    assert "[ACCOUNT]" in redacted
    assert "pii_redacted" in [flag["code"] for flag in graph.result(redacted_call)["flags"]]


def test_the_audio_has_a_tone_instead(graph: Graph, redacted_call: str) -> None:
    import av

    response = graph.http.get(f"/v1/calls/{redacted_call}/audio", params={"format": "wav"})
    with av.open(io.BytesIO(response.content)) as container:
        rate_hz = container.streams.audio[0].rate
        blocks = [frame.to_ndarray().reshape(-1, 2).T for frame in container.decode(audio=0)]
    samples = np.concatenate(blocks, axis=1) / 32768.0
    parts = [part for turn in graph.result(redacted_call)["transcript"] for part in turn["redactions"]]
    assert parts
    for part in parts:
        start, end = (round(part[f"{side}_offset_ms"] / 1000 * rate_hz) for side in ("begin", "end"))
        for channel in samples[:, start:end]:
            power = np.abs(np.fft.rfft(channel * np.hanning(end - start))) ** 2
            frequencies = np.fft.rfftfreq(end - start, 1 / rate_hz)
            assert power[np.abs(frequencies - TONE_HZ) < 50].sum() / power.sum() > 0.99
