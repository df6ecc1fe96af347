"""The two ends of a batch: recordings into rows, and finished calls into the store and Parquet.

Parquet has one folder per table, one file per call, named after the recording's SHA-256 (in failures: its address): a
second write replaces the first.

    calls/      one row per call: metadata, status, the main figures, the whole result as JSON
    turns/      one row per turn: speaker, times, text, sentiment
    failures/   one row per recording that could not be analysed: stage and reason
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from callytics.domain import Media, Recording, StageFailure, StageRun
from callytics.errors import CallyticsError, NotFoundError
from callytics.pipeline import stage_failure
from callytics.result.build import complete
from callytics.result.schema.call import CallResult
from callytics.store import DEFAULT_TENANT, BlobStore, CallRecord, CallStore, JobStatus, NewCall, new_call_id
from callytics.store.calls import request_key
from deployments.backfill.manifest import BatchItem
from deployments.backfill.plan import CORRECTIONS, FAILURE, ITEM, NODES, OPTIONS, RECORDING, RUNS

SKIPPED = "SKIPPED"
CHUNK_BYTES = 1 << 20


def item_table(items: Sequence[BatchItem]) -> Iterator[bytes]:
    """Each with the id of its call. Given here: when a node dies, Ray Data may read a recording again, and a second id
    would leave a first copy of it that belongs to no call."""
    for item in items:
        yield pickle.dumps((item, new_call_id()))


class Reader:
    """Copies a recording into the blob store and makes the row of its call; one that is done already goes along
    with a failure that says so, and no step touches it."""

    def __init__(self, database_url: str, blobs_url: str, tenant: str = DEFAULT_TENANT) -> None:
        self._store = CallStore(database_url)
        self._blobs = BlobStore(blobs_url)
        self._tenant = tenant

    def __call__(self, table: pa.Table) -> pa.Table:
        rows = [self._row(*pickle.loads(cell)) for cell in table.column(ITEM).to_pylist()]
        return pa.table({name: pa.array([row[name] for row in rows], pa.large_binary()) for name in rows[0]})

    def _row(self, item: BatchItem, call_id: str) -> dict[str, bytes | None]:
        failure = None
        known: dict[str, Any] = {"item": item, "call_id": call_id, "size_bytes": 0, "sha256": ""}
        try:
            known |= self._copied(item, call_id)
            earlier = self._store.finished_call(known["sha256"], item.options, item.metadata, self._tenant)
            if earlier is not None:
                known["call_id"] = earlier
                if earlier != call_id:  # else it is this very call, read again after its end: its node died
                    self._blobs.delete_call(call_id)
                failure = StageFailure("read", SKIPPED, "The call has a result already.")
        except (OSError, CallyticsError) as error:
            failure = stage_failure("read", error)
        return {
            ITEM: pickle.dumps(known),
            RECORDING: pickle.dumps(Recording(call_id, self._blobs.uri(call_id), known["sha256"])),
            OPTIONS: pickle.dumps(item.options),
            CORRECTIONS: pickle.dumps(()),  # a call that has some has a result, and was skipped
            RUNS: pickle.dumps(()),
            NODES: pickle.dumps(()),
            FAILURE: pickle.dumps(failure) if failure else None,
        }

    def _copied(self, item: BatchItem, call_id: str) -> dict[str, Any]:
        import fsspec

        try:
            with fsspec.open(item.uri, "rb") as source, self._blobs.writer(call_id) as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
        except FileNotFoundError as error:
            raise NotFoundError("recording_missing", f"There is no recording {item.uri}.") from error
        return {"sha256": target.sha256, "size_bytes": self._blobs.size_bytes(call_id)}


class Sink:
    """Puts each finished call into Parquet and then, in one transaction, into the store."""

    def __init__(self, database_url: str, blobs_url: str, output: str, tenant: str = DEFAULT_TENANT) -> None:
        self._store = CallStore(database_url)
        self._blobs = BlobStore(blobs_url)
        self._output = output.rstrip("/")
        self._tenant = tenant

    def __call__(self, table: pa.Table) -> pa.Table:
        outcomes = [self._outcome(row) for row in table.to_pylist()]
        return pa.Table.from_pylist(outcomes)

    def _outcome(self, row: dict[str, bytes | None]) -> dict[str, Any]:
        known = pickle.loads(row[ITEM] or b"")
        item: BatchItem = known["item"]
        failure = row[FAILURE]
        if failure is not None:
            return self._lost(known, pickle.loads(failure), pickle.loads(row[NODES] or b""))
        runs = pickle.loads(row[RUNS] or b"")
        report = complete(pickle.loads(row["report"] or b""), runs)
        call_id, created = self._store_call(
            known, report.model_copy(update={"call_id": known["call_id"]}), runs
        )
        return {
            "uri": item.uri,
            "call_id": call_id,
            "status": str(report.job_status) if created else SKIPPED,
            "audio_s": report.media.duration_ms / 1000,
            "message": "",
            "nodes": list(pickle.loads(row[NODES] or b"")),
        }

    def _store_call(
        self, known: dict[str, Any], report: CallResult, runs: tuple[StageRun, ...]
    ) -> tuple[str, bool]:
        """Parquet first: killed before the store has the call, it is done again and written over."""
        body = report.model_dump_json().encode()
        self._write_tables(known, report, body)
        new = _new_call(known, self._blobs.uri(report.call_id), report, self._tenant)
        submission = self._store.import_call(new, runs, JobStatus(report.job_status), body)
        is_ours = (
            submission.call.id == report.call_id
        )  # written by this batch, whose node died before it was told so
        if not submission.created and not is_ours:  # twice in a batch, or analysed by the graph meanwhile
            self._blobs.delete_call(report.call_id)
            self._write_tables(known, *self._earlier(report, submission.call))
        return submission.call.id, submission.created or is_ours

    def _earlier(self, report: CallResult, call: CallRecord) -> tuple[CallResult, bytes]:
        """What the store says of the call, corrections by people included; this batch's, while it says nothing."""
        if call.result_at_ms is None:
            earlier = report.model_copy(update={"call_id": call.id})
            return earlier, earlier.model_dump_json().encode()
        body = self._store.get_report(call.id)
        return CallResult.model_validate_json(body), body

    def _write_tables(self, known: dict[str, Any], report: CallResult, body: bytes) -> None:
        item: BatchItem = known["item"]
        # The same name for the same submission, whenever it is run again; another for other metadata.
        name = request_key(self._tenant, known["sha256"], item.options, item.metadata)
        self._write("calls", name, [_call_row(item, report, body)])
        self._write("turns", name, list(_turn_rows(report)))

    def _lost(self, known: dict[str, Any], failure: StageFailure, nodes: tuple[str, ...]) -> dict[str, Any]:
        item: BatchItem = known["item"]
        status = SKIPPED if failure.code == SKIPPED else JobStatus.FAILED.value
        if status != SKIPPED:
            self._blobs.delete_call(known["call_id"])
            lost = {"uri": item.uri, "stage": failure.stage, "code": failure.code, "message": failure.message}
            self._write("failures", hashlib.sha256(item.uri.encode()).hexdigest(), [lost])
        message = "" if status == SKIPPED else f"{failure.code}: {failure.message}"
        return {
            "uri": item.uri,
            "call_id": known["call_id"],
            "status": status,
            "audio_s": 0.0,
            "message": message,
            "nodes": list(nodes),
        }

    def _write(self, table: str, name: str, rows: list[dict[str, Any]]) -> None:
        import fsspec
        import pyarrow.parquet

        if not rows:
            return
        path = f"{self._output}/{table}/{name[:2]}/{name}.parquet"
        filesystem, local_path = fsspec.core.url_to_fs(path)
        filesystem.makedirs(local_path.rpartition("/")[0], exist_ok=True)
        with filesystem.open(local_path, "wb") as stream:
            pyarrow.parquet.write_table(pa.Table.from_pylist(rows), stream)


def _new_call(known: dict[str, Any], uri: str, report: CallResult, tenant: str) -> NewCall:
    item: BatchItem = known["item"]
    detail = report.media
    media = Media(
        known["sha256"],
        detail.format,
        detail.codec,
        detail.sample_rate_hz,
        detail.channels,
        detail.duration_ms / 1000,
    )
    return NewCall(
        id=known["call_id"],
        uri=uri,
        size_bytes=known["size_bytes"],
        media=media,
        filename=item.uri.rpartition("/")[2],
        options=item.options,
        metadata=item.metadata,
        tenant=tenant,
        created_by="backfill",
    )


def _call_row(item: BatchItem, report: CallResult, body: bytes) -> dict[str, Any]:
    return {
        "call_id": report.call_id,
        "uri": item.uri,
        "job_status": str(report.job_status),
        "language_code": report.language_code,
        "duration_ms": report.media.duration_ms,
        "metadata": json.dumps(dict(item.metadata), ensure_ascii=False),
        "result": body.decode(),
    }


def _turn_rows(report: CallResult) -> Iterator[dict[str, Any]]:
    for turn in report.transcript:
        yield {
            "call_id": report.call_id,
            "turn_id": turn.id,
            "participant_id": turn.participant_id,
            "participant_role": turn.participant_role,
            "begin_offset_ms": turn.begin_offset_ms,
            "end_offset_ms": turn.end_offset_ms,
            "content": turn.content,
            "sentiment": turn.sentiment,
        }
