"""What people correct in a call."""

from __future__ import annotations

from callytics.domain import CorrectionKind
from callytics.store import corrections
from callytics.store.marks import queues_call
from callytics.store.records.calls import CallRecord
from callytics.store.records.corrections import CorrectionRecord, Corrections
from callytics.store.rows import call_record
from callytics.store.transactions import Transactions


class CorrectionMethods(Transactions):
    @queues_call
    def correct_call(
        self, call_id: str, wanted: Corrections, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Correct words, names, roles, turns, moods and the summary by hand and queue the call again (see
        corrections.correct). The audit names the corrected properties, not their text."""
        with self._write() as session:
            row, made = corrections.correct(session, call_id, wanted, actor, self._now_ms(), tenant)
            record = call_record(session, row)
            if made:
                detail = {
                    "corrections": [each.id for each in made],
                    "kinds": sorted({each.kind for each in made}),
                    "turns": sorted({each.turn_id for each in made if each.turn_id}),
                }
                record = self._changed(session, row, actor, "call.corrected", detail)
            if any(each.kind == CorrectionKind.ROLE for each in made):
                roles = {"roles": dict(wanted.roles)}
                record = self._changed(session, row, actor, "call.roles_corrected", roles)
            return record

    @queues_call
    def undo_correction(
        self, call_id: str, correction_id: str, tenant: str | None = None, actor: str = ""
    ) -> CallRecord:
        """Undo a correction and queue the call again (see corrections.undo)."""
        with self._write() as session:
            row = corrections.undo(session, call_id, correction_id, actor, self._now_ms(), tenant)
            return self._changed(
                session, row, actor, "call.correction_undone", {"corrections": [correction_id]}
            )

    def list_corrections(self, call_id: str, tenant: str | None = None) -> tuple[CorrectionRecord, ...]:
        """Every correction of a call, including undone ones, oldest first."""
        with self._read() as session:
            return corrections.history(session, call_id, tenant)
