"""Two versions of a stage, compared on the calls that they worked on: numbers with intervals, and what to do.

versions.py        from the store: which runs count, and what was measured on them
outputs.py         how sure a version is, how far two outputs differ, how many errors one has
references.py      what is known to be true of a call
intervals.py       95 % confidence intervals
recommendation.py  migrate, keep, or not enough data, and the rule
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
