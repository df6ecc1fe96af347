"""`callytics keys create`: create an API key in the database of a graph."""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx
import typer
from sqlalchemy import make_url

from callytics import settings
from callytics.errors import ConfigError
from callytics.home import graphs as local_graphs
from callytics.store import CallStore

ANSWER_TIMEOUT_S = 10.0


def create(name: str, scopes: Sequence[str], tenant: str, days: float | None) -> None:
    """Print only the key on stdout; the database it was created in goes to stderr.

    Raises:
        ConfigError: ``database_missing``; ``key_not_accepted``: the graph of this home uses another database.
    """
    expires_at_ms = None if days is None else round((time.time() + days * 86400) * 1000)
    url = settings.existing_database_url()
    database = make_url(url).render_as_string(hide_password=True)
    graph = local_graphs.running_from(settings.home())
    store = CallStore(url)
    try:
        issued = store.create_api_key(name, scopes, "cli", tenant, expires_at_ms)
        if graph and _is_refused(issued.secret, graph.url):
            store.revoke_api_key(issued.key.id, "cli")
            raise ConfigError(
                "key_not_accepted",
                f"The graph of {graph} does not use {database}, so the key was revoked. "
                "Set DATABASE_URL as it was at `callytics up`.",
            )
    finally:
        store.close()
    typer.echo(issued.secret)
    whose = f"of the graph of {graph}" if graph else "which no running graph on this machine uses"
    typer.echo(f"key {issued.key.id} of tenant {tenant}, in {database}, {whose}", err=True)


def _is_refused(secret: str, url: str) -> bool:
    """Whether the graph rejects the key as unknown. A missing scope or a busy graph does not count."""
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        answer = httpx.get(f"{url}/v1/calls?limit=1", headers=headers, timeout=ANSWER_TIMEOUT_S)
    except httpx.HTTPError:
        return False  # it is starting or shutting down
    return answer.status_code == 401
