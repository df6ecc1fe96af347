"""Recognition on one NVIDIA card: `python -m benchmarks.gpu` (benchmarks/gpu/__main__.py).

Imports nothing but the standard library, numpy and what an engine needs: it must run on a bare machine with torch and
a card, without a network and without the packages of this project.
"""
