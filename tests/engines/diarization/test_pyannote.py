"""PyannoteDiarizer on pipelines made on the spot; runs inside runtime_envs/speaker-diarizer.txt, skips elsewhere."""

from __future__ import annotations

import importlib.util
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callytics.config import stage_config
from callytics.domain import CallOptions, Role
from callytics.engines import load_engine
from callytics.errors import ConfigError, EngineUnavailableError, InvalidRequestError, WeightsError
from tests.engines.diarization.recordings import audio_of, noise, sample_channels

ENGINE = "callytics.engines.diarization.pyannote:PyannoteDiarizer"
INSTALLED = importlib.util.find_spec("torchaudio") is not None and importlib.util.find_spec("pyannote.audio")
needs_pyannote = pytest.mark.skipif(
    not INSTALLED,
    reason="pyannote.audio is not here; `make test-slow` builds runtime_envs/speaker-diarizer.txt",
)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def load(**options: Any) -> Any:
    return load_engine(stage_config("speaker-diarizer", {"engine": ENGINE, "options": options}))


@pytest.mark.skipif(bool(INSTALLED), reason="pyannote.audio is installed here")
def test_missing_packages_error_names_the_environment() -> None:
    with pytest.raises(
        EngineUnavailableError, match=r"speaker-diarizer: .*runtime_envs/speaker-diarizer\.txt"
    ):
        load()


def test_impossible_bounds_are_rejected() -> None:
    with pytest.raises(ConfigError, match="min_speakers"):
        load(min_speakers=3, max_speakers=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.engines.diarization.pyannote_folder import tiny_pipeline

    return tiny_pipeline(tmp_path_factory.mktemp("tiny") / "pipeline")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Any:
    return load(pipeline=str(folder))


@needs_pyannote
def test_revision_of_a_local_folder_is_its_content_hash(tiny: Any, folder: Path, tmp_path: Path) -> None:
    assert tiny.model == str(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert load(pipeline=str(copy)).model_revision == tiny.model_revision
    config = (copy / "config.yaml").read_text(encoding="utf-8")
    (copy / "config.yaml").write_text(config.replace("0.70", "0.50"), encoding="utf-8")
    assert load(pipeline=str(copy)).model_revision != tiny.model_revision


@needs_pyannote
def test_embedding_identifies_voices_within_the_bounds(tiny: Any) -> None:
    """With random weights only the form means something; the contract suite runs real ones."""
    audio = audio_of(sample_channels().sum(axis=0)[: 16_000 * 12])
    two = tiny(audio, CallOptions(num_speakers=2))
    assert 1 <= len(two.participants) <= 2
    assert all(p.role is Role.UNKNOWN for p in two.participants)
    assert all(0.0 <= s.start_s < s.end_s <= two.duration_s for s in two.segments)
    with pytest.raises(InvalidRequestError):
        tiny(audio, CallOptions(num_speakers=0))


@needs_pyannote
def test_telemetry_is_off_and_nothing_dials_out(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyannote.audio.telemetry import metrics

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a span was started")

    monkeypatch.setattr(metrics.tracer, "start_as_current_span", refuse)
    tiny(audio_of(noise(3.0)), CallOptions())
    assert not metrics.is_metrics_enabled()


@needs_pyannote
def test_missing_gpu_is_an_error(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="no GPU"):
        load(pipeline=str(folder), device="cuda")


@needs_pyannote
def test_folder_without_pipeline_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"config\.yaml"):
        load(pipeline=str(tmp_path))


class Hub(BaseHTTPRequestHandler):
    """The part of the model hub for the download of a gated repository; serves ``folder`` to clients with TOKEN."""

    TOKEN = "hf_test"
    folder: Path
    seen: list[str]

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        self.seen.append(self.path)
        if self.headers.get("Authorization") != f"Bearer {self.TOKEN}":
            return self._answer(
                b"{}", 401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is gated"}
            )
        files = [p for p in self.folder.rglob("*") if p.is_file()]
        names = [p.relative_to(self.folder).as_posix() for p in files]
        if "/tree/" in self.path:
            tree = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": COMMIT}
                for name, file in zip(names, files, strict=True)
            ]
            return self._answer(json.dumps(tree).encode(), 200, {"Content-Type": "application/json"})
        if self.path.startswith("/api/models/"):
            info = {"id": "a/b", "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
            return self._answer(json.dumps(info).encode(), 200, {"Content-Type": "application/json"})
        name = self.path.partition(f"/resolve/{COMMIT}/")[2]
        content = (self.folder / name).read_bytes()
        headers = {"ETag": f'"{COMMIT}{len(content)}"', "X-Repo-Commit": COMMIT}
        return self._answer(content, 200, headers, body)

    def _answer(self, content: bytes, status: int, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body and self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    from huggingface_hub import constants

    handler = type("FolderHub", (Hub,), {"folder": folder, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # as tests/environments/ sets it for the process
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_TOKEN", Hub.TOKEN)
    yield handler
    server.shutdown()
    server.server_close()


@needs_pyannote
def test_revision_of_a_hub_pipeline_is_its_commit(hub: type[Hub]) -> None:
    engine = load(pipeline="somebody/pipeline")
    assert (engine.model, engine.model_revision) == ("somebody/pipeline", COMMIT)
    assert any(path.endswith("/segmentation/pytorch_model.bin") for path in hub.seen)
    audio = audio_of(np.zeros(16_000, np.float32))
    assert engine(audio, CallOptions()).duration_s == 1.0


@needs_pyannote
def test_gated_pipeline_error_without_token_has_a_remedy(
    hub: type[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(WeightsError, match=r"HF_TOKEN is not set.*Accept its conditions") as raised:
        load(pipeline="somebody/pipeline")
    assert "\n" not in str(raised.value)
    assert hub.seen, "the hub was not asked"


@needs_pyannote
def test_long_mono_call_is_diarized_in_parts(folder: Path) -> None:
    """No part is longer than the option says, so memory does not grow with the call."""
    engine = load(pipeline=str(folder))
    engine._part_s = 10.0  # not 30 minutes
    lengths_s: list[float] = []
    pipeline = engine._pipeline

    def seen(file: Any, **bounds: int) -> Any:
        lengths_s.append(file["waveform"].shape[1] / file["sample_rate"])
        return pipeline(file, **bounds)

    engine._pipeline = seen
    agent, customer = sample_channels()
    found = engine(audio_of((agent + customer)[: 27 * 16_000]), CallOptions())
    assert lengths_s == [9.0, 9.0, 9.0]
    assert 1 <= len(found.participants) <= 6
    assert all(0 <= s.start_s < s.end_s <= 27 for s in found.segments)
    for start_s in (0, 9, 18):  # every part is at its place
        assert any(s.start_s < start_s + 9 and s.end_s > start_s for s in found.segments)


@needs_pyannote
def test_long_mono_call_is_refused_where_parts_cannot_be_linked(folder: Path) -> None:
    engine = load(pipeline=str(folder))
    engine._part_s = 10.0
    pipeline = engine._pipeline
    engine._pipeline = lambda file, **bounds: pipeline(file, **bounds).speaker_diarization  # a legacy one
    agent, customer = sample_channels()
    mono = (agent + customer)[: 15 * 16_000]
    with pytest.raises(InvalidRequestError, match="one channel and") as caught:
        engine(audio_of(mono), CallOptions())
    assert caught.value.code == "too_long_for_voices"


@needs_pyannote
@pytest.mark.parametrize("channels", [1, 2])
def test_memory_that_is_used_up_halves_the_batches(folder: Path, channels: int) -> None:
    """The planted limit: batches of ten windows. The result is that of smaller batches from the beginning."""
    sound = [channel[: 15 * 16_000] for channel in sample_channels()]
    call = audio_of(*sound) if channels == 2 else audio_of(sound[0] + sound[1])
    expected = load(pipeline=str(folder), segmentation_batch_size=8, embedding_batch_size=8)(
        call, CallOptions()
    )
    engine = load(pipeline=str(folder))
    name = "_voice_activity" if channels == 2 else "_pipeline"
    real = getattr(engine, name)
    seen: list[int] = []

    class Limited:
        """In the place of the pipeline, with its attributes."""

        def __call__(self, *args: Any, **options: Any) -> Any:
            seen.append(real._segmentation.batch_size)
            if seen[-1] > 10:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return real(*args, **options)

        def __getattr__(self, attribute: str) -> Any:
            return getattr(real, attribute)

        def __setattr__(self, attribute: str, value: Any) -> None:
            setattr(real, attribute, value)

    setattr(engine, name, Limited())
    assert engine(call, CallOptions()) == expected
    assert seen[:3] == [32, 16, 8]
    assert set(seen[2:]) == {8}
