"""database-service: the call store for every other application."""

import asyncio
from typing import Any

from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve import Application

from callytics import settings
from callytics.store import METHODS, CallStore


class DatabaseArgs(BaseModel):
    """``url``: SQLAlchemy URL; default $DATABASE_URL, else callytics.db in $CALLYTICS_HOME."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = None


@serve.deployment
class DatabaseService:
    """Migrates the schema at start. Several replicas may run, as while one replaces another: each method of the
    store is a transaction."""

    def __init__(self, url: str) -> None:
        self._store = CallStore(url)

    async def call(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One method of CallStore, in a thread."""
        if method not in METHODS:
            raise AttributeError(method)
        return await asyncio.to_thread(getattr(self._store, method), *args, **kwargs)

    def check_health(self) -> None:
        self._store.statistics()


def build(args: DatabaseArgs) -> Application:
    return DatabaseService.bind(args.url or settings.database_url())  # type: ignore[attr-defined, no-any-return]
