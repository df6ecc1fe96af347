"""Waiting for what is written to the audit a moment after the answer."""

from __future__ import annotations

import asyncio
import time

from callytics.store import AuditRecord, CallStore


async def noted(store: CallStore, action: str, within_s: float = 30.0) -> AuditRecord:
    """The newest entry of this action, once it is there."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for event in await asyncio.to_thread(store.audit_events):
            if event.action == action:
                return event
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {action} in the audit after {within_s} s")
