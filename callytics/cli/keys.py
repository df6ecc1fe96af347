"""`callytics keys create`: a key in the database of a graph, and nowhere else."""

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
    """Print the key, alone on stdout; on stderr, where it was made.

    Raises:
        ConfigError: ``database_missing``; ``key_not_accepted``: the graph of this home works on another database.
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
                f"The graph of {graph} does not work on {database}: the key was revoked again. "
                "Set DATABASE_URL as it was at `callytics up`.",
            )
    finally:
        store.close()
    typer.echo(issued.secret)
    whose = f"of the graph of {graph}" if graph else "which no graph on this machine works on now"
    typer.echo(f"key {issued.key.id} of tenant {tenant}, in {database}, {whose}", err=True)


def _is_refused(secret: str, url: str) -> bool:
    """Whether the graph does not know the key. That it may not list calls, or is busy, says nothing against it."""
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        answer = httpx.get(f"{url}/v1/calls?limit=1", headers=headers, timeout=ANSWER_TIMEOUT_S)
    except httpx.HTTPError:
        return False  # it starts, or ends
    return answer.status_code == 401
