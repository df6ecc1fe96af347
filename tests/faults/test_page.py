"""Each of the two modules that measure writes its own part of docs/faults.md."""

from __future__ import annotations

from pathlib import Path

from tests.faults.page import CLUSTER, PAGE, write_cluster, write_one_machine


def test_each_part_is_replaced_and_the_other_stays(tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    page.write_text("# What faults cost\n\nold\n")
    write_cluster("three nodes", page)
    write_one_machine("# What faults cost\n\nnew\n", page)
    assert page.read_text() == f"# What faults cost\n\nnew\n\n{CLUSTER}\n\nthree nodes\n"
    write_cluster("four nodes\n", page)
    assert page.read_text() == f"# What faults cost\n\nnew\n\n{CLUSTER}\n\nfour nodes\n"


def test_the_page_has_both_parts() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith("# What faults cost\n")
    assert "\n| SIGKILL GCS |" in text.partition(CLUSTER)[2]
