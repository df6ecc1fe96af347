"""What ``run.json`` in a home folder says of the graph that runs from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from callytics.home import private_files
from deployments.operations import head, ray_token
from deployments.operations.serve_api import ServeApi


@dataclass(frozen=True)
class Run:
    """One running graph, as run.json keeps it."""

    run_id: str
    config: str
    http_port: int
    dashboard_port: int
    temp_dir: str
    started_at: float
    python_path: str = ""
    """$PYTHONPATH of its processes, beside the project: where engines of one's own may lie."""
    token_path: str = ""
    """Path of the file with the token that its Ray asks for; the token itself is nowhere else."""
    observers: Mapping[str, str] = field(default_factory=dict)
    """Prometheus, Alertmanager, Grafana -> URL, of those that were started with it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def log_folder(self) -> Path:
        return Path(self.temp_dir) / "session_latest" / "logs"

    def client_environment(self) -> dict[str, str]:
        """With which Ray's own commands reach it."""
        gcs_address = (Path(self.temp_dir) / "ray_current_cluster").read_text(encoding="utf-8").strip()
        return ray_token.client_environment(self.token_path, gcs_address, self.dashboard_url)


def running(home: Path) -> Run | None:
    """The run whose head answers; None where there is none, or only the remains of one."""
    run = load(home)
    if (
        run is None
        or not head.processes(run.run_id)
        or not ServeApi(run.dashboard_url, run.token_path).answers()
    ):
        return None
    return run


def load(home: Path) -> Run | None:
    try:
        return Run(**json.loads((home / "run.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def save(home: Path, run: Run) -> None:
    private_files.write_text(home / "run.json", json.dumps(asdict(run), indent=2))
