"""Starts the GCS of a head again when it dies: `python -m deployments.operations.gcs_keeper`, on the head.

The GCS is the process that knows the nodes, actors and Serve's state of a Ray cluster. `ray start --head` starts it and
returns; no process of Ray starts it again, and 60 s after its end (RAY_gcs_rpc_server_reconnect_timeout_s) the raylets
end themselves and all that runs on them. With its tables in Redis (RAY_REDIS_ADDRESS) a new one with the arguments of
the old goes on where that was, and the raylets, the replicas and the calls at work never notice more than a pause.
Without Redis a new GCS would know nothing: this program refuses to run. Kubernetes needs it not: KubeRay replaces the
head. tools/cluster_node.sh starts it; docs/adr/0026.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from callytics.errors import CallyticsError

logger = logging.getLogger("gcs_keeper")

LOOK_EVERY_S = 1.0
LONGEST_PAUSE_S = 10.0
"""Between two starts while the GCS does not stay up, as when Redis is away: well below the 60 s of the raylets."""

STAYED_UP_S = 30.0


class KeeperError(CallyticsError):
    """There is no GCS to keep here; the message says why."""


@dataclass(frozen=True)
class Gcs:
    """The GCS of a head: how it was started, and which of the head's processes are there."""

    session_dir: str
    node_id: str
    """Id of the head's node; one that is started anew has another."""
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]

    def is_alive(self) -> bool:
        return bool(_processes("gcs_server", f"--node-id={self.node_id}"))

    def has_raylet(self) -> bool:
        """`ray stop` ends the raylets first: a GCS without one was stopped, and did not die."""
        return bool(_processes("raylet", f"--node_id={self.node_id}"))

    def start(self) -> None:
        # In a session of its own, as Ray starts it: what ends this program does not end the GCS.
        subprocess.Popen(
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _processes(name: str, argument: str = "") -> list[psutil.Process]:
    """This user's processes of Ray of that name, those with this argument where one is given."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            command = process.cmdline()
            if not command or Path(command[0]).name != name:
                continue
            if argument and argument not in command:
                continue
            if process.uids().real == psutil.Process().uids().real:
                found.append(process)
    return found


def find(session_dir: str = "") -> Gcs:
    """The GCS that runs here.

    Args:
        session_dir: of which session of Ray; default: that of the only GCS of this user.

    Raises:
        KeeperError: ``gcs_missing``, ``several_gcs``; ``gcs_forgets``: it keeps its tables in memory.
    """
    running = _processes("gcs_server", f"--session-dir={session_dir}" if session_dir else "")
    if not running:
        raise KeeperError(
            "gcs_missing", "No GCS of this user runs here: start the head first (`ray start --head`)."
        )
    if len(running) > 1:
        raise KeeperError(
            "several_gcs", "Several GCS of this user run here: name one by the session folder of its Ray."
        )
    command = running[0].cmdline()
    if not any(argument.startswith("--redis_address=") for argument in command):
        raise KeeperError(
            "gcs_forgets",
            "This GCS keeps its tables in memory, and a new one would know nothing of the cluster. Start the head with "
            "RAY_REDIS_ADDRESS (docs/operations.md, Losing the head).",
        )
    named = dict(argument.partition("=")[::2] for argument in command)
    environment = tuple(running[0].environ().items())
    return Gcs(named["--session-dir"], named["--node-id"], tuple(command), environment)


def keep(
    gcs: Gcs,
    look_every_s: float = LOOK_EVERY_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Start the GCS again whenever it is gone while its head runs; returns how often, when the head was stopped."""
    starts, pause_s, started_at = 0, look_every_s, clock()
    while gcs.has_raylet():
        if gcs.is_alive():
            if clock() - started_at > STAYED_UP_S:
                pause_s = look_every_s
            sleep(look_every_s)
            continue
        logger.warning("the GCS is gone; starting it again")
        gcs.start()
        starts, started_at = starts + 1, clock()
        sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return starts


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s gcs_keeper %(message)s")
    try:
        gcs = find(*sys.argv[1:2])
    except KeeperError as error:
        sys.exit(error.message)
    logger.info("keeping the GCS of %s", gcs.session_dir)
    keep(gcs)
    logger.info("the head was stopped")


if __name__ == "__main__":
    main()
