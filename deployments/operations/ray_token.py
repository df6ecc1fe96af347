"""The token of a local run: its holder can run code as this user. Ray asks every client for it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from callytics.home import private_files

TOKEN_FILE = "ray-token"

CLIENT_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_ADDRESS", "RAY_API_SERVER_ADDRESS", "RAY_DASHBOARD_ADDRESS")
"""Where Ray's clients look for a token and a cluster before all else: no business of the head's own processes."""

LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray takes 127.0.0.1 for the machine's address in the network, in its head as in its clients, unless it is told that
this machine can be no cluster; the name is of the systems where that is the default."""


def make(home: Path) -> Path:
    """A new token, in a file that only this user can read; returns its path."""
    path = home / TOKEN_FILE
    private_files.write_text(path, secrets.token_hex(32))
    return path


def headers(token_path: str) -> dict[str, str]:
    """What an HTTP request to Ray carries.

    Args:
        token_path: of a run of ours. Empty: the user's own token for another cluster, where Ray itself looks for it;
            no header where there is none or RAY_AUTH_MODE says that none is asked for.
    """
    if token_path:
        return _bearer(Path(token_path))
    # Without RAY_AUTH_MODE a cluster asks for a token as soon as there is one, and any `ray.init()` leaves one.
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return {}
    token = os.environ.get("RAY_AUTH_TOKEN")
    if token:
        return {"Authorization": f"Bearer {token}"}
    return _bearer(Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token"))


def _bearer(path: Path) -> dict[str, str]:
    token = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return {"Authorization": f"Bearer {token}"} if token else {}


def job_environment() -> dict[str, str]:
    """Environment of a Ray that one process starts for itself; set it before ``import ray``, which reads it."""
    return LOOPBACK_ONLY | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def client_environment(token_path: str, gcs_address: str, dashboard_url: str) -> dict[str, str]:
    """With which `ray`, `serve` and `ray.init()` find a run of ours and are let in."""
    return LOOPBACK_ONLY | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": token_path,
        "RAY_ADDRESS": gcs_address,
        "RAY_API_SERVER_ADDRESS": dashboard_url,
        "RAY_DASHBOARD_ADDRESS": dashboard_url,
    }
