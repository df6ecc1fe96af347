"""A model hub on loopback: the addresses of Hugging Face's that are used, for files given as bytes. Its own client,
huggingface_hub, can fetch from it too."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class ModelHub:
    """
    Attributes:
        repositories: "owner/name" -> file name -> content.
        lfs: names of files whose sha256 the hub publishes.
        published: file name -> what the hub says instead of the true sha256.
        tells_sizes: some mirrors do not.
        asks_for_token: gated: 401 without one.
    """

    repositories: Mapping[str, dict[str, bytes]]
    lfs: tuple[str, ...] = ("model.bin", "model.safetensors")
    published: dict[str, str] = field(default_factory=dict)
    tells_sizes: bool = True
    asks_for_token: bool = False
    requests: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> bytes | None:
        path = path.partition("?")[0]
        if path.startswith("/api/models/"):
            repo, _, revision = path.removeprefix("/api/models/").partition("/tree/")
            if revision:
                return json.dumps(self._tree(repo)).encode() if revision in ("main", COMMIT) else None
            repo, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            return json.dumps(self._described(repo)).encode() if revision in ("main", COMMIT) else None
        repo, _, rest = path.removeprefix("/").partition("/resolve/")
        return self.repositories[repo].get(rest.partition("/")[2])

    def _tree(self, repo: str) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in self.repositories[repo].items()
        ]

    def _described(self, repo: str) -> dict[str, Any]:
        siblings = []
        for name, data in self.repositories[repo].items():
            entry: dict[str, Any] = {"rfilename": name}
            if self.tells_sizes:
                entry["size"] = len(data)
            if name in self.lfs:
                sha256 = self.published.get(name, hashlib.sha256(data).hexdigest())
                entry["lfs"] = {"sha256": sha256, "size": len(data)}
            siblings.append(entry)
        return {"sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}


@contextmanager
def serving(hub: ModelHub) -> Iterator[ModelHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests.append(self.path)
            hub.tokens.append(self.headers.get("Authorization"))
            self.wfile.write(self._head())

        def do_HEAD(self) -> None:
            self._head()

        def _head(self) -> bytes:
            """The body that a GET gets, after the headers have gone."""
            status = 200
            try:
                body = hub.answer(self.path)
            except KeyError:
                body = None
            if body is not None and hub.asks_for_token and not self.headers.get("Authorization"):
                status, body = 401, b""
            self.send_response(404 if body is None else status)
            self.send_header("Content-Length", str(len(body or b"")))
            self.send_header("ETag", f'"{hashlib.sha256(body or b"").hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            return body or b""

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
