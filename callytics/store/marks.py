"""Marks of store methods for callers in other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Method = TypeVar("Method", bound=Callable[..., object])

_MARKS = "_callytics_marks"


def _mark(method: Method, mark: str) -> Method:
    setattr(method, _MARKS, marks_of(method) | {mark})
    return method


def marks_of(method: Callable[..., object]) -> frozenset[str]:
    """The names of the method's decorators from this module."""
    marks: frozenset[str] = getattr(method, _MARKS, frozenset())
    return marks


def not_repeatable(method: Method) -> Method:
    """A second call after a lost answer would do the work twice. (The lease fences the writes of a worker.)"""
    return _mark(method, "not_repeatable")


def queues_call(method: Method) -> Method:
    """The method may add work for an idle pipeline."""
    return _mark(method, "queues_call")


def removes(method: Method) -> Method:
    """A second call after a lost answer finds nothing: the work is done, so NotFoundError is not an error."""
    return _mark(method, "removes")
