"""Field situations: what people who transcribe calls reported in public, rebuilt, tried and judged by a written check.

    callytics eval DATA --only field [--url http://127.0.0.1:8000]

``judges`` are the checks: pure functions on answers, which tests/evaluation/field gives planted wrong answers.
``recordings`` and ``interface`` are the situations, ``service`` what they are tried on, ``page`` the section of
docs/quality.md. No threshold of the product was chosen on these recordings.
"""
