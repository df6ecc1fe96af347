"""Written claims on calls of evaluation/dialogues, true ones and lies, with the words that are quoted for them.

README.md     the format, and what may be done with the split `report`
asked.py      the second question to a real model, and its kept answers
scores.py     what the rules, the judge, the second question and the old rule make of each claim
train.py      learns the judge from claims of `fit` and `choose`, and compares it with the rules
page.py       the tables with 95 % intervals, and their section in docs/quality.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
KINDS = (
    "paraphrase",
    "negation",
    "actor",
    "number",
    "promise",
    "request",
    "partial",
    "general",
    "true_words",
)


def read_claims(split: str, language: str) -> list[dict[str, Any]]:
    """The claims on the calls of a split, in the format of README.md."""
    lines = (FOLDER / "claims.jsonl").read_text(encoding="utf-8").splitlines()
    claims = [json.loads(line) for line in lines]
    return [claim for claim in claims if (claim["split"], claim["language"]) == (split, language)]
