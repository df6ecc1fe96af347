"""What the graph adds, against its engines and against a bare Serve graph."""

from __future__ import annotations

from pathlib import Path

from benchmarks import record
from benchmarks.overhead import NAME, OverheadRecord, OverheadRun, StartRun, section


def test_graph_is_compared_with_its_floor(tmp_path: Path) -> None:
    engines, graph, bare = (OverheadRun(wall_s=wall_s, cpu_s=20.0) for wall_s in (10.0, 11.0, 10.5))
    measured = OverheadRecord(call_s=120.0, in_process=(engines,), graph=(graph,), floor=(bare,))
    record.save(NAME, measured, tmp_path)
    text = section(tmp_path)
    assert "+4.8% against it" in text
    assert "| **whole** | 10.00 | 11.00 | not measured | 10.50 |" in text
    assert "in one replica 1" not in text


def test_placed_stages_are_a_column_and_two_starts_a_table(tmp_path: Path) -> None:
    engines, graph, placed = (OverheadRun(wall_s=wall_s, cpu_s=20.0) for wall_s in (10.0, 11.0, 10.6))
    starts = [
        StartRun(wall_s=wall_s, cpu_s=60.0, processes=n, pss_mb=3000.0, idle_cores=0.14)
        for wall_s, n in ((42.0, 30), (36.0, 27))
    ]
    measured = OverheadRecord(
        call_s=120.0,
        in_process=(engines,),
        graph=(graph,),
        placed=(placed,),
        start=starts[0],
        placed_start=starts[1],
    )
    record.save(NAME, measured, tmp_path)
    text = section(tmp_path)
    assert "in one replica 10.60 s: +6.0%" in text
    assert "| a replica for each stage | 42 | 60 | 30 | 3,000 | 0.140 |" in text
    assert "| small stages in one | 36 | 60 | 27 |" in text


def test_record_without_a_floor_is_read_as_before(tmp_path: Path) -> None:
    run = OverheadRun(wall_s=10.0, stages={})
    record.save(NAME, OverheadRecord(call_s=120.0, in_process=(run,), graph=(run,)), tmp_path)
    assert "against it" not in section(tmp_path)
    assert "| **whole** | 10.00 | 10.00 | not measured | not measured |" in section(tmp_path)
