"""Where the services keep their state, when the configuration does not say otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def _home() -> Path:
    return Path(os.environ.get("CALLYTICS_HOME") or ".callytics").absolute()


def database_url(configured: str | None) -> str:
    """SQLAlchemy URL; default: callytics.db in ``$CALLYTICS_HOME``."""
    return configured or f"sqlite:///{_home() / 'callytics.db'}"


def blobs_url(configured: str | None) -> str:
    """fsspec URL; default: the folder blobs in ``$CALLYTICS_HOME``."""
    return configured or str(_home() / "blobs")
