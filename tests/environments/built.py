"""The project's tests of an engine, run inside the engine's own environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from callytics import settings
from callytics.weights import manifest as models
from deployments.operations.environments import build_environment
from tests.support.checkpoints import ENVIRONMENT_VARIABLE

PROJECT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 1800.0  # on two busy cores, first imports of torch included


def build(name: str) -> Path:
    """The environment of ``runtime_envs/<name>.txt``, in the state folder: built once for the same pins."""
    return build_environment(name, PROJECT / "runtime_envs", settings.home().absolute())


def run_python(overlay: Path, *arguments: str, environment: str = "") -> str:
    """What Python prints in an overlay, started in the project's folder; fails the test with it otherwise."""
    variables = {
        "CALLYTICS_MODELS": str(models.models_folder().absolute()),
        "HF_HUB_OFFLINE": "1",  # a test that would ask a hub is wrong
        "PYTHONPATH": str(PROJECT),
        ENVIRONMENT_VARIABLE: environment,
    }
    done = subprocess.run(
        [str(overlay / "bin" / "python"), *arguments],
        env=os.environ | variables,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def run_tests(name: str, *tests: str) -> str:
    """Build an environment and run test files in it; tests that would be skipped elsewhere must run."""
    return run_python(build(name), "-m", "pytest", "-p", "no:cacheprovider", "-q", *tests, environment=name)
