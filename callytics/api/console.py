"""The console: the files of callytics/console, as they are. Why there is no build: docs/adr/0021."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from callytics.api.errors import problem_responses
from callytics.api.headers import CONSOLE_POLICY
from callytics.api.paths import CONSOLE_ASSETS
from callytics.api.strict import StrictRoute
from callytics.errors import NotFoundError

FOLDER = Path(__file__).parents[1] / "console"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

IfNoneMatch = Annotated[str | None, Header()]


@router.get("/")
async def console(if_none_match: IfNoneMatch = None) -> Response:
    """The first page; the screens are in the address after "#"."""
    return _answer("index.html", if_none_match)


@router.get(CONSOLE_ASSETS + "{name:path}", responses=problem_responses(404))
async def console_file(name: str, if_none_match: IfNoneMatch = None) -> Response:
    return _answer(name, if_none_match)


def _answer(name: str, if_none_match: str | None) -> Response:
    data, media_type, tag = _file(name)
    # no-cache: a browser asks whether its copy is the one of this version, and mostly need not fetch it again.
    headers = {"Content-Security-Policy": CONSOLE_POLICY, "Cache-Control": "no-cache", "ETag": tag}
    if if_none_match is not None and tag in [sent.strip() for sent in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


@lru_cache(maxsize=128)
def _file(name: str) -> tuple[bytes, str, str]:
    """Content, media type and tag.

    Raises:
        NotFoundError: it is no file of the console.
    """
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER) or path.suffix not in _TYPES or not path.is_file():
        raise NotFoundError("not_found", "The console has no such file.")
    data = path.read_bytes()
    return data, _TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:32]}"'
