"""``callytics retention apply``: delete expired calls. database-service does the same on its own if its configuration
sets ``retention_days``."""

from __future__ import annotations

import typer

from callytics import settings
from callytics.home.kept_logs import remove_older
from callytics.store import BlobStore, CallStore
from callytics.store.expiry import apply_retention


def run(days: float | None, dry_run: bool) -> None:
    store = CallStore(settings.existing_database_url())
    if dry_run:
        expired = store.expired_calls(days, limit=1_000_000)
        typer.echo(f"{len(expired)} calls would be deleted")
        return
    deleted = apply_retention(store, BlobStore(str(settings.home() / "blobs")), days)
    typer.echo(f"{deleted} calls deleted")
    if runs := remove_older(settings.home(), days):
        typer.echo(f"logs of {runs} ended runs deleted")
