"""Write the Grafana dashboards of observability/grafana/dashboards from the descriptions in this file.

A panel is one line or a few: title, unit, description, queries with their legends. Everything else that Grafana wants
is the same for all panels, and stands once, below. Series and labels: docs/monitoring.md.

    .venv/bin/python tools/make_dashboards.py
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "observability" / "grafana" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS, GRAPH_HEIGHT, NUMBER_HEIGHT = 24, 8, 4

Query = tuple[str, str]
"""PromQL, and the legend: text with {{label}}."""


@dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    description: str
    queries: tuple[Query, ...]
    type: str = "timeseries"
    width: int = 12
    stacked: bool = False
    maximum: float | None = None
    red_from: float | None = None
    red_below: float | None = None

    @property
    def height(self) -> int:
        return NUMBER_HEIGHT if self.type == "stat" else GRAPH_HEIGHT


def graph(title: str, unit: str, description: str, *queries: Query, **more: Any) -> Panel:
    return Panel(title, unit, description, queries, **more)


def number(title: str, unit: str, description: str, query: str, legend: str = "", **more: Any) -> Panel:
    return Panel(title, unit, description, ((query, legend),), "stat", **{"width": 4, **more})


def bars(title: str, unit: str, description: str, *queries: Query, **more: Any) -> Panel:
    return Panel(title, unit, description, queries, "bargauge", **more)


def rate(series: str, by: str = "", where: str = "") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({series}{where}[$__rate_interval]))"


def increase(series: str, by: str = "", where: str = "") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (increase({series}{where}[$__range]))"


def ratio(part: str, whole: str) -> str:
    """0, not nothing, where there is no part yet."""
    return f"({part} or 0 * {whole}) / {whole}"


def share(series: str, by: str, where: str) -> str:
    """The share of each value of a label in all of ``where``."""
    return f"{rate(series, by, where)} / ignoring ({by}) group_left {rate(series, where=where)}"


def quantile(q: float, histogram: str, by: str = "", where: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, {rate(f'{histogram}_bucket', labels, where)})"


def mean(histogram: str, by: str = "") -> str:
    return f"{rate(f'{histogram}_sum', by)} / {rate(f'{histogram}_count', by)}"


def by_application(component_series: str) -> str:
    """A series of Ray's agent, whose label names the replica and what it does at the moment."""
    pattern = "ray::ServeReplica:([^:]+):.*"
    return (
        f'sum by (application) (label_replace({component_series}{{Component=~"{pattern}"}}, '
        f'"application", "$1", "Component", "{pattern}"))'
    )


CALLS, AUDIO = "ray_callytics_calls_total", "ray_callytics_audio_seconds_total"
CALL_TIME, WAITING = "ray_callytics_call_duration_seconds", "ray_callytics_call_waiting_seconds"
STAGE_TIME, SPEED = "ray_callytics_stage_duration_seconds", "ray_callytics_stage_real_time_factor"
ERRORS, RETRIES = "ray_callytics_stage_errors_total", "ray_callytics_stage_retries_total"
BATCH_PIECES, BATCH_FILL = "ray_callytics_batch_pieces", "ray_callytics_batch_fill_ratio"
CONFIDENCE, TURNS = "ray_callytics_recognition_confidence", "ray_callytics_turns_total"
TOKENS, COST = "ray_callytics_llm_tokens_total", "ray_callytics_llm_cost_usd_total"
SUCCEEDED = '{status=~"COMPLETED|PARTIAL"}'
NOT_WHOLE = '{status=~"FAILED|PARTIAL"}'
IN_REAL_TIME = "suffix: s/s"

OVERVIEW = (
    number("Calls ended", "short", "Calls that ended in this time range.", increase(CALLS)),
    number(
        "Speech analysed",
        "s",
        "Length of the calls that ended in this time range.",
        increase(AUDIO),
    ),
    number(
        "Failed or partial",
        "percentunit",
        "Share of the calls that ended FAILED, or PARTIAL because an optional stage gave up.",
        f"({increase(CALLS, where=NOT_WHOLE)} or vector(0)) / {increase(CALLS)}",
        red_from=0.05,
    ),
    number("Waiting", "short", "Calls in the queue.", 'max(ray_callytics_queue_calls{status="QUEUED"})'),
    number(
        "Oldest waits", "s", "Age of the oldest call in the queue.", "max(ray_callytics_queue_oldest_seconds)"
    ),
    number(
        "Alerts firing",
        "short",
        "Alerts of observability/alerts.yml that fire now.",
        'count(ALERTS{alertstate="firing"}) or vector(0)',
        red_from=1,
    ),
    graph(
        "Calls that end",
        "cpm",
        "Calls a minute, by how they ended.",
        (f"60 * {rate(CALLS, 'status')}", "{{status}}"),
        stacked=True,
    ),
    graph(
        "Speed against real time",
        IN_REAL_TIME,
        "Seconds of recorded speech analysed per second. Above 1 the graph keeps up with one call that never ends.",
        (rate(AUDIO, "tenant_class"), "{{tenant_class}}"),
        stacked=True,
    ),
    graph(
        "Queue",
        "short",
        "Calls in the queue and at work.",
        ("max by (status) (ray_callytics_queue_calls)", "{{status}}"),
    ),
    graph(
        "Age of the oldest queued call",
        "s",
        "0 while nothing waits.",
        ("max(ray_callytics_queue_oldest_seconds)", "oldest"),
    ),
    graph(
        "From upload to result",
        "s",
        "Calls that ended with a result: half took less than the median, one in twenty more than the 95 %.",
        (quantile(0.5, CALL_TIME, where=SUCCEEDED), "median"),
        (quantile(0.95, CALL_TIME, where=SUCCEEDED), "95 %"),
    ),
    graph(
        "Wait for a worker, 95 %",
        "s",
        "From upload to the first worker that takes the call.",
        (quantile(0.95, WAITING, "priority"), "{{priority}}"),
    ),
    graph(
        "Errors of stages",
        "cpm",
        "Attempts a minute that failed, by stage and code. A retry may still have saved the call.",
        (f"60 * {rate(ERRORS, 'stage, code')}", "{{stage}} {{code}}"),
    ),
    graph(
        "Requests",
        "reqps",
        "HTTP requests a second that Serve's proxy answered, by status.",
        (rate("ray_serve_num_http_requests_total", "status_code"), "{{status_code}}"),
        stacked=True,
    ),
    graph(
        "Webhooks that wait",
        "short",
        "Deliveries that are due or will be tried again.",
        ("max(ray_callytics_webhooks_pending)", "pending"),
    ),
    graph(
        "Disk that is free",
        "percentunit",
        "Share of the disk, for the folders of recordings and of the database.",
        ("min by (folder) (ray_callytics_disk_free_ratio)", "{{folder}}"),
        maximum=1,
    ),
)

STAGES = (
    bars(
        "Healthy",
        "short",
        "1: every replica of the stage is healthy. 0: not.",
        ("min by (stage) (ray_callytics_stage_healthy)", "{{stage}}"),
        maximum=1,
        red_below=1,
    ),
    bars(
        "Replicas",
        "short",
        "Replicas that run.",
        ("max by (stage) (ray_callytics_stage_replicas)", "{{stage}}"),
    ),
    graph(
        "Runs",
        "cpm",
        "Attempts a minute, by stage and how they ended.",
        (f"60 * {rate(f'{STAGE_TIME}_count', 'stage, status')}", "{{stage}} {{status}}"),
    ),
    graph(
        "Time of a run, 95 %",
        "s",
        "Its wait for other calls in the replica included.",
        (quantile(0.95, STAGE_TIME, "stage"), "{{stage}}"),
    ),
    graph(
        "Seconds of work per second of audio, median",
        "short",
        "Real-time factor. A stage above 1 is slower than the call is long.",
        (quantile(0.5, SPEED, "stage"), "{{stage}}"),
    ),
    graph(
        "Which stage takes the time",
        "short",
        "Runs at work at once, on average: where it is highest, the calls spend their time.",
        (rate(f"{STAGE_TIME}_sum", "stage"), "{{stage}}"),
        stacked=True,
    ),
    graph(
        "Retries",
        "cpm",
        "Attempts a minute after a first one that failed.",
        (f"60 * {rate(RETRIES, 'stage')}", "{{stage}}"),
    ),
    graph(
        "Errors",
        "cpm",
        "Attempts a minute that failed, by stage and code.",
        (f"60 * {rate(ERRORS, 'stage, code')}", "{{stage}} {{code}}"),
    ),
    graph(
        "Requests that wait for a replica",
        "short",
        "Ray Serve: requests that its handles hold because every replica is at its limit.",
        ("sum by (application) (ray_serve_deployment_queued_queries)", "{{application}}"),
    ),
    graph(
        "Memory",
        "bytes",
        "Memory of all processes of an application, shared pages counted once per process.",
        (by_application("ray_component_rss_bytes"), "{{application}}"),
    ),
)

NEGATIVE = '{role="CUSTOMER",sentiment="NEGATIVE"}'
OF_CUSTOMERS, OF_AGENTS = '{role="CUSTOMER"}', '{role="AGENT"}'
NEGATIVE_OF_ALL = '{sentiment="NEGATIVE"}'
FAILED = '{status="FAILED"}'

BUSINESS = (
    number("Calls", "short", "Calls that ended in this time range.", increase(CALLS), width=6),
    number(
        "Mean length",
        "s",
        "Mean length of the calls that ended in this time range.",
        f"{increase(AUDIO)} / {increase(CALLS)}",
        width=6,
    ),
    number(
        "Negative turns of customers",
        "percentunit",
        "Share of the customers' turns in this time range that were negative.",
        f"({increase(TURNS, where=NEGATIVE)} or vector(0)) / {increase(TURNS, where=OF_CUSTOMERS)}",
        width=6,
    ),
    number(
        "Confidence of recognition",
        "percentunit",
        "Mean confidence of the words of a call, averaged over the calls; from buckets, so to about 0.02.",
        f"{increase(f'{CONFIDENCE}_sum')} / {increase(f'{CONFIDENCE}_count')}",
        width=6,
    ),
    graph(
        "Calls by language",
        "cpm",
        "Calls a minute that ended, by the language that was spoken.",
        (f"60 * {rate(CALLS, 'language')}", "{{language}}"),
        stacked=True,
    ),
    graph(
        "Speech by class of tenant",
        "s",
        "Seconds of speech analysed a second. The operator's own calls, and those of all other tenants.",
        (rate(AUDIO, "tenant_class"), "{{tenant_class}}"),
        stacked=True,
    ),
    graph(
        "Sentiment of customers",
        "percentunit",
        "Share of the customers' turns.",
        (
            share(TURNS, "sentiment", OF_CUSTOMERS),
            "{{sentiment}}",
        ),
        stacked=True,
        maximum=1,
    ),
    graph(
        "Sentiment of agents",
        "percentunit",
        "Share of the agents' turns.",
        (
            share(TURNS, "sentiment", OF_AGENTS),
            "{{sentiment}}",
        ),
        stacked=True,
        maximum=1,
    ),
    bars(
        "Topics",
        "short",
        "The ten most frequent topics of the calls in this time range, from the analyser's closed list.",
        (f"topk(10, {increase('ray_callytics_topics_total', 'topic')})", "{{topic}}"),
    ),
    bars(
        "Redactions",
        "short",
        "Personal data that was masked in this time range, by its kind.",
        (increase("ray_callytics_redactions_total", "type"), "{{type}}"),
    ),
    graph(
        "Confidence by language",
        "percentunit",
        "Mean confidence of the words of a call. A fall without a deploy is drift: other lines, other speech.",
        (mean(CONFIDENCE, "language"), "{{language}}"),
        maximum=1,
    ),
    graph(
        "Cost of the language model",
        "currencyUSD",
        "US dollars an hour, at the prices in the configuration. Without a language model there is none.",
        (f"3600 * {rate(COST, 'version')}", "{{version}}"),
    ),
)

VERSIONS = (
    graph(
        "Runs",
        "cpm",
        "Attempts a minute: how the calls are shared among the versions.",
        (f"60 * {rate(f'{STAGE_TIME}_count', 'version')}", "{{version}}"),
    ),
    graph(
        "Attempts that fail",
        "percentunit",
        "Share of the attempts.",
        (
            ratio(rate(f"{STAGE_TIME}_count", "version", FAILED), rate(f"{STAGE_TIME}_count", "version")),
            "{{version}}",
        ),
    ),
    graph(
        "Time of a run, median",
        "s",
        "Its wait for other calls in the replica included.",
        (quantile(0.5, STAGE_TIME, "version"), "{{version}}"),
    ),
    graph(
        "Time of a run, 95 %",
        "s",
        "Its wait for other calls in the replica included.",
        (quantile(0.95, STAGE_TIME, "version"), "{{version}}"),
    ),
    graph(
        "Seconds of work per second of audio",
        "short",
        "Median real-time factor.",
        (quantile(0.5, SPEED, "version"), "{{version}}"),
    ),
    graph(
        "Retries",
        "cpm",
        "Attempts a minute after a first one that failed.",
        (f"60 * {rate(RETRIES, 'version')}", "{{version}}"),
    ),
    graph(
        "Confidence of recognition",
        "percentunit",
        "Mean confidence of the words of a call.",
        (mean(CONFIDENCE, "version"), "{{version}}"),
        maximum=1,
    ),
    graph(
        "Negative turns",
        "percentunit",
        "Share of the turns that a version of the sentiment stage calls negative.",
        (
            ratio(rate(TURNS, "version", NEGATIVE_OF_ALL), rate(TURNS, "version")),
            "{{version}}",
        ),
    ),
    graph(
        "Tokens of the language model",
        "short",
        "Tokens a second that went in and came out. Without a language model there are none.",
        (rate(TOKENS, "version, direction"), "{{version}} {{direction}}"),
    ),
    graph(
        "Cost of the language model",
        "currencyUSD",
        "US dollars an hour. Without a language model there is none.",
        (f"3600 * {rate(COST, 'version')}", "{{version}}"),
    ),
)

OF_GPU = "{{instance}} GPU {{GpuIndex}}"

GPU = (
    graph(
        "Load",
        "percent",
        "How busy each GPU is, as its driver says.",
        ("ray_node_gpus_utilization", OF_GPU),
        maximum=100,
    ),
    graph(
        "Memory in use",
        "bytes",
        "Memory of each GPU that all programs on it hold.",
        ("ray_node_gram_used * 1024 * 1024", OF_GPU),
    ),
    graph(
        "Share that Ray has given away",
        "percentunit",
        "num_gpus of the replicas that run, against the GPUs that Ray has. At 1 the next replica waits.",
        (
            'sum(ray_resources{Name="GPU",State="USED"}) / sum(ray_resources{Name="GPU"})',
            "given away",
        ),
        maximum=1,
    ),
    graph(
        "Memory that is free",
        "bytes",
        "Memory of each GPU that no program holds.",
        ("ray_node_gram_available * 1024 * 1024", OF_GPU),
    ),
    graph(
        "Load by application",
        "percent",
        "Which replicas keep the GPU busy, where its driver tells processes apart.",
        (by_application("ray_component_gpu_percentage"), "{{application}}"),
        stacked=True,
    ),
    graph(
        "Memory by application",
        "bytes",
        "Which replicas hold the memory.",
        (f"{by_application('ray_component_gpu_memory_mb')} * 1024 * 1024", "{{application}}"),
        stacked=True,
    ),
    graph(
        "Power",
        "watt",
        "Power that each GPU draws.",
        ("ray_node_gpu_power_milliwatts / 1000", OF_GPU),
    ),
    graph(
        "Calls that wait",
        "short",
        "Beside the load: a GPU that idles while calls wait is an alert.",
        ('max(ray_callytics_queue_calls{status="QUEUED"})', "queued"),
    ),
    graph(
        "Pieces per batch",
        "short",
        "Windows, turns or sentences that an engine computes at once, on average. The more, the less of the GPU idles.",
        (mean(BATCH_PIECES, "version, pieces"), "{{version}} {{pieces}}"),
    ),
    graph(
        "How full the batches are",
        "percentunit",
        "Pieces per batch against batch_size. Near 1 while calls wait: a larger batch_size may be worth its memory.",
        (mean(BATCH_FILL, "version, pieces"), "{{version}} {{pieces}}"),
        maximum=1,
    ),
)

DASHBOARDS = {
    "overview": ("Callytics: overview", "Calls, queue, speed against real time, errors.", OVERVIEW),
    "stages": ("Callytics: stages", "Health, time, retries and errors of every stage.", STAGES),
    "business": ("Callytics: business", "Volume, languages, sentiment, topics.", BUSINESS),
    "versions": ("Callytics: versions of a stage", "A/B tests: every figure by application.", VERSIONS),
    "gpu": ("Callytics: sharing of GPUs", "Which stages share a GPU, and how busy it is.", GPU),
}


# ---------------------------------------------------------------- what Grafana wants


def dashboard(name: str) -> dict[str, Any]:
    title, description, panels = DASHBOARDS[name]
    return {
        "uid": f"callytics-{name}",
        "title": title,
        "description": description,
        "tags": ["callytics"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_data_source_variable()]},
        "annotations": {"list": []},
        "links": [
            _link("Callytics", type="dashboards", tags=["callytics"], asDropdown=True),
            _link("Ray", url="/d/rayDefaultDashboard"),
            _link("Ray Serve", url="/d/rayServeDashboard"),
        ],
        "panels": _placed(panels),
    }


def _data_source_variable() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "callytics-prometheus", "selected": True},
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }


def _link(title: str, **where: Any) -> dict[str, Any]:
    return {
        "title": title,
        "type": "link",
        "tags": [],
        "url": "",
        "asDropdown": False,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        **where,
    }


def _placed(panels: tuple[Panel, ...]) -> list[dict[str, Any]]:
    """From left to right, in rows as wide as the page."""
    placed = []
    x = y = 0
    for index, panel in enumerate(panels, start=1):
        placed.append(_panel(panel, index, x, y))
        x += panel.width
        if x + panel.width > COLUMNS or (index < len(panels) and x + panels[index].width > COLUMNS):
            x, y = 0, y + panel.height
    return placed


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    instant = panel.type != "timeseries"
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": OPTIONS[panel.type],
        "targets": [
            {
                "refId": "ABCDEFGH"[index],
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
            }
            for index, (expression, legend) in enumerate(panel.queries)
        ],
    }


def _field(panel: Panel) -> dict[str, Any]:
    field: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.maximum is not None:
        field["max"] = panel.maximum
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    if panel.type != "timeseries":
        return field | {"thresholds": {"mode": "absolute", "steps": steps}}
    return field | {
        "custom": {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 0,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    }


REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}

OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": REDUCED,
        "orientation": "auto",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "textMode": "value",
        "wideLayout": True,
    },
    "bargauge": {
        "reduceOptions": REDUCED,
        "orientation": "horizontal",
        "displayMode": "basic",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    },
}


def text(name: str) -> str:
    return json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
