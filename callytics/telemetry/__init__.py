"""What the graph counts, told in plain data: which series there are, and which samples follow from what happened.

    series.py    every series: name, type, meaning, labels with the values that they may have
    labels.py    the closed lists of those values
    samples.py   a call ended, a stage failed, a webhook was sent: the samples of it

Nothing here knows who exports the numbers; on Ray that is deployments/replica/metrics.py.
"""

from callytics.telemetry.samples import Record, Sample, ignore
from callytics.telemetry.series import SERIES, Kind, Series

__all__ = ["SERIES", "Kind", "Record", "Sample", "Series", "ignore"]
