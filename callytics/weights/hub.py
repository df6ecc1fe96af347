"""Checkpoints of a model hub or a local folder, for engines that load them with their own library.

The manifest of callytics/weights/manifest.py pins the files of the embedded default. Here the library that runs a
model also finds it: in a folder, in the hub's cache, or on the hub itself (with the usual environment variables
`HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from callytics.errors import WeightsError
from callytics.weights import hub_cache

Loaded = TypeVar("Loaded")

LOCAL = "local"
"""``model_revision`` of a folder: its files have no published revision."""


def load_pretrained(stage: str, model: str, load: Callable[[], Loaded]) -> Loaded:
    """The result of ``load``.

    Args:
        stage: for the message.
        model: a hub id ("openai/whisper-large-v3-turbo") or the path of a folder.

    Raises:
        WeightsError: ``weights_unavailable``: the libraries raise OSError for a model that is neither in the folder
            nor in the cache, and cannot be fetched from the hub.
    """
    try:
        return load()
    except OSError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(
            "weights_unavailable",
            f"{stage}: the model {model!r} cannot be loaded ({reason}). Give the path of a local folder as the "
            "option `model`, or a hub id that this machine can reach (HF_ENDPOINT; HF_TOKEN for gated models), or "
            f"fill the cache once where there is a network: hf download {model}",
        ) from error


def snapshot(stage: str, model: str, revision: str | None, files: Sequence[str]) -> tuple[Path, str]:
    """The folder of a hub model in the cache (fetched if needed) and its commit, for libraries that read folders.

    Args:
        model: a hub id, e.g. "Systran/faster-whisper-large-v3".
        files: names or patterns; nothing else is fetched.

    Raises:
        WeightsError: ``weights_unavailable``.
    """
    if found := hub_cache.cached_commit(model, revision, files):
        return found, found.name
    from huggingface_hub import snapshot_download

    patterns = list(files)
    folder = load_pretrained(
        stage, model, lambda: Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
    )
    return folder, folder.name  # the name of a snapshot is its commit


def revision_of(model: str, config: Any, asked: str | None) -> str:
    """The hub's commit of a loaded ``transformers`` configuration; the requested revision if it has none."""
    if Path(model).is_dir():
        return LOCAL
    return str(getattr(config, "_commit_hash", None) or asked or "main")
