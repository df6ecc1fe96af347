"""Files and folders that nobody but this user can open, whatever the umask says: calls are personal data."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from callytics.errors import ConfigError

FILE_MODE, FOLDER_MODE = 0o600, 0o700
OTHERS = 0o077
"""What group and others may do with a file."""


def opener(path: str, flags: int) -> int:
    """``open(path, "w", opener=opener)``: a file that is made, is made private."""
    return os.open(path, flags, FILE_MODE)


def make_folder(folder: Path) -> None:
    """With the parents that are missing, all of them private; what is there stays as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)  # another process may have been faster


def write_text(path: Path, text: str) -> None:
    """Whole or not at all, also over an older file that others can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with open(temporary, "x", encoding="utf-8", opener=opener) as file:
        file.write(text)
    temporary.replace(path)


def claim_folder(folder: Path) -> None:
    """Make a private folder where everybody may make one, as in /tmp, or take that of an earlier time.

    Raises:
        ConfigError: ``folder_not_ours``: somebody else made it, or it is a link to elsewhere.
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
    """Take the rights of group and others from a folder and from all that lies in it; links are not followed.

    Args:
        leave: names directly in ``folder`` that stay as they are: nobody gets to them through it.

    Returns:
        How many files and folders were open.

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
    except FileNotFoundError:  # a file of another process, just removed
        return False
    return True
