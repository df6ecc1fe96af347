"""What a method of the store says about itself to those who call it from another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Method = TypeVar("Method", bound=Callable[..., object])

_MARKS = "_callytics_marks"


def _mark(method: Method, mark: str) -> Method:
    setattr(method, _MARKS, marks_of(method) | {mark})
    return method


def marks_of(method: Callable[..., object]) -> frozenset[str]:
    """The names of the decorators below that the method carries."""
    marks: frozenset[str] = getattr(method, _MARKS, frozenset())
    return marks


def not_repeatable(method: Method) -> Method:
    """It would do its work twice where it is called again after a lost answer. (Writes of a worker are fenced by its
    lease instead.)"""
    return _mark(method, "not_repeatable")


def queues_call(method: Method) -> Method:
    """After it there may be work for a pipeline that had none."""
    return _mark(method, "queues_call")


def removes(method: Method) -> Method:
    """Called again after a lost answer it finds nothing: it has done its work, and NotFoundError is no error."""
    return _mark(method, "removes")
