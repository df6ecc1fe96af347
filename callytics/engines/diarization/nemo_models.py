"""Loads NeMo models: a local ``.nemo`` file, an id on the model hub, or a name in NVIDIA's NGC catalogue."""

from __future__ import annotations

import logging
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callytics.engines.diarization.torch_runtime import content_revision, fetch_snapshot, require
from callytics.errors import WeightsError

ENVIRONMENT = "speaker-diarizer-nemo"


@dataclass(frozen=True)
class Restored:
    network: Any
    revision: str


def restore(class_name: str, model: str, revision: str | None, device: Any) -> Restored:
    """A model in evaluation mode on a device.

    Args:
        class_name: a class of ``nemo.collections.asr.models``.
        model: path of a ``.nemo`` file; ``owner/name`` on the hub; otherwise a name in the NGC catalogue.
        revision: for the hub only.

    Raises:
        EngineUnavailableError: NeMo is not installed.
        WeightsError: the model cannot be fetched, or has another class.
    """
    models = require("nemo.collections.asr.models", ENVIRONMENT)
    require("nemo.utils", ENVIRONMENT).logging.setLevel(logging.ERROR)  # one call would log a page
    model_class = getattr(models, class_name)
    path, name = _file(model_class, model, revision)
    try:
        network = model_class.restore_from(str(path), map_location=device)
    except (RuntimeError, TypeError, ValueError, OSError, AttributeError, tarfile.TarError) as error:
        raise WeightsError(
            "model_invalid",
            f"speaker-diarizer: {path} is no {class_name} of NeMo: {str(error).strip().splitlines()[0]}",
        ) from error
    if not isinstance(network, model_class):
        raise WeightsError("model_invalid", f"speaker-diarizer: {path} holds a {type(network).__name__}.")
    return Restored(network.eval(), name)


def _file(model_class: Any, model: str, revision: str | None) -> tuple[Path, str]:
    """The .nemo file of a model, and the identifier of its content."""
    if model.endswith(".nemo"):
        path = Path(model).expanduser()
        if not path.is_file():
            raise WeightsError("model_missing", f"speaker-diarizer: there is no file {path}.")
        return path, content_revision(path)
    if "/" in model:
        folder, commit = fetch_snapshot(model, revision, ENVIRONMENT, allow_patterns="*.nemo")
        files = sorted(folder.glob("*.nemo"))
        if len(files) != 1:
            raise WeightsError(
                "model_invalid", f"speaker-diarizer: {model} has {len(files)} .nemo files, not one."
            )
        return files[0], commit
    # For an unknown name NeMo itself loads another model, with only a warning.
    known = sorted(entry.pretrained_model_name for entry in model_class.list_available_models() or ())
    if model not in known:
        raise WeightsError(
            "model_unknown",
            f"speaker-diarizer: NGC has no {model!r} for this engine; it has {', '.join(known)}.",
        )
    try:
        path = Path(model_class.from_pretrained(model, return_model_file=True))
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(
            "model_unavailable",
            f"speaker-diarizer: cannot fetch {model!r} from NGC: {reason} Give the path of a .nemo file instead.",
        ) from error
    return path, content_revision(path)
