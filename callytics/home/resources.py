"""Data files of Callytics: Serve configurations, pins of environments, the sample call.

In a checkout they are at the top, where people edit them. A wheel contains the same files in ``callytics/_data``
(setup.py copies them); this folder does not exist in a checkout.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from callytics.errors import ConfigError, InvalidRequestError

PACKAGES_FOLDER = Path(__file__).resolve().parents[2]
"""The folder of ``callytics`` and ``deployments``: the checkout, or site-packages."""
DATA_FOLDER = PACKAGES_FOLDER / "callytics" / "_data"
IS_INSTALLED = DATA_FOLDER.is_dir()
CONFIGS = ("serve_config.cpu.yaml", "serve_config.yaml", "serve_config.ab.yaml")
PROFILES = {"cpu": "serve_config.cpu.yaml", "gpu": "serve_config.yaml"}
"""What `callytics backfill --profile` and `callytics doctor --profile` choose."""
PINS = "runtime_envs"
SAMPLE = "sample/call.mp3"
OBSERVABILITY = "observability"
EDITABLE = (*CONFIGS, "cluster.yaml", PINS, OBSERVABILITY, SAMPLE)
"""What `callytics init` copies."""


def project_file(name: str) -> Path:
    """A file or folder by its path in the checkout, for instance ``runtime_envs``."""
    return (DATA_FOLDER if IS_INSTALLED else PACKAGES_FOLDER) / name


def config_file(path: Path) -> Path:
    """``path``, or the packaged configuration of that name, if ``path`` is a bare name that does not exist in this
    folder."""
    if str(path) in CONFIGS and not path.exists():
        return project_file(str(path))
    return path


def recording_file(path: Path) -> Path:
    """``path``, or the sample call, if ``path`` is the bare word ``sample`` and no such file exists here."""
    if str(path) == "sample" and not path.is_file():
        return project_file(SAMPLE)
    return path


def pins_folder(config: Path) -> Path:
    """The pins for a Serve config file: those in its folder, else those in the package."""
    beside = config.absolute().parent / PINS
    return beside if beside.is_dir() else project_file(PINS)


def observability_folder(config: Path) -> Path:
    """The files of Prometheus, Alertmanager and Grafana: those beside a Serve config file, else those that come with
    Callytics."""
    beside = config.absolute().parent / OBSERVABILITY
    return beside if beside.is_dir() else project_file(OBSERVABILITY)


def write_copies(folder: Path) -> list[Path]:
    """Create ``folder`` with copies of all files that a user may want to edit.

    Raises:
        InvalidRequestError: ``file_exists``: one of them already exists; nothing was written.
        ConfigError: ``folder_not_writable``.
    """
    targets = [(project_file(name), folder / Path(name).name) for name in EDITABLE]
    for _, target in targets:
        if target.exists():
            raise InvalidRequestError(
                "file_exists", f"{target} is there already, and is not replaced. Name another folder."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in targets:
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
    except OSError as error:
        raise ConfigError("folder_not_writable", f"{folder}: {error}") from error
    return [target for _, target in targets]
