"""Shared by the diarizers on torch: clear errors, the device, torchaudio with a CPU build of torch."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from callytics.errors import ConfigError, EngineUnavailableError, WeightsError
from callytics.weights import hub_cache


def require(package: str, environment: str) -> ModuleType:
    """Import a package that only a stage's own environment has.

    Args:
        package: import name, e.g. "pyannote.audio".
        environment: name of the pin file under ``runtime_envs/``, without suffix.

    Raises:
        EngineUnavailableError: the package, or one of its dependencies, is not installed or does not load.
    """
    try:
        return importlib.import_module(package)
    except (ImportError, OSError) as error:  # OSError: a library built for another torch
        last_line = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise EngineUnavailableError(
            "engine_not_installed",
            f"speaker-diarizer: the package {package!r} does not load here ({last_line}). Let the stage run in its "
            f"own environment, runtime_envs/{environment}.txt: 'py_executable: callytics-python {environment}' in "
            f"the Serve configuration, built by 'callytics up'; or pip install -r runtime_envs/{environment}.txt.",
        ) from error


def require_torchaudio(environment: str) -> ModuleType:
    """Import torchaudio, even with a build of torch without CUDA.

    The wheels of torchaudio 2.11 on PyPI link CUDA. Its compiled extension holds forced alignment, RNN-T loss and a
    faster ``lfilter``. The diarizers use none of them, and torchaudio works without the extension (a source build may
    lack it). So if torch has no CUDA, the module that loads the extension is replaced by its form without one.
    """
    torch = require("torch", environment)
    if torch.version.cuda is None and "torchaudio" not in sys.modules:
        sys.modules["torchaudio._extension"] = _torchaudio_without_extension()
    return require("torchaudio", environment)


def _torchaudio_without_extension() -> ModuleType:
    def fail_if_no_align(_function: Any) -> Any:
        def unavailable(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError(
                "forced alignment needs torchaudio's compiled extension, which needs CUDA here"
            )

        return unavailable

    module: Any = ModuleType("torchaudio._extension")
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module.fail_if_no_align = fail_if_no_align
    return module  # type: ignore[no-any-return]


def torch_device(name: str) -> Any:
    """The torch device; never a different one than requested.

    Args:
        name: "cpu", "cuda" or "cuda:0".

    Raises:
        ConfigError: the kind of device is unknown, or this machine has none.
    """
    torch: Any = importlib.import_module("torch")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(
            "device_unknown", f"speaker-diarizer: device {name!r}: {str(error).splitlines()[0]}"
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "device_unavailable",
            f"speaker-diarizer: device is {name!r}, but torch {torch.__version__} sees no GPU here. Set "
            "'device: cpu', or give the deployment num_gpus on a node with an NVIDIA driver.",
        )
    return device


def content_revision(path: Path) -> str:
    """First 16 hex digits of the SHA-256 of a file, or of the names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        digest.update(file.relative_to(path).as_posix().encode() if path.is_dir() else b"")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:16]}"


def fetch_snapshot(
    repository: str, revision: str | None, environment: str, allow_patterns: str | None = None
) -> tuple[Path, str]:
    """A repository of the model hub as a local folder, and its commit.

    The hub client reads its token from the environment variable HF_TOKEN. If the hub cannot be reached, a folder that
    was fetched before is used.

    Raises:
        WeightsError: the repository cannot be fetched.
    """
    if found := hub_cache.cached_commit(repository, revision, [allow_patterns or "*"]):
        return found, found.name
    hub = require("huggingface_hub", environment)
    errors = require("huggingface_hub.errors", environment)
    try:
        folder = Path(hub.snapshot_download(repository, revision=revision, allow_patterns=allow_patterns))
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        token = "is set" if os.environ.get("HF_TOKEN") else "is not set"
        raise WeightsError(
            "model_unavailable",
            f"speaker-diarizer: cannot fetch {repository!r} from the model hub: {reason} (HF_TOKEN {token}). Accept "
            "its conditions on the hub and set HF_TOKEN in the environment of the stage, or name a local copy instead.",
        ) from error
    return folder, folder.name
