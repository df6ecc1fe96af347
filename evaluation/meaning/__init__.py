"""Figures of what a call was about: the text stages on the written calls of evaluation/dialogues.

reading.py    runs the stages on one call; the outputs as plain values
baseline.py   the same values from trivial rules
scores.py     counts per call, and what went wrong
rows.py       the rows of the table, and the figure of summed counts
tone.py       mood and rudeness of turns by a language model, beside the embedded values
page.py       the table with 95 % intervals, and its section in docs/quality.md
"""
