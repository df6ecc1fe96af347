"""Comparison of two versions of a stage on the calls that they processed: figures with intervals, and advice.

versions.py        the runs from the store that count, and their measurements
outputs.py         confidence of a version, distance of two outputs, errors of an output
remote.py          the same over a store in another process
references.py      reference data of a call
intervals.py       95 % confidence intervals
recommendation.py  migrate, keep, or not enough data; and the rule
"""

from callytics.comparison.recommendation import Advice, Criterion, Verdict
from callytics.comparison.references import References, read_references
from callytics.comparison.versions import Comparison, Version, compare

__all__ = [
    "Advice",
    "Comparison",
    "Criterion",
    "References",
    "Verdict",
    "Version",
    "compare",
    "read_references",
]
