"""Which pretrained weights the engines of a Serve file will ask for, told without loading any of them.

An engine says it in a class attribute, ``weights``: which of its options name a model, and which files of a hub's
repository it reads. So `callytics up` can fetch them with progress before a replica starts (prefetch.py), and
`callytics doctor` can say what is missing.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from callytics.config import engine_blocks
from callytics.errors import NotFoundError, WeightsError
from callytics.weights import hub_cache, manifest


@dataclass(frozen=True)
class WeightsOption:
    """An option of an engine that names a model.

    Attributes:
        option: its name.
        files: names or patterns of what the engine reads of a hub's repository.
        alternatives: patterns of the weights themselves, best first: of the first that a repository has, all files.
        revision: the option with the commit.
        gated: owners on the hub whose models need an accepted form and a token.
    """

    option: str
    files: tuple[str, ...] = ("*",)
    alternatives: tuple[str, ...] = ()
    revision: str = "revision"
    gated: tuple[str, ...] = ()

    def choose(self, names: Sequence[str]) -> list[str]:
        """Those of a repository's files that are read."""
        chosen = [name for name in names if any(fnmatch(name, pattern) for pattern in self.files)]
        for pattern in self.alternatives:
            if weights := [name for name in names if fnmatch(name, pattern)]:
                return sorted({*chosen, *weights})
        return chosen


TRANSFORMERS_FILES = ("*.json", "*.txt", "*.model")
TRANSFORMERS_WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
"""transformers reads the first where a checkpoint has both. Copies for TensorFlow, Flax and ONNX stay on the hub."""


class Place(StrEnum):
    """Where a model is looked for."""

    MANIFEST = "models list"
    HUB = "hub"
    FOLDER = "folder"
    CATALOGUE = "catalogue"


@dataclass(frozen=True)
class Needed:
    """``name``: of `callytics models list`, a hub id, a path, or a name of another catalogue (NVIDIA's NGC)."""

    application: str
    name: str
    place: Place
    revision: str | None = None
    option: WeightsOption = WeightsOption("model")

    @property
    def is_pinned(self) -> bool:
        """Whether the same bytes come tomorrow."""
        if self.place is Place.HUB:
            return bool(self.revision and hub_cache.COMMIT.fullmatch(self.revision))
        return self.place is not Place.CATALOGUE

    @property
    def is_gated(self) -> bool:
        return self.place is Place.HUB and self.name.partition("/")[0] in self.option.gated

    def is_here(self) -> bool:
        """On this disk, as far as names tell; nothing is read through, and the network is not asked."""
        if self.place is Place.HUB:
            # Weights, where the engine says which: configurations alone are no model.
            files = self.option.alternatives or self.option.files
            return hub_cache.cached(self.name, self.revision, files) is not None
        if self.place is Place.FOLDER:
            return Path(self.name).expanduser().exists()
        if self.place is Place.CATALOGUE:
            return False
        model = manifest.get_model(self.name)
        return model.is_installed or all((model.folder / file.name).is_file() for file in model.files)


def needed_weights(document: Mapping[str, Any]) -> list[Needed]:
    """For every application of a Serve file, in its order; each model once per application."""
    found: dict[tuple[str, str], Needed] = {}
    for application in document["applications"]:
        for block in engine_blocks(application):
            for need in _of_engine(block.address, block.args):
                found.setdefault((need.application, need.name), need)
    return list(found.values())


def _of_engine(address: str, args: Mapping[str, Any]) -> Iterator[Needed]:
    given = dict(args.get("options") or {})
    engine = _engine(args.get("engine"))
    declared: tuple[WeightsOption, ...] = getattr(engine, "weights", ()) if engine else ()
    if not declared:
        # The user's own engine: a name of `callytics models list` is fetched, others are its own business.
        named = given.get("model")
        if isinstance(named, str) and (known := _known(named)):
            yield Needed(address, known, Place.MANIFEST)
        return
    options = _with_defaults(engine, given)
    for option in declared:
        name = options.get(option.option)
        if isinstance(name, str) and name:
            known, revision = _known(name), options.get(option.revision)
            place = Place.MANIFEST if known else _place(name)
            yield Needed(address, known or name, place, revision, option)


def _engine(path: Any) -> Any:
    """The class; None where it cannot be imported: the deployment will say so, with more to tell."""
    if not isinstance(path, str):
        return None
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name, None)
    except Exception:  # an engine of the user's own may raise anything when it is imported
        return None


def _with_defaults(engine: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(engine).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return {**defaults, **given}


def _place(name: str) -> Place:
    """Outside of the manifest."""
    path = Path(name).expanduser()
    if (
        path.exists()
        or path.is_absolute()
        or name.startswith((".", "~"))
        or path.suffix in (".nemo", ".gguf")
    ):
        return Place.FOLDER
    return Place.HUB if name.count("/") == 1 else Place.CATALOGUE


def _known(name: str) -> str | None:
    """The name of a model in the manifest, for a name or alias."""
    try:
        return manifest.get_model(name).name
    except (NotFoundError, WeightsError):
        return None
