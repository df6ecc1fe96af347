"""observability/rsyslog.conf: rsyslogd accepts it, and with it lines of a replica arrive as JSON documents."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

CONFIGURATION = Path(__file__).parents[1] / "observability" / "rsyslog.conf"
RSYSLOGD = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MODULE = next(Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so"), None)

pytestmark = pytest.mark.skipif(
    RSYSLOGD is None or MODULE is None,
    reason="needs rsyslogd and omelasticsearch (Debian: rsyslog-elasticsearch)",
)


class OpenSearch(http.server.BaseHTTPRequestHandler):
    """As far as bulk requests go."""

    bulks: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.bulks.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(b'{"errors": false, "items": []}')

    def do_GET(self) -> None:
        self._answer(b'{"status": "green"}')

    do_HEAD = do_GET

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def url() -> Iterator[str]:
    OpenSearch.bulks = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OpenSearch) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def environment(folder: Path, url: str) -> dict[str, str]:
    return {**os.environ, "SPOOL": str(folder), "CALLYTICS_LOGS": f"{folder}/*.log", "OPENSEARCH_URL": url}


def check(configuration: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(RSYSLOGD), "-N1", "-f", str(configuration)]
    variables = environment(folder, "http://127.0.0.1:9200")
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30, check=False)


def test_the_checker_accepts_the_configuration_and_would_refuse_a_wrong_one(tmp_path: Path) -> None:
    done = check(CONFIGURATION, tmp_path)
    assert (done.returncode, "error" in done.stderr.lower()) == (0, False), done.stderr
    wrong = tmp_path / "wrong.conf"
    wrong.write_text(CONFIGURATION.read_text().replace("searchIndex=", "indexOfSearch="))
    assert check(wrong, tmp_path).returncode != 0


def test_lines_arrive_as_documents_with_their_fields(tmp_path: Path, url: str) -> None:
    line = {"levelname": "INFO", "message": "done in 1.2 s", "call_id": "c1", "stage": "speech-recognizer"}
    (tmp_path / "replica.log").write_text(json.dumps(line) + "\nno JSON at all\n")
    command = [str(RSYSLOGD), "-n", "-f", str(CONFIGURATION), "-i", str(tmp_path / "pid")]
    shipper = subprocess.Popen(command, env=environment(tmp_path, url), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while len(documents := shipped()) < 2:
            assert time.monotonic() < deadline, OpenSearch.bulks
            time.sleep(0.1)
    finally:
        shipper.terminate()
        shipper.wait(60)
    assert any(line.items() <= document.items() for document in documents)
    assert any("no JSON at all" in document["message"] for document in documents)


def shipped() -> list[dict[str, str]]:
    found = [json.loads(row) for bulk in list(OpenSearch.bulks) for row in bulk.splitlines() if row]
    return [each for each in found if "index" not in each and "create" not in each]
