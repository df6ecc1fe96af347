"""Health, time, retries and errors of every stage."""

from __future__ import annotations

from tools.dashboards.panels import bars, graph
from tools.dashboards.queries import ERRORS, RETRIES, SPEED, STAGE_TIME, by_application, quantile, rate

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
