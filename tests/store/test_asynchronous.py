from __future__ import annotations

import asyncio
import inspect

import pytest

from callytics.errors import NotFoundError
from callytics.store import METHODS, AsyncStore, CallFilter, CallStore
from tests.store.samples import finish, new_call


def test_the_facade_has_every_method_with_the_same_parameters() -> None:
    facade = {name for name in vars(AsyncStore) if not name.startswith("_") and name != "local"}
    assert facade == METHODS
    for name in METHODS:
        assert inspect.signature(getattr(AsyncStore, name)) == inspect.signature(getattr(CallStore, name)), (
            name
        )


def test_it_reaches_the_store(store: CallStore) -> None:
    async def use() -> None:
        remote = AsyncStore.local(store)
        call_id = (await remote.create_call(new_call())).call.id
        await asyncio.to_thread(finish, store)
        page = await remote.list_calls(CallFilter(text="환불"), limit=1)
        assert [call.id for call in page.calls] == [call_id]
        with pytest.raises(NotFoundError):
            await remote.get_call("nope")

    asyncio.run(use())
