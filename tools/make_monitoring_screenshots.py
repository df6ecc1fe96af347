"""Pictures of docs/monitoring.md, from the servers of a graph that runs with `callytics up --observe`.

    .venv/bin/python tools/make_monitoring_screenshots.py       # chromium from Debian, headless

They are of what answers: Prometheus' own pages, Alertmanager's, the Ray dashboard. Grafana's are among them where
Grafana runs. Panels of the dashboards are also drawn here, from the answers of Prometheus to their queries.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deployments.operations import local  # noqa: E402

FOLDER = ROOT / "docs" / "monitoring"
WIDTH, HEIGHT = 1200, 720
MOST_BYTES = 150_000
SETTLED_S = 4.0
"""For a page to fetch and draw; none of them says when it has."""
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    f"--window-size={WIDTH},{HEIGHT}",
)


class Browser:
    """A page of chromium, by the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._id += 1
        await self._socket.send_json({"id": self._id, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=30)
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found

    async def picture(self, url: str, target: Path) -> None:
        await self.call("Page.navigate", url=url)
        await asyncio.sleep(SETTLED_S)
        answer = await self.call("Page.captureScreenshot", format="png")
        image = base64.b64decode(answer["data"])
        if len(image) > MOST_BYTES:
            raise RuntimeError(f"{target.name} has {len(image)} bytes, more than {MOST_BYTES}")
        target.write_bytes(image)
        print(f"{target.relative_to(ROOT)}: {len(image) // 1000} kB")


def pages(run: local.Run) -> dict[str, str]:
    """Name of the picture -> address."""
    prometheus, alertmanager = run.observers["Prometheus"], run.observers["Alertmanager"]
    graph = {
        "g0.expr": "sum by (stage) (rate(ray_callytics_stage_duration_seconds_sum[1m]))",
        "g0.tab": "0",
        "g0.stacked": "1",
        "g0.range_input": "10m",
    }
    found = {
        "prometheus-graph": f"{prometheus}/graph?{urlencode(graph)}",
        "prometheus-targets": f"{prometheus}/targets",
        "prometheus-alerts": f"{prometheus}/alerts?search=",
        "alertmanager": f"{alertmanager}/#/alerts",
        "ray-serve": f"{run.dashboard_url}/#/serve",
    }
    if grafana := run.observers.get("Grafana"):
        found |= {f"grafana-{name}": f"{grafana}/d/callytics-{name}?kiosk" for name in ("overview", "stages")}
    return found


async def take(run: local.Run, program: str) -> None:
    token = Path(run.token_path).read_text(encoding="utf-8").strip()
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = await debugging_port(Path(profile))
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    target = next(page for page in await answer.json() if page["type"] == "page")
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    browser = Browser(socket)
                    cookie = {"name": "ray-authentication-token", "value": token, "url": run.dashboard_url}
                    await browser.call("Network.setCookie", **cookie)
                    for name, url in pages(run).items():
                        await browser.picture(url, FOLDER / f"{name}.png")
        finally:
            process.terminate()
            process.wait(10)


async def debugging_port(profile: Path) -> int:
    path = profile / "DevToolsActivePort"
    for _ in range(100):
        if path.is_file() and (text := path.read_text().split()):
            return int(text[0])
        await asyncio.sleep(0.1)
    raise RuntimeError("chromium did not start")


def main() -> None:
    run = local.running(local.home_folder())
    program = shutil.which("chromium")
    if run is None or "Prometheus" not in run.observers:
        sys.exit("No graph runs with its servers: callytics up --observe")
    if program is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(take(run, program))


if __name__ == "__main__":
    main()
