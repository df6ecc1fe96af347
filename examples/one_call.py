"""Analyse one recording and print who said what, how it went and what happens next.

CALLYTICS_URL=http://127.0.0.1:8000 CALLYTICS_API_KEY=... python one_call.py call.mp3
"""

from __future__ import annotations

import os
import sys

from callytics import Client


def main(path: str) -> None:
    with Client(os.environ["CALLYTICS_URL"], os.environ["CALLYTICS_API_KEY"]) as client:
        call_id = client.submit(path)
        status = client.wait(call_id, lambda status: print(f"{status['progress']:.0%}", file=sys.stderr))
        if status["error"]:
            sys.exit(f"{status['job_status']}: {status['error']['message']}")
        result = client.result(call_id)
    for turn in result.transcript:
        print(f"{turn.begin_offset_ms / 1000:7.1f} s  {turn.participant_role:<8}  {turn.content}")
    if result.contact_summary:
        print(f"Summary: {result.contact_summary.summary}")
        for item in result.contact_summary.action_items:
            print(f"To do ({item.owner}): {item.text}")


if __name__ == "__main__":
    main(sys.argv[1])
