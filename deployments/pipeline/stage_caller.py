"""One call at one stage: admitted by the stage's circuit, patient where its replica is gone."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from callytics.errors import CallyticsError, UnavailableError
from deployments.handles import LOST, application_handle, patiently, unwrapped
from deployments.pipeline.circuit import FIRST_PAUSE_S, Circuit
from deployments.stage import StageInfo, StageOutput

STAGE_PATIENCE_S = 60.0
"""How long a stage may be away (restart, update) before a call that needs it goes back to the queue for a while."""

PROBE_PATIENCE_S = 5.0
"""The same for a call that only probes a stage which is known to be away."""


class StageAwayError(UnavailableError):
    """The stage takes no calls now. ``delay_s``: not before the next probe is due, and those who wait do not all come
    at once."""

    def __init__(self, code: str, message: str, pause_s: float) -> None:
        super().__init__(code, message)
        self.delay_s = pause_s + random.uniform(0.0, FIRST_PAUSE_S)


class StageCaller:
    """
    Args:
        application: who does the stage's work.
        call_id: which call is brought there.
        circuit: of the application, shared by all calls of the pipeline.
        patience_s: see STAGE_PATIENCE_S.
        timeout_s: of the work itself.
    """

    def __init__(
        self, application: str, call_id: str, circuit: Circuit, patience_s: float, timeout_s: float
    ) -> None:
        self._application = application
        self._call_id = call_id
        self._circuit = circuit
        self._patience_s = patience_s
        self._timeout_s = timeout_s

    async def admitted(self) -> StageInfo:
        """What runs in the stage, before this call is tried on it.

        Raises:
            StageAwayError: the call did nothing wrong, and may wait as long as it takes.
        """
        patience_s = PROBE_PATIENCE_S if self._circuit.is_open else self._patience_s
        pause_s = self._circuit.admit()
        if pause_s > 0:
            message = f"{self._application} is down; the call waits for it."
            raise StageAwayError("stage_unavailable", message, pause_s)
        try:
            return await self._describe(patience_s)
        except CallyticsError as error:
            self._circuit.open()
            raise StageAwayError(error.code, error.message, self._circuit.pause_s) from error

    async def call(self, arguments: list[Any]) -> tuple[Any, StageOutput]:
        """The response, and what it stands for.

        Raises:
            CallyticsError: the engine did its work: this input has no result.
            Exception: whatever else; it counts against the stage.
        """
        try:
            handle = await application_handle(self._application)
            response = handle.remote(*arguments)
            try:
                async with asyncio.timeout(self._timeout_s):
                    output: StageOutput = await unwrapped(response)
            except (TimeoutError, asyncio.CancelledError):
                # Or its windows would stay in the queue of the engine.
                response.cancel()
                raise
        except CallyticsError:
            raise
        except Exception:
            self._circuit.failed(self._call_id)
            raise
        self._circuit.succeeded()
        return response, output

    async def back(self) -> None:
        """Wait until the stage has a replica again after a call failed.

        Raises:
            CallyticsError: it stays away. That may be this call's doing: it is to be counted.
        """
        try:
            await self._describe(self._patience_s)
        except CallyticsError:
            self._circuit.open()
            raise

    def gave_up(self, error: Exception) -> Exception:
        """What is to be said of the last attempt: that it failed, or, where other calls fail, too, that it was not
        this call's fault."""
        if not self._circuit.gave_up(self._call_id):
            return error
        message = f"{self._application} fails on every call ({type(error).__name__})."
        return UnavailableError("stage_unavailable", message)

    async def _describe(self, patience_s: float) -> StageInfo:
        async def ask() -> StageInfo:
            handle = await application_handle(self._application)
            info: StageInfo = await unwrapped(handle.describe.remote())
            return info

        try:
            return await patiently(ask, patience_s, max(patience_s, PROBE_PATIENCE_S))
        except LOST as error:
            message = f"{self._application} does not answer."
            raise UnavailableError("stage_unavailable", message) from error
