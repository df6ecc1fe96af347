"""While a deploy is rolling, replicas of two versions hand each other pickles: of one module `callytics.domain` or of
the package that it became, with the fields that the writer's version has."""

from __future__ import annotations

import dataclasses
import importlib
import io
import pickle
import pickletools
import typing
from typing import Any

import pytest

from callytics import domain
from callytics.store.codec import decode, encode
from tests.store.samples import DURATION_S, LINES, audio
from tests.support.conversations import conversation, stereo

TYPES = [value for name in domain.__all__ if isinstance(value := getattr(domain, name), type)]
DATACLASSES = [each for each in TYPES if dataclasses.is_dataclass(each)]
OUTPUTS = [audio(), *stereo(*LINES, duration_s=DURATION_S), conversation(*LINES, duration_s=DURATION_S)]


def names_of(pickled: bytes) -> set[tuple[str, str]]:
    """Module and name of every class that a pickle asks for."""
    asked: set[tuple[str, str]] = set()

    class Noting(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            asked.add((module, name))
            return super().find_class(module, name)

    Noting(io.BytesIO(pickled)).load()
    return asked


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: type(output).__name__)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_code_in_which_the_domain_is_one_module_reads_what_is_written(output: Any, protocol: int) -> None:
    asked = names_of(pickle.dumps(output, protocol))
    ours = {(module, name) for module, name in asked if module.startswith("callytics")}
    assert {module for module, _ in ours} == {"callytics.domain"}
    assert len(ours) >= 2


@pytest.mark.parametrize("each", TYPES, ids=lambda each: each.__name__)
def test_every_type_of_the_domain_is_pickled_under_the_name_of_the_package(each: type) -> None:
    pickled = pickle.dumps(each, 4)
    texts = [text for code, text, _ in pickletools.genops(pickled) if code.name == "SHORT_BINUNICODE"]
    assert texts == ["callytics.domain", each.__name__]


@pytest.mark.parametrize("each", DATACLASSES, ids=lambda each: each.__name__)
def test_value_of_a_version_that_lacks_the_newer_fields_has_their_defaults(each: Any) -> None:
    """And a field that only a newer writer knows is kept aside, and hurts nobody."""
    old = object.__new__(each)
    missing = dataclasses.MISSING
    required = [f for f in dataclasses.fields(each) if f.default is f.default_factory is missing]
    vars(old).update(dict.fromkeys((f.name for f in required), b""))
    if each is not domain.Pcm:  # which is written as the arguments of its constructor
        vars(old)["of_tomorrow"] = 1
    read = pickle.loads(pickle.dumps(old))
    for one in dataclasses.fields(each):
        assert getattr(read, one.name) == (b"" if one in required else one.default)


@pytest.mark.parametrize("each", DATACLASSES, ids=lambda each: each.__name__)
def test_types_of_fields_are_found_from_the_package(each: type) -> None:
    """pydantic, which reads stored outputs, looks for them where a class says that it is from."""
    assert typing.get_type_hints(each).keys() == {f.name for f in dataclasses.fields(each)}


@pytest.mark.parametrize("output", OUTPUTS[1:], ids=lambda output: type(output).__name__)
def test_stored_outputs_are_read(output: Any) -> None:
    assert decode(encode(output)) == output


def test_modules_of_the_package_have_no_other_classes_of_that_name() -> None:
    """The names that a pickle asks for are those of the modules themselves."""
    for name in ("audio", "conversation", "participants", "recognition", "request", "work"):
        module = importlib.import_module(f"callytics.domain.{name}")
        for each in TYPES:
            assert getattr(module, each.__name__, each) is each
