"""What the graph tells about itself: metrics, traces, and which call a log line belongs to.

    series.py        every series: name, type, meaning, labels with the values that they may have
    labels.py        the closed lists of those values
    samples.py       a stage failed, a webhook was sent: the samples of it
    store_samples.py what the call store reports: a call ended, calls wait
    tracing.py       spans of OpenTelemetry; nothing is imported where traces are off
    call_context.py  the call that the current code works on

Nothing here knows who exports the numbers; on Ray that is deployments/replica/metrics.py.
"""

from callytics.telemetry.samples import Record, Sample, ignore
from callytics.telemetry.series import SERIES, Kind, Series

__all__ = ["SERIES", "Kind", "Record", "Sample", "Series", "ignore"]
