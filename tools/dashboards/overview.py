"""Calls, queue, speed against real time, errors."""

from __future__ import annotations

from tools.dashboards.panels import graph, number
from tools.dashboards.queries import (
    AUDIO,
    CALL_TIME,
    CALLS,
    ERRORS,
    IN_REAL_TIME,
    NOT_WHOLE,
    SUCCEEDED,
    WAITING,
    increase,
    quantile,
    rate,
)

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
