"""The store for asyncio: CallStore's own methods, for a store in any process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from callytics.store.marks import marks_of
from callytics.store.store import CallStore

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

Invoke = Callable[[str, tuple[Any, ...], dict[str, Any]], Awaitable[Any]]
"""Calls a method of a CallStore: name, positional and keyword arguments."""

METHODS = frozenset(name for name in dir(CallStore) if not name.startswith("_") and name != "close")
"""The methods that another process may call."""


def marked(mark: Callable[..., Any]) -> frozenset[str]:
    """The methods of CallStore that have a mark (marks.py)."""
    return frozenset(name for name in METHODS if mark.__name__ in marks_of(getattr(CallStore, name)))


def invoke_local(store: CallStore) -> Invoke:
    """A store in this process. It works in threads, so the event loop never waits for the disk."""

    async def invoke(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await asyncio.to_thread(getattr(store, method), *args, **kwargs)

    return invoke


class AsyncStore:
    """Methods of a CallStore as coroutines, over an ``invoke`` that reaches it.

    ``await store(CallStore.get_call, call_id)``: the method itself gives the types of its arguments and its result.
    """

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    @classmethod
    def local(cls, store: CallStore) -> AsyncStore:
        return cls(invoke_local(store))

    async def __call__(
        self,
        method: Callable[Concatenate[CallStore, Parameters], Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Call the method; results and errors are its own.

        Raises:
            TypeError: it is not a public method of CallStore.
        """
        result: Result = await self._invoke(_name_of(method), args, kwargs)
        return result


def _name_of(method: Callable[..., Any]) -> str:
    """Only the name is sent to another process, so it must identify the same method there."""
    name: str = getattr(method, "__name__", repr(method))
    if name not in METHODS or getattr(CallStore, name) is not method:
        raise TypeError(
            f"The store runs public methods of CallStore, as in store(CallStore.get_call, id), not {name}."
        )
    return name
