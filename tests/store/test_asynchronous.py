from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callytics.errors import NotFoundError
from callytics.store import METHODS, AsyncStore, CallFilter, CallStore
from callytics.store.asynchronous import marked
from callytics.store.marks import not_repeatable, queues_call, removes
from tests.store.samples import finish, new_call

ROOT = Path(__file__).parents[2]

TYPED = """
from typing import assert_type

from callytics.store import AsyncStore, CallFilter, CallPage, CallRecord, CallStore, Lease


async def right(store: AsyncStore) -> None:
    assert_type(await store(CallStore.get_call, "a"), CallRecord)
    assert_type(await store(CallStore.get_call, "a", tenant=None), CallRecord)
    assert_type(await store(CallStore.list_calls, CallFilter(), limit=1), CallPage)
    assert_type(await store(CallStore.lease, "worker", 1.0), Lease | None)
    assert_type(await store(CallStore.renew, "a", "token", 1.0), bool)
    assert_type(await store(CallStore.retry_call, "a", actor="key"), CallRecord)  # one that carries marks


async def wrong(store: AsyncStore) -> None:
    await store(CallStore.get_call, 7)  # arg-type
    await store(CallStore.get_call)  # call-arg
    await store(CallStore.get_call, "a", colour="red")  # call-arg
    await store(CallStore.retry_call, "a", actor=7)  # arg-type
    await store(str.upper)  # arg-type
    await store(CallStore.paint, "a")  # attr-defined
    text: str = await store(CallStore.renew, "a", "token", 1.0)  # arg-type
    await store.get_call("a")  # attr-defined
"""
"""Each line of ``wrong`` names the error that mypy must find in it."""


def test_mypy_knows_the_arguments_and_result_of_every_method(tmp_path: Path) -> None:
    path = tmp_path / "typed_store.py"
    path.write_text(TYPED, encoding="utf-8")
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--hide-error-context"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = {
        (int(line), code)
        for line, code in re.findall(
            r"typed_store\.py:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE
        )
    }
    expected = {
        (number, line.rsplit("# ", 1)[1])
        for number, line in enumerate(TYPED.splitlines(), 1)
        if line.endswith(("arg-type", "call-arg", "attr-defined"))
    }
    assert len(expected) == 8
    assert found == expected, done.stdout + done.stderr


def test_method_is_declared_once() -> None:
    """AsyncStore knows no method of CallStore by itself; the marks stand on the method."""
    assert not METHODS & set(vars(AsyncStore))
    assert {"delete_call", "delete_webhook"} <= marked(removes) <= METHODS
    assert "create_call" in marked(not_repeatable) & marked(queues_call)


def test_local_store_is_reached(store: CallStore) -> None:
    async def use() -> None:
        remote = AsyncStore.local(store)
        call_id = (await remote(CallStore.create_call, new_call())).call.id
        await asyncio.to_thread(finish, store)
        page = await remote(CallStore.list_calls, CallFilter(text="환불"), limit=1)
        assert [call.id for call in page.calls] == [call_id]
        with pytest.raises(NotFoundError):
            await remote(CallStore.get_call, "nope")

    asyncio.run(use())


def test_store_elsewhere_gets_the_name_and_the_arguments() -> None:
    sent: list[Any] = []

    async def invoke(*what: Any) -> str:
        sent.extend(what)
        return "answer"

    answer: object = asyncio.run(AsyncStore(invoke)(CallStore.get_call, "a", tenant="b"))
    assert (answer, sent) == ("answer", ["get_call", ("a",), {"tenant": "b"}])


def _get_call(store: CallStore, call_id: str) -> str:
    return call_id


_get_call.__name__ = "get_call"


@pytest.mark.parametrize(
    "method",
    [
        CallStore.close,
        CallStore._now_ms,
        CallStore.__init__,
        CallStore,
        str.upper,
        _get_call,
        "get_call",
        None,
    ],
    ids=["close", "private", "init", "class", "another-class", "function", "name", "none"],
)
def test_non_public_store_method_is_rejected(method: Any) -> None:
    async def invoke(*_: Any) -> None:
        raise AssertionError("it was sent")

    with pytest.raises(TypeError, match="public methods of CallStore"):
        asyncio.run(AsyncStore(invoke)(method, "a"))
