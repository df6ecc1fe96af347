"""`callytics models add`: a Whisper or a language model of the user's own, checked and pinned by sha256.

A Whisper comes from a folder or a hub, a language model (GGUF) from a file or a hub.

The pins are in ``$CALLYTICS_MODELS/models.json``, in the format of the project's own models.json, and the files in
``$CALLYTICS_MODELS/<name>/``. From then on the model is as any other: `locate` refuses a changed byte, `pull` fetches
it again from where it came. For a hub the hashes are those of the first download (trust on first use): the hub
publishes the hashes of large files only, and what it publishes must match.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callytics.errors import ConflictError, InvalidRequestError, WeightsError
from callytics.home import locks
from callytics.weights import gguf_file, manifest
from callytics.weights.gguf_file import check_gguf
from callytics.weights.manifest import Progress
from callytics.weights.model import PLAIN_NAME, Model, models_folder
from callytics.weights.sources import SourceUnavailable, copy_files, fetch_from_hub, hub_revision
from callytics.weights.whisper_files import ENGINES, check_files, choose_files

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
HUB_FILE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[\w.-]+\.gguf)")
OPENED_BY = {**ENGINES, gguf_file.FORMAT: gguf_file.SERVER}
"""Format -> the class that opens such a model."""

_KINDS = {
    **{kind: f"Whisper, {kind}" for kind in ENGINES},
    gguf_file.FORMAT: "language model, GGUF",
}

Opens = Callable[[str, Path], bool]
"""(engine, folder) -> whether the engine was tried; raises WeightsError if it cannot open the model."""


@dataclass(frozen=True)
class Added:
    """``is_opened``: False if the packages of its engine are not installed here; then only the files were checked."""

    model: Model
    is_opened: bool


@dataclass(frozen=True)
class _Origin:
    """Where the files come from. ``published``: file name -> sha256 that the hub tells."""

    name: str
    title: str
    revision: str
    licence: str
    page: str
    source: Mapping[str, Any]
    kind: str
    sizes: Mapping[str, int]
    published: Mapping[str, str]


def add(
    origin: str, opens: Opens, name: str = "", revision: str = "main", progress: Progress | None = None
) -> Added:
    """Fetch, check and pin a model; nothing is kept unless all of it succeeds.

    Args:
        origin: a folder, a GGUF file, a hub id ("owner/name"), or a GGUF file of a hub ("owner/name/file.gguf").
        opens: tries the model with its engine.
        name: of the model; default: the last part of the folder or hub id.
        revision: of a hub: a commit, tag or branch. The commit behind it is pinned.

    Raises:
        WeightsError: the files are no such model, not whole, or cannot be fetched.
        ConflictError: ``model_exists``.
        InvalidRequestError: ``model_origin_unknown`` or ``model_name_invalid``.
    """
    report = progress or (lambda what, done, total: None)
    found = _origin(origin, revision)
    name = _free_name(name or found.name)
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / ".staging" / f"add-{name}"
    with locks.alone(folder / f".{name}.lock", lambda: report("wait for another process", 0, 0), mode=0o644):
        if found.source["kind"] == "folder":
            shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True)
        _fetch(found, staging, report)
        _check(found, staging)
        entry = _entry(found, staging, report)
        report("open", 0, 0)
        is_opened = opens(OPENED_BY[found.kind], staging)
        manifest.replace_folder(staging, folder / name)
        _write(folder, name, entry)
    return Added(manifest.get_model(name), is_opened)


def remove(name: str) -> None:
    """Forget a model that was added, and delete its files.

    Raises:
        InvalidRequestError: ``model_not_own``: it is one of the project, or unknown.
    """
    if name not in manifest.own_entries():
        raise InvalidRequestError("model_not_own", f"{name} was not added by `callytics models add`.")
    folder = models_folder()
    _write(folder, name, None)
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / ".verified" / f"{name}.json").unlink(missing_ok=True)


def _origin(origin: str, revision: str) -> _Origin:
    path = Path(origin)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file() and path.suffix == gguf_file.SUFFIX:
        return _of_file(path)
    if file := HUB_FILE.fullmatch(origin):
        return _of_hub_file(origin, file["repo"], file["file"], revision)
    return _of_hub(origin, revision)


def _check(found: _Origin, staging: Path) -> None:
    if found.kind == gguf_file.FORMAT:
        (name,) = found.sizes
        check_gguf(staging / name, found.title)
    else:
        check_files(staging, found.kind, found.sizes, found.title)


def _of_file(path: Path) -> _Origin:
    path = path.resolve()
    if not PLAIN_NAME.fullmatch(path.name):
        raise InvalidRequestError(
            "model_name_invalid", f"{path.name!r}: rename the file to letters, digits, '.', '_' and '-'."
        )
    header = check_gguf(path, str(path))  # before a copy of gigabytes
    return _Origin(
        name=path.stem,
        title=str(path),
        revision="local",
        licence=header.licence or "not stated",
        page=str(path),
        source={"kind": "folder", "path": str(path.parent)},
        kind=gguf_file.FORMAT,
        sizes={path.name: path.stat().st_size},
        published={},
    )


def _of_hub_file(origin: str, repo: str, file: str, revision: str) -> _Origin:
    try:
        found = hub_revision(repo, revision)
    except SourceUnavailable as error:
        raise _unavailable(origin, error) from error
    if file not in found.sizes:
        others = ", ".join(sorted(name for name in found.sizes if name.endswith(gguf_file.SUFFIX))) or "none"
        raise WeightsError("model_not_gguf", f"{repo} has no file {file}; GGUF files there: {others}.")
    return _Origin(
        name=file.removesuffix(gguf_file.SUFFIX),
        title=origin,
        revision=found.commit,
        licence=found.licence or "not stated",
        page=f"https://huggingface.co/{repo}",
        source={"kind": "hub", "repo": repo},
        kind=gguf_file.FORMAT,
        sizes={file: found.sizes[file]},
        published={name: sha256 for name, sha256 in found.sha256.items() if name == file},
    )


def _of_folder(folder: Path) -> _Origin:
    folder = folder.resolve()
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    kind, names = choose_files(sizes, str(folder))
    return _Origin(
        name=folder.name,
        title=str(folder),
        revision="local",
        licence="not stated",
        page=str(folder),
        source={"kind": "folder", "path": str(folder)},
        kind=kind,
        sizes={name: sizes[name] for name in names},
        published={},
    )


def _of_hub(origin: str, revision: str) -> _Origin:
    if not HUB_ID.fullmatch(origin):
        raise InvalidRequestError(
            "model_origin_unknown",
            f"{origin!r} is neither a folder, nor a GGUF file, nor a hub id such as Systran/faster-whisper-small or "
            "Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf.",
        )
    try:
        found = hub_revision(origin, revision)
    except SourceUnavailable as error:
        raise _unavailable(origin, error) from error
    kind, names = choose_files(found.sizes, origin)
    return _Origin(
        name=origin.rpartition("/")[2],
        title=origin,
        revision=found.commit,
        licence=found.licence or "not stated",
        page=f"https://huggingface.co/{origin}",
        source={"kind": "hub", "repo": origin},
        kind=kind,
        sizes={name: found.sizes[name] for name in names},
        published=found.sha256,
    )


def _unavailable(origin: str, error: SourceUnavailable) -> WeightsError:
    return WeightsError(
        "weights_unavailable",
        f"{origin} could not be fetched: {error}. Set HF_ENDPOINT to a mirror that this machine can reach "
        "(HF_TOKEN for gated models), or add a folder.",
    )


def _free_name(name: str) -> str:
    if not PLAIN_NAME.fullmatch(name):
        raise InvalidRequestError(
            "model_name_invalid",
            f"{name!r}: a model's name has letters, digits, '.', '_' and '-'. Give --name.",
        )
    for model in manifest.list_models():
        if name in (model.name, *model.aliases):
            raise ConflictError(
                "model_exists",
                f"There is a model {name} already ({model.origin}). Give another --name, or, if it was added before: "
                f"callytics models remove {name}",
            )
    return name


def _fetch(found: _Origin, staging: Path, report: Progress) -> None:
    try:
        if found.source["kind"] == "folder":
            copy_files(Path(found.source["path"]), list(found.sizes), staging, report)
        else:
            fetch_from_hub(found.source["repo"], found.revision, found.sizes, staging, report)
    except SourceUnavailable as error:
        raise _unavailable(found.title, error) from error


def _entry(found: _Origin, staging: Path, report: Progress) -> dict[str, Any]:
    """Its entry in the manifest, with the hashes of the files as they are now."""
    files = {}
    for name in found.sizes:
        path = staging / name
        report(f"hash {name}", 0, 0)
        sha256 = manifest.sha256_of(path)
        if sha256 != found.published.get(name, sha256):
            path.unlink()  # otherwise the next attempt would resume it
            raise WeightsError(
                "weights_corrupt",
                f"{found.title}: the sha256 of {name} is {sha256}, the hub says {found.published[name]}. Try again.",
            )
        files[name] = {"size": path.stat().st_size, "sha256": sha256}
    return {
        "description": f"added by the user: {_KINDS[found.kind]}",
        "licence": found.licence,
        "origin": found.page,
        "revision": found.revision,
        "format": found.kind,
        "optional": True,
        "trusted_on_first_use": True,
        "files": files,
        "sources": [dict(found.source)],
    }


def _write(folder: Path, name: str, entry: Mapping[str, Any] | None) -> None:
    """Set or remove an entry of the user's manifest; whole or not at all."""
    path = manifest.own_manifest_path()
    with locks.alone(folder / ".models.json.lock", lambda: None, mode=0o644):
        entries = manifest.own_entries()
        entries.pop(name, None)
        if entry is not None:
            entries[name] = entry
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(path)
