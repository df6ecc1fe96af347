"""Write the Grafana dashboards of observability/grafana/dashboards from their descriptions in tools/dashboards/.

.venv/bin/python tools/make_dashboards.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.dashboards.business import BUSINESS  # noqa: E402
from tools.dashboards.gpu import GPU  # noqa: E402
from tools.dashboards.grafana import dashboard  # noqa: E402
from tools.dashboards.overview import OVERVIEW  # noqa: E402
from tools.dashboards.stages import STAGES  # noqa: E402
from tools.dashboards.versions import VERSIONS  # noqa: E402

FOLDER = ROOT / "observability" / "grafana" / "dashboards"

DASHBOARDS = {
    "overview": ("Callytics: overview", "Calls, queue, speed against real time, errors.", OVERVIEW),
    "stages": ("Callytics: stages", "Health, time, retries and errors of every stage.", STAGES),
    "business": ("Callytics: business", "Volume, languages, sentiment, topics.", BUSINESS),
    "versions": ("Callytics: versions of a stage", "A/B tests: every figure by application.", VERSIONS),
    "gpu": ("Callytics: sharing of GPUs", "Which stages share a GPU, and how busy it is.", GPU),
}


def text(name: str) -> str:
    return json.dumps(dashboard(name, *DASHBOARDS[name]), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
