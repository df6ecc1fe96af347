"""Who listens where, from /proc: sockets in state LISTEN, and the processes that hold them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

LISTEN = "0A"
PROGRAMS = ("gcs_server", "raylet/raylet", "ray.util.client.server", "dashboard/dashboard.py")
_TITLE = re.compile(r"ray::\w+|ray-dashboard")


@dataclass(frozen=True)
class Listener:
    """``process``: see `name_of`."""

    pid: int
    process: str
    address: IPv4Address | IPv6Address
    port: int

    @property
    def is_loopback(self) -> bool:
        mapped = self.address.ipv4_mapped if isinstance(self.address, IPv6Address) else None
        return (mapped or self.address).is_loopback


def listeners(pids: Iterable[int]) -> list[Listener]:
    """Every TCP socket on which one of these processes waits for connections, IPv4 and IPv6."""
    places = _listening_sockets()
    found = []
    for pid in pids:
        for inode in _socket_inodes(pid) & places.keys():
            address, port = places[inode]
            found.append(Listener(pid, name_of(pid), address, port))
    return found


def _listening_sockets() -> dict[str, tuple[IPv4Address | IPv6Address, int]]:
    """Address and port of every listening socket of the machine, by inode."""
    found: dict[str, tuple[IPv4Address | IPv6Address, int]] = {}
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        if not path.exists():  # a kernel without IPv6
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN:
                address, _, port = fields[1].partition(":")
                found[fields[9]] = (_address(address), int(port, 16))
    return found


def _address(text: str) -> IPv4Address | IPv6Address:
    """The kernel writes 32-bit words in the byte order of the machine."""
    words = [int(text[i : i + 8], 16).to_bytes(4, "little") for i in range(0, len(text), 8)]
    packed = b"".join(words)
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):  # it just ended
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):
                target = os.readlink(f"/proc/{pid}/fd/{name}")
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found


def name_of(pid: int) -> str:
    """As docs/security.md calls it: the program of Ray, or what a worker of Ray calls itself, without details."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except FileNotFoundError:
        return ""
    if match := _TITLE.match(words):
        return match[0]
    return next((program for program in PROGRAMS if program in words), words)
