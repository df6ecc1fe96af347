"""How soon a correction of a call of ten minutes is there, and that only the stages that depend on it run again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import av
import pytest

from deployments.operations import local
from tests.e2e.conftest import SAMPLE, Graph

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1200)]

TEN_MINUTES_S = 600
CORRECTED_WITHIN_S = 5.0
OF_THE_SOUND = {"audio-processor", "speaker-diarizer", "speech-recognizer"}
OF_THE_WORDS = {"sentiment-analyzer", "llm-analyzer"}


def looped(path: Path, lasts_s: float) -> Path:
    """The sample, again and again until it is so long; packets are copied, nothing is encoded."""
    with av.open(str(path), "w") as output:
        stream, shift = None, 0
        while stream is None or float(shift * stream.time_base) < lasts_s:
            with av.open(str(SAMPLE)) as source:
                (track,) = source.streams.audio
                if stream is None:
                    stream = output.add_stream_from_template(track)
                last = 0
                for packet in source.demux(track):
                    if packet.dts is None:
                        continue
                    last = max(last, packet.pts + packet.duration)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    output.mux(packet)
                shift += last
    return path


def processor_s(graph: Graph) -> float:
    """Seconds of the processor that the graph has used until now."""
    ticks = 0
    for pid in local.processes(home=graph.home):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it just ended
            continue
        ticks += int(fields[11]) + int(fields[12])  # in user mode and in the kernel
    return ticks / os.sysconf("SC_CLK_TCK")


def stages_of(graph: Graph, call_id: str) -> dict[str, Any]:
    return {stage["name"]: stage for stage in graph.status(call_id)["stages"]}


def test_correction_of_a_call_of_ten_minutes_is_there_within_seconds(graph: Graph, tmp_path: Path) -> None:
    """From the moment at which it is sent until the new result is stored."""
    call_id = graph.submit(looped(tmp_path / "long.mp3", TEN_MINUTES_S))
    analysed = graph.wait(call_id, timeout_s=900)
    assert analysed["job_status"] == "COMPLETED"
    assert analysed["media"]["duration_ms"] >= TEN_MINUTES_S * 1000
    measured = []
    for body, depending in (
        ({"turns": [{"turn_id": "t2", "content": "Hello, the zeppelin invoice came twice."}]}, OF_THE_WORDS),
        ({"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}}, OF_THE_WORDS),
        ({"summary": {"outcome": "A zeppelin by Friday."}}, set()),
    ):
        last, before = graph.status(call_id)["result_at"], stages_of(graph, call_id)
        start_s, start_processor_s = time.monotonic(), processor_s(graph)
        assert graph.http.patch(f"/v1/calls/{call_id}", json=body).status_code == 200
        while graph.status(call_id)["result_at"] == last:
            assert time.monotonic() - start_s < 120
            time.sleep(0.05)
        measured.append(time.monotonic() - start_s)
        used_s = processor_s(graph) - start_processor_s
        after = stages_of(graph, call_id)
        again = {name for name in after if after[name] != before[name]}
        print(
            f"{next(iter(body))}: {measured[-1]:.2f} s, {used_s:.2f} s of the processor in the whole graph, "
            f"load {os.getloadavg()[0]:.1f}; again: {', '.join(sorted(again)) or 'nothing'}"
        )
        assert not again & OF_THE_SOUND
        assert again >= depending
        assert depending or not again
    result = graph.result(call_id)
    assert "zeppelin" in result["transcript"][1]["content"]
    assert [each["status"] for each in result["corrections"]] == ["APPLIED"] * 4
    assert max(measured) <= CORRECTED_WITHIN_S, measured
