"""The pinned environment of an application, made sure of when Serve builds it, before any replica is touched.

Ray does not report a replica whose ``py_executable`` cannot start: the application stays in DEPLOYING, and the reason
stands in raylet.err. What a builder raises is the application's message in `serve status`, within seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from callytics.errors import ConfigError

VERSION = "CALLYTICS_VERSION"
"""An environment variable of every application: what `callytics lock` wrote (operations/preparation.py)."""

LAUNCHER = "callytics-python"


def prepare_environment() -> None:
    """For builders. Builds what this machine lacks; the replicas of the old version serve meanwhile.

    Raises:
        ConfigError: ``launcher_missing``, ``environment_missing``; the message says what to do.
    """
    environments = [word for word in os.environ.get(VERSION, "").split() if "@" in word]
    if not environments:
        return  # not locked, or without an environment of its own
    launcher = shutil.which(LAUNCHER)
    if launcher is None:
        raise ConfigError(
            "launcher_missing",
            f"{LAUNCHER} is not on the PATH of Ray's processes. End Ray, activate the environment of the project "
            f"(. {Path(sys.prefix) / 'bin' / 'activate'}), and start Ray again.",
        )
    done = subprocess.run([launcher, "--prepare", *environments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip() or f"{launcher} ended with exit code {done.returncode}"
        raise ConfigError("environment_missing", reason)
