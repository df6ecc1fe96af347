"""Fetch what the engines of a Serve file need, before anything is deployed: with progress, and without a limit of time.

A replica that fetches gigabytes itself shows nothing and is given up after the time that `callytics up` allows for a
start. And a machine that cannot reach the hub should say so in the first seconds, with the names of what is missing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from callytics import settings
from callytics.errors import WeightsError
from callytics.weights import hub_cache, manifest
from callytics.weights.model import PACKAGE_FOLDER
from callytics.weights.needed import Needed, Place
from callytics.weights.sources import HubRevision, SourceUnavailable, hub_revision

Report = Callable[[str, str, int, int], None]
"""Called with the model's name, the current action, the bytes so far and the total bytes (0 if unknown)."""

POLL_S = 0.5
CLIENT = "huggingface_hub"


@dataclass(frozen=True)
class HubFetch:
    """What of a repository is to be fetched, as the hub told just now."""

    need: Needed
    commit: str
    files: tuple[str, ...]
    total_bytes: int


def missing(needs: Iterable[Needed]) -> list[Needed]:
    """Each model once, though several applications need it. What another package brings is none of ours."""
    found: dict[tuple[str, str | None], Needed] = {}
    for need in needs:
        if need.place is not Place.CATALOGUE and not _is_whole(need):
            found.setdefault((need.name, need.revision), need)
    return list(found.values())


def _is_whole(need: Needed) -> bool:
    """Like ``is_here``, but files whose hashes are known are read where they changed since the last time."""
    if need.place is not Place.MANIFEST or manifest.get_model(need.name).is_installed:
        return need.is_here()
    try:
        manifest.locate(need.name)
    except WeightsError:
        return False
    return True


def plan(needs: Sequence[Needed]) -> list[HubFetch]:
    """Ask the hub for what is missing. The first question that finds no way to it ends the search.

    Raises:
        WeightsError: ``weights_unavailable``, in one line that names all of them and says what to do;
            ``disk_full``: they do not fit into the cache.
    """
    fetches: list[HubFetch] = []
    troubles: dict[str, list[str]] = {}
    unreachable: SourceUnavailable | None = None
    for need in needs:
        named = f"{need.name} ({need.application})"
        if need.place is Place.FOLDER:
            troubles.setdefault("no such file or folder is here", []).append(named)
        if need.place is not Place.HUB:
            continue
        try:
            if unreachable is not None:
                raise unreachable
            fetches.append(_ask(need))
        except SourceUnavailable as error:
            troubles.setdefault(_reason(need, error), []).append(named)
            unreachable = error if error.is_whole_hub else None
    if troubles:
        told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in troubles.items())
        raise WeightsError(
            "weights_unavailable",
            f"Weights are missing and cannot be fetched. {told}. Set HF_ENDPOINT to a mirror that this machine can "
            f"reach, or copy the hub's cache of a machine that has them to {hub_cache.cache_folder()}, or give folders "
            "in the options of the Serve file.",
        )
    _check_room(fetches)
    return fetches


def _ask(need: Needed) -> HubFetch:
    found: HubRevision = hub_revision(need.name, need.revision or "main")
    files = need.option.choose(sorted(found.sizes))
    if not files:
        raise SourceUnavailable("the hub has none of its files")
    return HubFetch(need, found.commit, tuple(files), sum(max(found.sizes[name], 0) for name in files))


def _reason(need: Needed, error: SourceUnavailable) -> str:
    if "answered 401" not in str(error) and "answered 403" not in str(error):
        return str(error)
    token = "is set, and may not read it" if os.environ.get("HF_TOKEN") else "is not set"
    return f"{error}: accept its conditions at https://huggingface.co/{need.name} once; HF_TOKEN {token}"


def _check_room(fetches: Sequence[HubFetch]) -> None:
    folder = hub_cache.cache_folder()
    wanted = sum(max(fetch.total_bytes - hub_cache.cached_bytes(fetch.need.name), 0) for fetch in fetches)
    free = shutil.disk_usage(existing(folder)).free
    if wanted > free:
        raise WeightsError(
            "disk_full",
            f"The weights take {wanted / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB. Make room, or set HF_HOME "
            "to a folder on a larger disk.",
        )


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there already."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def fetch_all(needs: Sequence[Needed], fetches: Sequence[HubFetch], report: Report) -> None:
    """
    Args:
        needs: from :func:`missing`.
        fetches: from :func:`plan` for them.

    Raises:
        WeightsError: one of them could not be fetched.
    """
    for need in needs:
        if need.place is Place.MANIFEST:
            manifest.pull(need.name, partial(report, need.name))
    for fetch in fetches:
        _fetch(fetch, report)


def _fetch(fetch: HubFetch, report: Report) -> None:
    """By the hub's client in a process of its own, since it may only be in the environment of a stage."""
    command = [_python_with_client(), "-P", "-m", "callytics.weights.hub_cache"]
    # The revision as the configuration names it: a branch stays findable by its name in the cache.
    command += [fetch.need.name, fetch.need.revision or fetch.commit, *fetch.files]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_FOLDER.parent)}
    name, total = fetch.need.name, fetch.total_bytes
    done = threading.Event()

    def watch() -> None:
        while not done.wait(POLL_S):
            report(name, "download", min(hub_cache.cached_bytes(name), total), total)

    watcher = threading.Thread(target=watch, daemon=True)
    report(name, "download", min(hub_cache.cached_bytes(name), total), total)
    watcher.start()
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    finally:
        done.set()
        watcher.join()
    if ended.returncode != 0:
        reason = ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else "it ended without a word"
        raise WeightsError("weights_unavailable", f"{fetch.need.application}: {reason}")
    if fetch.need.revision is None:
        _name_branch(fetch)
    report(name, "ready", total, total)


def _name_branch(fetch: HubFetch) -> None:
    """What the default branch pointed to: the client looks there when it may not ask the hub."""
    refs = hub_cache.repository_folder(fetch.need.name) / "refs"
    refs.mkdir(parents=True, exist_ok=True)
    (refs / "main").write_text(fetch.commit, encoding="utf-8")


def _python_with_client() -> str:
    if importlib.util.find_spec(CLIENT) is not None:
        return sys.executable
    for site in sorted(settings.home().glob("envs/**/site-packages/" + CLIENT)):
        return str(site.parents[3] / "bin" / "python")
    raise WeightsError(
        "hub_client_missing",
        f"The package {CLIENT} is in no environment here, so nothing can be fetched from the hub. `callytics up` "
        f"builds the environments of the stages first; or: pip install {CLIENT}",
    )
