"""Pictures of docs/monitoring.md: pages of Prometheus and the Ray dashboard, by Debian's chromium.

    .venv/bin/python tools/make_monitoring_screenshots.py            # of the graph of `callytics up --observe`
    .venv/bin/python tools/make_monitoring_screenshots.py --demo     # of one with engines that need no models

`--demo` sends calls through that graph, breaks a stage and waits for the alert, three minutes in all. Grafana's own
pages are taken where Grafana runs; Debian's Alertmanager has none. Panels of the dashboards are also drawn here, as
panels.svg, from what Prometheus answers to their queries.
"""

from __future__ import annotations

import asyncio
import base64
import io
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import aiohttp
import httpx
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deployments.operations import local, runs  # noqa: E402
from tools import make_dashboards  # noqa: E402
from tools.dashboards.panels import Panel  # noqa: E402

FOLDER = ROOT / "docs" / "monitoring"
WIDTH, HEIGHT = 1200, 720
COLUMNS = 130
"""The width of the terminal, characters."""
MOST_BYTES = 150_000
SETTLED_S = 4.0
"""For a page to fetch and draw; none of them says when it has."""
WITHOUT_FOLDERS = r"""
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  texts.currentNode.data = texts.currentNode.data.replace(/\/\S+\/(?=\w+\.yml)/, "observability/");
}
"""
"""Prometheus names the files of its rules by their whole path, which is of the machine that drew the picture."""
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
        await self.call("Runtime.evaluate", expression=WITHOUT_FOLDERS)
        answer = await self.call("Page.captureScreenshot", format="png")
        image = base64.b64decode(answer["data"])
        if len(image) > MOST_BYTES:
            raise RuntimeError(f"{target.name} has {len(image)} bytes, more than {MOST_BYTES}")
        target.write_bytes(image)
        print(f"{target.relative_to(ROOT)}: {len(image) // 1000} kB")


def pages(run: runs.Run) -> dict[str, str]:
    """Name of the picture -> address."""
    prometheus = run.observers["Prometheus"]
    if httpx.get(f"{prometheus}/alerts").status_code == 404:
        prometheus += "/classic"  # Debian's package has the older pages
    graph = {
        "g0.expr": "sum by (stage) (rate(ray_callytics_stage_duration_seconds_sum[30s]))",
        "g0.tab": "0",
        "g0.stacked": "1",
        "g0.range_input": "2m",
    }
    found = {
        "prometheus-graph": f"{prometheus}/graph?{urlencode(graph)}",
        "prometheus-targets": f"{prometheus}/targets",
        "prometheus-alerts": f"{prometheus}/alerts",
        "ray-serve": f"{run.dashboard_url}/#/serve",
    }
    if grafana := run.observers.get("Grafana"):
        found |= {f"grafana-{name}": f"{grafana}/d/callytics-{name}?kiosk" for name in ("overview", "stages")}
    return found


async def take(run: runs.Run, program: str) -> None:
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
                    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
                    await browser.call("Emulation.setDeviceMetricsOverride", **size)
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


# ---------------------------------------------------------------- panels, drawn from the answers to their queries

DRAWN = (
    ("overview", "Calls that end"),
    ("overview", "Speed against real time"),
    ("overview", "From upload to result"),
    ("stages", "Time of a run, 95 %"),
    ("stages", "Which stage takes the time"),
    ("overview", "Errors of stages"),
)
RANGE_S, STEP_S, WINDOW_S = 120, 2, 30
PANEL_WIDTH, PANEL_HEIGHT, PLOT_HEIGHT, MOST_SERIES = 480, 250, 130, 8
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")


def draw_panels(prometheus: str, target: Path) -> None:
    end = time.time()
    parts = []
    for index, (board, title) in enumerate(DRAWN):
        panel = next(one for one in make_dashboards.DASHBOARDS[board][2] if one.title == title)
        series = [
            found for query, legend in panel.queries for found in answers(prometheus, query, legend, end)
        ]
        x, y = index % 2 * (PANEL_WIDTH + 20), index // 2 * (PANEL_HEIGHT + 10)
        parts.append(f'<g transform="translate({x},{y})">{drawn(panel, series[:MOST_SERIES], end)}</g>')
    width, height = 2 * PANEL_WIDTH + 20, (len(DRAWN) + 1) // 2 * (PANEL_HEIGHT + 10) + 20
    note = "Drawn by tools/make_monitoring_screenshots.py from the answers of Prometheus; not by Grafana."
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}'
        f'<text x="8" y="{height - 8}" fill="#666">{note}</text></svg>\n',
        encoding="utf-8",
    )
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")


Points = list[tuple[float, float]]


def answers(prometheus: str, query: str, legend: str, end: float) -> list[tuple[str, Points]]:
    """Legend and points (seconds since the epoch, value) of each series."""
    expression = query.replace("$__rate_interval", f"{WINDOW_S}s").replace("$__range", f"{RANGE_S}s")
    parameters = {"query": expression, "start": end - RANGE_S, "end": end, "step": STEP_S}
    answer = httpx.get(f"{prometheus}/api/v1/query_range", params=parameters, timeout=30).raise_for_status()
    found = []
    for series in answer.json()["data"]["result"]:
        name = legend
        for label, value in series["metric"].items():
            name = name.replace("{{" + label + "}}", value)
        points = [(float(at), float(value)) for at, value in series["values"]]
        found.append((name, [(at, value) for at, value in points if not math.isnan(value)]))
    return found


def drawn(panel: Panel, series: list[tuple[str, Points]], end: float) -> str:
    most = max((value for _, points in series for _, value in points), default=0.0) or 1.0
    unit = panel.unit.removeprefix("suffix: ").removeprefix("short")
    parts = [
        f'<text x="8" y="18" font-size="14" font-weight="bold">{escape(panel.title)}</text>',
        f'<text x="8" y="34" fill="#666">{most:.3g} {escape(unit)}</text>',
        f'<path d="M8 40H{PANEL_WIDTH - 8}M8 {40 + PLOT_HEIGHT}H{PANEL_WIDTH - 8}" stroke="#ccc"/>',
    ]
    for index, (name, points) in enumerate(series):
        colour = COLOURS[index]
        line = " ".join(
            f"{8 + (at - end + RANGE_S) / RANGE_S * (PANEL_WIDTH - 16):.1f},"
            f"{40 + PLOT_HEIGHT * (1 - value / most):.1f}"
            for at, value in points
        )
        x, y = 8 + index % 3 * 156, 40 + PLOT_HEIGHT + 18 + index // 3 * 15
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(
            f'<text x="{x}" y="{y}" fill="{colour}">{escape(name[: 26 if len(series) > 2 else 60])}</text>'
        )
    return "".join(parts)


# ---------------------------------------------------------------- what the terminal shows

FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Rich names a font on another host; each viewer's own monospaced one does."""


def draw_terminal(command: str, target: Path) -> None:
    """What a command prints, as a terminal shows it."""
    done = subprocess.run(
        [Path(sys.executable).parent / "callytics", *command.split()[1:]],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": str(COLUMNS)},
    )
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True, legacy_windows=False, _environ={}
    )
    console.print(done.stdout, end="", highlight=False, markup=False)
    svg = FONT_FACE.sub("", console.export_svg(title=command, unique_id="terminal"))
    target.write_text(svg.replace("font-family: Fira Code, monospace", "font-family: monospace") + "\n")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")


# ---------------------------------------------------------------- which graph


@contextmanager
def demonstration() -> Iterator[runs.Run]:
    """A graph on which an alert fires."""
    from tests.support.observed_graph import observed_graph, wait_for

    with tempfile.TemporaryDirectory() as folder, observed_graph(Path(folder)) as graph:
        time.sleep(RANGE_S / 2)
        graph.break_stage()
        wait_for("the alert fires", lambda: graph.alerts_sent("CallyticsStageDown", "firing"), 90)
        yield graph.run


@contextmanager
def own_graph() -> Iterator[runs.Run]:
    run = runs.running(local.home_folder())
    if run is None or "Prometheus" not in run.observers:
        sys.exit("No graph runs with its servers: callytics up --observe")
    yield run


def main() -> None:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with demonstration() if "--demo" in sys.argv else own_graph() as run:
        asyncio.run(take(run, program))
        draw_terminal("callytics alerts", FOLDER / "alerts.svg")
        draw_panels(run.observers["Prometheus"], FOLDER / "panels.svg")


if __name__ == "__main__":
    main()
