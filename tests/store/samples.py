"""Calls and results for tests of the store, the API and the exports."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from callytics.domain import (
    Acoustics,
    ActionItem,
    Audio,
    Claim,
    ContactSummary,
    Media,
    Pcm,
    QualityCriterion,
    Recording,
    Role,
    SentimentAnalysis,
    SentimentLabel,
    StageRun,
    StageStatus,
    TurnSentiment,
)
from callytics.result.build import build_report, complete
from callytics.store import CallStore, JobStatus, Lease, NewCall, new_call_id
from tests.support.conversations import conversation, stereo


@cache
def _migrated_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        CallStore(f"sqlite:///{folder}/callytics.db").close()
        return Path(folder, "callytics.db").read_bytes()


def fresh_database(folder: Path) -> str:
    """The URL of an empty database that is migrated already, which takes a while."""
    Path(folder, "callytics.db").write_bytes(_migrated_database())
    return f"sqlite:///{folder}/callytics.db"


LINES = (
    (0, 0.5, 3.0, "안녕하세요 고객센터입니다 무엇을 도와드릴까요"),
    (1, 3.2, 6.0, "어제 산 신발 환불을 받고 싶어요"),
    (0, 6.2, 9.0, "네 환불 접수해 드리겠습니다"),
    (1, 9.1, 10.5, "감사합니다 refund policy 확인했어요"),
)
DURATION_S = 12.0


def media(sha256: str = "a" * 64, duration_s: float = DURATION_S) -> Media:
    return Media(sha256, "wav", "pcm_mulaw", 8000, 2, duration_s)


def new_call(sha256: str = "a" * 64, **changes: object) -> NewCall:
    call_id = new_call_id()
    fields: dict[str, object] = {
        "id": call_id,
        "uri": f"/blobs/calls/{call_id}/recording",
        "size_bytes": 1000,
    }
    return NewCall(media=media(sha256), **{**fields, **changes})  # type: ignore[arg-type]


def audio() -> Audio:
    pcm = Pcm(b"\0\0" * 32, 2, 16, 16_000)
    return Audio(pcm, media(), Acoustics(-20.0, -23.0, 25.0, 0.0, 0.3), (0, 1))


def result_json(
    call_id: str, lines: tuple[tuple[int, float, float, str], ...] = LINES, failed: str = ""
) -> bytes:
    """A real report of a hand-made conversation."""
    diarization, transcript = stereo(*lines, duration_s=DURATION_S)
    talk = conversation(*lines, duration_s=DURATION_S)
    turn_ids = tuple(turn.id for turn in talk.turns)
    sentiment = SentimentAnalysis(
        tuple(TurnSentiment(turn_id, SentimentLabel.NEUTRAL, 0.2, 0.7, 0.1) for turn_id in turn_ids),
        (),
        (),
        80.0,
        (QualityCriterion("greeting", 80.0, turn_ids[:1]),),
    )
    summary = ContactSummary(
        Claim("환불 문의", turn_ids[:1]),
        None,
        None,
        None,
        True,
        (ActionItem("환불", Role.AGENT, turn_ids[:1]),),
    )
    report = build_report(
        Recording(call_id, "unused"), audio(), diarization, transcript, talk, sentiment, summary
    )
    runs = [
        StageRun(name, StageStatus.FAILED if name == failed else StageStatus.COMPLETED, 1, 0.5)
        for name in ("audio-processor", "speech-recognizer", "llm-analyzer")
    ]
    return complete(report, runs).model_dump_json().encode()


def finish(store: CallStore, lines: tuple[tuple[int, float, float, str], ...] = LINES) -> Lease:
    """Do a worker's job on the next call."""
    lease = store.lease("worker", 60.0)
    assert lease is not None
    run = StageRun("speech-recognizer", StageStatus.RUNNING, attempts=1)
    store.record_stage(lease.call.id, lease.token, run)
    done = StageRun("speech-recognizer", StageStatus.COMPLETED, attempts=1, duration_s=1.5, model="base")
    _, transcript = stereo(*lines, duration_s=DURATION_S)
    store.record_stage(lease.call.id, lease.token, done, key="k1", output=transcript)
    store.complete(lease.call.id, lease.token, JobStatus.COMPLETED, result_json(lease.call.id, lines))
    return lease
