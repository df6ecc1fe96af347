"""One question to the store for all event streams of a gateway, however many there are: with one each, two hundred
streams would keep the store busy with nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callytics.store import AsyncStore, CallStore, EventRecord, JobStatus


@dataclass(frozen=True)
class _Question:
    call_id: str
    after: int
    answer: asyncio.Future[tuple[JobStatus | None, list[EventRecord]]]


class EventPump:
    """Asks every ``poll_s`` while a client waits."""

    def __init__(self, store: AsyncStore, poll_s: float) -> None:
        self._store = store
        self._poll_s = poll_s
        self._waiting: list[_Question] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, call_id: str, after: int) -> tuple[JobStatus | None, list[EventRecord]]:
        """How the call stands at the next look (None: it was deleted), and its events after that number, both of the
        same moment: a call that is finished has no further ones.

        Raises:
            UnavailableError: the store does not answer.
        """
        question = _Question(call_id, after, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await question.answer

    async def _run(self) -> None:
        while self._waiting:
            questions, self._waiting = self._waiting, []
            await self._answer([question for question in questions if not question.answer.done()])
            await asyncio.sleep(self._poll_s)

    async def _answer(self, questions: list[_Question]) -> None:
        after: dict[str, int] = {}
        for question in questions:
            after[question.call_id] = min(question.after, after.get(question.call_id, question.after))
        try:
            news = await self._store(CallStore.news, after)
        except Exception as error:  # whatever it is: those who asked get it, the next round asks again
            for question in questions:
                if not question.answer.done():
                    question.answer.set_exception(error)
            return
        for question in questions:
            if not question.answer.done():  # who asked may have left meanwhile
                status, events = news.get(question.call_id, (None, ()))
                question.answer.set_result((status, [e for e in events if e.number > question.after]))
