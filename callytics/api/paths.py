"""What the middlewares, which come before the routes, know of paths. tests/api/test_access_matrix.py holds that it is
what the routes say."""

from __future__ import annotations

from starlette.types import Scope

PUBLIC = frozenset(
    {
        "/",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/redoc",
        "/v1/sessions",
        "/v1/sessions/oidc",
        "/v1/sessions/oidc/callback",
    }
)
"""No key is asked for here; at every other path, whether there is something or not."""

CONSOLE_ASSETS = "/console/"
_PUBLIC_ASSETS = (CONSOLE_ASSETS, "/static-offline-docs/")  # the second of /docs and /redoc

_UPLOADS = ("/v1/calls", "/v1/audio/transcriptions", "/v1/audio/translations")


def route_path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def is_public(scope: Scope) -> bool:
    path = route_path(scope)
    return path in PUBLIC or path.startswith(_PUBLIC_ASSETS)


def is_upload(scope: Scope) -> bool:
    """A form with a recording, streamed."""
    return scope["method"] == "POST" and route_path(scope) in _UPLOADS


def is_event_stream(scope: Scope) -> bool:
    path = route_path(scope)
    return scope["method"] == "GET" and path.startswith("/v1/") and path.endswith("/events")
