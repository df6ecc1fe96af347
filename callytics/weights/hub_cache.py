"""The cache of the model hub's own client, read without that client: what is there, and where.

The layout is huggingface_hub's: ``models--<owner>--<name>/snapshots/<commit>/<file>``, ``refs/<branch>`` with a commit
in it, ``blobs/*.incomplete`` while a file is being fetched.

`python -m callytics.weights.hub_cache REPO REVISION FILE...` fetches files into it, where the client is installed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from callytics.errors import WeightsError

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A full commit: what it names cannot change on the hub."""


def cache_folder() -> Path:
    """By the variables of huggingface_hub: $HF_HUB_CACHE, $HF_HOME/hub, else ~/.cache/huggingface/hub."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := os.environ.get(variable):
            return Path(named).expanduser()
    if named := os.environ.get("HF_HOME"):
        return Path(named).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def repository_folder(repo: str) -> Path:
    return cache_folder() / f"models--{repo.replace('/', '--')}"


def cached(repo: str, revision: str | None, files: Sequence[str] = ("*",)) -> Path | None:
    """The snapshot of a revision; None if it is not there, or was not fetched to its end.

    Args:
        files: names or patterns; one of them at least must be there.
    """
    folder = repository_folder(repo)
    commit = revision if revision and COMMIT.fullmatch(revision) else _ref(folder, revision or "main")
    if commit is None or any(folder.glob("blobs/*.incomplete")):
        return None
    snapshot = folder / "snapshots" / commit
    there = (path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file())
    return snapshot if any(fnmatch(name, pattern) for name in there for pattern in files) else None


def cached_commit(repo: str, revision: str | None, files: Sequence[str]) -> Path | None:
    """The snapshot of a full commit. It cannot change: what `callytics up` fetched of it is enough, and the hub need
    not be asked."""
    return cached(repo, revision, files) if revision and COMMIT.fullmatch(revision) else None


def cached_bytes(repo: str) -> int:
    """What lies in the cache of a repository, unfinished files included: how far a download is."""
    total = 0
    for path in repository_folder(repo).glob("blobs/*"):
        try:
            total += path.stat().st_size
        except OSError:  # it was just renamed
            continue
    return total


def _ref(folder: Path, revision: str) -> str | None:
    try:
        return (folder / "refs" / revision).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def fetch(repo: str, revision: str, files: Sequence[str]) -> Path:
    """By huggingface_hub, into the cache; what is there is not fetched again.

    Raises:
        WeightsError: ``weights_unavailable``.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(files)))
    except OSError as error:  # HfHubHTTPError and LocalEntryNotFoundError are
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError("weights_unavailable", f"{repo}: {reason}") from error


def main(arguments: Sequence[str]) -> int:
    repo, revision, *files = arguments
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # the process that waits for this one shows the progress
    try:
        print(fetch(repo, revision, files))
    except WeightsError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
