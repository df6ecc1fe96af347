"""The tests' own Redis: Debian's redis-server on a free loopback port, with a password, appending every write."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path


class RedisServer:
    """``password`` is random; data and log lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.program = shutil.which("redis-server") or ""
        self.folder = folder
        self.password = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = f"bind 127.0.0.1\nport {self.port}\ndir {self.folder}\nappendonly yes\n"
        settings += f"appendfsync everysec\nrequirepass {self.password}\n"
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, "-"], stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        assert self._process.stdin
        self._process.stdin.write(settings.encode())  # not in a file, nor among the arguments
        self._process.stdin.close()
        deadline = time.monotonic() + 30
        while self.ask("PING") != "+PONG":
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def ask(self, command: str) -> str:
        """The first line of what it answers to a command; "" where it does not answer."""
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=30)) as connection:
                file = connection.makefile("rwb")
                for line in (f"AUTH {self.password}", command):
                    file.write(line.encode() + b"\r\n")
                    file.flush()
                    answer = file.readline().decode().strip()
                return answer
        except OSError:
            return ""

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None
