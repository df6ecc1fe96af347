"""Migrations of the store, one direction at a time."""

from __future__ import annotations

from typing import Any

from alembic.config import Config

from callytics.store.database import MIGRATIONS, writing


def run_alembic(engine: Any, direction: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine).begin() as connection:
        config.attributes["connection"] = connection
        direction(config, revision)
