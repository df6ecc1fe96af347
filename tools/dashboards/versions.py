"""A/B tests: every figure by application."""

from __future__ import annotations

from tools.dashboards.panels import graph
from tools.dashboards.queries import (
    CONFIDENCE,
    COST,
    FAILED,
    NEGATIVE_OF_ALL,
    RETRIES,
    SPEED,
    STAGE_TIME,
    TOKENS,
    TURNS,
    mean,
    quantile,
    rate,
    ratio,
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
