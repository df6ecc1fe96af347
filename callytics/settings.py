"""Where things lie on this machine: read from the environment, once, by the command line."""

from __future__ import annotations

import os
from pathlib import Path

from callytics.errors import ConfigError


def home() -> Path:
    """State of local runs: database, recordings, weights, environments, key. ``$CALLYTICS_HOME``, else .callytics."""
    return Path(os.environ.get("CALLYTICS_HOME", ".callytics")).expanduser().resolve()


def api_key_path() -> Path:
    """The key that `callytics up` made for this user; readable by them alone."""
    return home() / "api-key"


def api_key() -> str:
    """``$CALLYTICS_API_KEY``, else the key of the local graph.

    Raises:
        ConfigError: there is neither.
    """
    key = os.environ.get("CALLYTICS_API_KEY")
    if key:
        return key
    path = api_key_path()
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    raise ConfigError(
        "api_key_missing",
        "No API key: start the graph with `callytics up`, or set CALLYTICS_API_KEY (`callytics keys create`).",
    )


def database_url() -> str:
    """``$DATABASE_URL``, else SQLite under the home folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{home() / 'callytics.db'}"


CPU_THREADS = "CALLYTICS_CPU_THREADS"


def cpu_threads() -> int:
    """Cores that recognition on the CPU uses at once, where its options name no number: all that this process may use;
    a batch, which works on many calls at once, sets ``$CALLYTICS_CPU_THREADS`` to 1.

    Raises:
        ConfigError: ``cpu_threads_invalid``.
    """
    named = os.environ.get(CPU_THREADS)
    if named:
        if not named.isdecimal() or int(named) == 0:
            raise ConfigError(
                "cpu_threads_invalid", f"{CPU_THREADS} is {named!r}; give a whole number of cores, 1 or more."
            )
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
