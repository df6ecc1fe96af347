"""Files and folders that only this user can open, regardless of the umask: calls are personal data."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from callytics.errors import ConfigError

FILE_MODE, FOLDER_MODE = 0o600, 0o700
OTHERS = 0o077
"""The permission bits of group and others."""


def opener(path: str, flags: int) -> int:
    """``open(path, "w", opener=opener)`` creates a private file."""
    return os.open(path, flags, FILE_MODE)


def make_folder(folder: Path) -> None:
    """Create a private folder and its missing parents, private too; existing folders stay as they are."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)  # another process may have created it meanwhile


def write_text(path: Path, text: str) -> None:
    """Write a private file atomically, even over an older file that others can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with open(temporary, "x", encoding="utf-8", opener=opener) as file:
        file.write(text)
    temporary.replace(path)


def claim_folder(folder: Path) -> None:
    """Create a private folder in a shared place such as /tmp, or reuse this user's earlier one.

    Raises:
        ConfigError: ``folder_not_ours``: another user created it, or it is a link.
    """
    try:
        folder.mkdir(FOLDER_MODE)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ConfigError(
                "folder_not_ours",
                f"{folder} is not a folder of this user: another account of the machine has taken its name. "
                "Remove it, or name another place for temporary files with TMPDIR.",
            ) from None
        folder.chmod(FOLDER_MODE)


def close_to_others(folder: Path, leave: Collection[str] = ()) -> int:
    """Remove all permissions of group and others from a folder and its contents; links are not followed.

    Args:
        leave: names directly in ``folder`` to leave unchanged: the closed folder already protects them.

    Returns:
        The number of files and folders that were open to others.

    Raises:
        ConfigError: ``folder_not_ours``: it belongs to another user.
    """
    folder = folder.resolve()
    try:
        closed = int(_close(folder))
        for where, folders, files in os.walk(folder):
            if Path(where) == folder:
                folders[:] = [name for name in folders if name not in leave]
            closed += sum(_close(Path(where) / name) for name in (*folders, *files))
    except PermissionError as error:
        raise ConfigError(
            "folder_not_ours",
            f"{error.filename} belongs to another user, so it cannot be closed to others. "
            "Run as that user, or choose another folder with CALLYTICS_HOME.",
        ) from error
    return closed


def _close(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & OTHERS:
            return False
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:  # another process just removed it
        return False
    return True
