"""PromQL that the panels share. Series and labels: docs/monitoring.md."""

from __future__ import annotations


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


NEGATIVE = '{role="CUSTOMER",sentiment="NEGATIVE"}'
OF_CUSTOMERS, OF_AGENTS = '{role="CUSTOMER"}', '{role="AGENT"}'
NEGATIVE_OF_ALL = '{sentiment="NEGATIVE"}'
FAILED = '{status="FAILED"}'


OF_GPU = "{{instance}} GPU {{GpuIndex}}"
