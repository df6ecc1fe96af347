"""A disk that is full while a recording comes in: 503, nothing left behind, and it goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import blob_files, submit, wav_bytes

pytestmark = pytest.mark.anyio

DISK_BYTES = 1 << 20
RECORDING = wav_bytes(20.0)  # 640 kB: one fits, two do not


@pytest.fixture
def blob_root(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    root = tmp_path / "blobs"
    root.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    options = f"size={DISK_BYTES}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield root
    subprocess.run(["umount", str(root)], check=True)


async def test_full_disk_refuses_uploads_until_there_is_room(
    client: httpx.AsyncClient, blob_root: Path
) -> None:
    first = await submit(client, RECORDING, deduplicate=False)
    assert first.status_code == 202, first.text
    before = blob_files(blob_root)
    for _ in range(3):
        refused = await submit(client, RECORDING, deduplicate=False)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
        assert int(refused.headers["retry-after"]) > 0
        assert blob_files(blob_root) == before
    call_id = first.json()["call_id"]
    assert (await client.get(f"/v1/calls/{call_id}")).status_code == 200
    assert (await client.post(f"/v1/calls/{call_id}/cancel")).status_code == 200
    assert (await client.delete(f"/v1/calls/{call_id}")).status_code == 204
    assert (await submit(client, RECORDING, deduplicate=False)).status_code == 202
