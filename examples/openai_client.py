"""Transcribe with OpenAI's own client, which only needs another address and key.

pip install openai
CALLYTICS_URL=http://127.0.0.1:8000 CALLYTICS_API_KEY=... python openai_client.py call.mp3
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from openai import OpenAI


def main(path: Path) -> None:
    client = OpenAI(base_url=f"{os.environ['CALLYTICS_URL']}/v1", api_key=os.environ["CALLYTICS_API_KEY"])
    with path.open("rb") as file:
        answer = client.audio.transcriptions.create(
            model="whisper-1", file=file, response_format="verbose_json"
        )
    print(f"{answer.language}, {float(answer.duration):.1f} s")
    for segment in answer.segments or []:
        print(f"{segment.start:7.1f} s  {segment.text.strip()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
