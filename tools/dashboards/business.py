"""Volume, languages, sentiment, topics."""

from __future__ import annotations

from tools.dashboards.panels import bars, graph, number
from tools.dashboards.queries import (
    AUDIO,
    CALLS,
    CONFIDENCE,
    COST,
    NEGATIVE,
    OF_AGENTS,
    OF_CUSTOMERS,
    TURNS,
    increase,
    mean,
    rate,
    share,
)

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
