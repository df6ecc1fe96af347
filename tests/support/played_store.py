"""Another answer in the place of one method of a store, in tests of what calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from callytics.store import AsyncStore


def play(
    monkeypatch: pytest.MonkeyPatch,
    store: AsyncStore,
    method: Callable[..., Any],
    answer: Callable[..., Awaitable[Any]],
) -> None:
    """``store(method, ...)`` answers with ``answer(...)``; every other method is the store's own."""
    own = store._invoke

    async def invoke(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name == method.__name__:
            return await answer(*args, **kwargs)
        return await own(name, args, kwargs)

    monkeypatch.setattr(store, "_invoke", invoke)
