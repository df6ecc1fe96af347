"""The API on an empty store, with stages that are played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from callytics.api import ApiSettings, Services, create_app
from callytics.store import AsyncStore, BlobStore, CallStore
from tests.api.conftest import TwoStages, WavOnlyAudio
from tests.store.samples import fresh_database


def application(folder: Path, **settings: Any) -> FastAPI:
    store = AsyncStore.local(CallStore(fresh_database(folder)))
    services = Services(
        store, BlobStore(str(folder / "blobs")), WavOnlyAudio(), TwoStages(), ApiSettings(**settings)
    )
    return create_app(services)
