"""observability/prometheus.yml, by Prometheus' own checker."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from ray._private.ray_constants import PROMETHEUS_SERVICE_DISCOVERY_FILE

FOLDER = Path(__file__).resolve().parents[3] / "observability"
CONFIG = FOLDER / "prometheus.yml"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")


def check(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROMTOOL), "check", "config", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_promtool
@pytest.mark.parametrize(
    "options",
    [
        ["--syntax-only"],
        pytest.param(
            [],
            marks=pytest.mark.skipif(not (FOLDER / "alerts.yml").is_file(), reason="there are no rules yet"),
        ),
    ],
)
def test_checker_accepts_it(options: list[str]) -> None:
    done = check(CONFIG, *options)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_checker_rejects_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "prometheus.yml"
    wrong.write_text(CONFIG.read_text(encoding="utf-8").replace("file_sd_configs", "file_configs"))
    assert check(wrong, "--syntax-only").returncode != 0


def test_one_job_follows_the_discovery_file_of_ray() -> None:
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in document["scrape_configs"]}
    assert list(jobs) == ["ray", "prometheus", "alertmanager"]
    (discovery,) = jobs["ray"]["file_sd_configs"]
    (path,) = discovery["files"]
    assert Path(path).name == PROMETHEUS_SERVICE_DISCOVERY_FILE
