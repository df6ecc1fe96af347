"""Opens a model with its engine, in a process of its own: a damaged file may end the process, or take its memory.

`python -m callytics.cli.model_opening ENGINE FOLDER` is that process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from callytics.errors import WeightsError

NOT_INSTALLED = 3
"""Exit code: a package of the engine is not installed here."""

TIMEOUT_S = 600.0


def opens(engine: str, folder: Path) -> bool:
    """True if the engine loaded the model, False if its packages are not installed here.

    Raises:
        WeightsError: ``model_does_not_open``.
    """
    command = [sys.executable, "-m", "callytics.cli.model_opening", engine, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(
            "model_does_not_open", f"{folder.name} did not open in {TIMEOUT_S:.0f} s."
        ) from error
    if done.returncode == NOT_INSTALLED:
        return False
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"the process ended with {done.returncode}"
        raise WeightsError("model_does_not_open", f"The engine cannot open the model: {reason}")
    return True


def main(engine: str, folder: str) -> int:
    from callytics.config import LLM_SERVER, StageConfig
    from callytics.engines import load_engine
    from callytics.errors import EngineUnavailableError
    from callytics.weights.gguf_file import SERVER, SUFFIX

    if (
        engine == SERVER
    ):  # a GGUF model is one file; one processor thread and little context are enough to open it
        (file,) = Path(folder).glob(f"*{SUFFIX}")
        config = StageConfig(LLM_SERVER, engine, {"model": str(file), "context_tokens": 256, "threads": 1})
    else:
        config = StageConfig("speech-recognizer", engine, {"model": folder})
    try:
        load_engine(config)
    except EngineUnavailableError:
        return NOT_INSTALLED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
