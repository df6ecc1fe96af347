"""Analyse every recording in a folder, a few at a time, and write each result beside its recording as JSON.

    CALLYTICS_URL=http://127.0.0.1:8000 CALLYTICS_API_KEY=... python batch.py calls/

For hundreds of thousands of recordings on a cluster: `callytics backfill`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from callytics import AsyncClient, CallyticsError

AT_ONCE = 8
SUFFIXES = {".flac", ".m4a", ".mp3", ".ogg", ".wav"}


async def analyze(client: AsyncClient, path: Path, slots: asyncio.Semaphore) -> bool:
    async with slots:
        try:
            call_id = await client.submit(path)
            await client.wait(call_id)
            result = await client.result(call_id)
        except CallyticsError as error:  # one bad recording does not end the others
            print(f"{path.name}: {error} [{error.code}]", file=sys.stderr)
            return False
    path.with_suffix(".json").write_text(result.model_dump_json(indent=2), encoding="utf-8")
    print(f"{path.name}: {len(result.transcript)} turns")
    return True


async def main(folder: Path) -> int:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    slots = asyncio.Semaphore(AT_ONCE)
    async with AsyncClient(os.environ["CALLYTICS_URL"], os.environ["CALLYTICS_API_KEY"]) as client:
        done = await asyncio.gather(*(analyze(client, path, slots) for path in paths))
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
