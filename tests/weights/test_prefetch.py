"""Which weights a Serve file needs, and how they are fetched before anything is deployed."""

from __future__ import annotations

import socket
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from callytics.cli.app import app
from callytics.errors import WeightsError
from callytics.weights import hub_cache, prefetch
from callytics.weights.hub import snapshot
from callytics.weights.needed import Needed, Place, WeightsOption, needed_weights
from tests.support.model_hub import COMMIT, ModelHub, serving

pytest.importorskip("huggingface_hub")

PROJECT = Path(__file__).resolve().parents[2]
SENTIMENT = "callytics.engines.sentiment.prototype:PrototypeSentimentAnalyzer"
PYANNOTE = "callytics.engines.diarization.pyannote:PyannoteDiarizer"
ENCODER = {
    "config.json": b"{}",
    "1_Pooling/config.json": b"{}",
    "model.safetensors": b"weights " * 4096,
    "pytorch_model.bin": b"the same for older libraries",
    "tf_model.h5": b"for TensorFlow",
    "onnx/model.onnx": b"for onnxruntime",
}
PIPELINE = {"config.yaml": b"pipeline", "segmentation/pytorch_model.bin": b"segmentation"}


def document(*stages: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "applications": [
            {"name": name, "args": {"engine": engine, "options": options}} for name, engine, options in stages
        ]
    }


TWO = document(
    ("speaker-diarizer", PYANNOTE, {"pipeline": "pyannote/small", "revision": COMMIT}),
    ("sentiment-analyzer", SENTIMENT, {"model": "owner/encoder"}),
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    for variable in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    with serving(ModelHub({"owner/encoder": dict(ENCODER), "pyannote/small": dict(PIPELINE)})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{probe.getsockname()[1]}")


@pytest.mark.parametrize("name", ["serve_config.yaml", "serve_config.cpu.yaml"])
def test_every_weight_of_a_shipped_configuration_is_known_and_pinned(name: str) -> None:
    needs = needed_weights(yaml.safe_load((PROJECT / name).read_text(encoding="utf-8")))
    assert [need.name for need in needs if not need.is_pinned] == []
    found = {need.application: need.name for need in needs}
    assert "speech-recognizer" in found
    if name == "serve_config.yaml":
        assert found.keys() == {
            "speaker-diarizer", "speech-recognizer", "punctuation-restorer", "sentiment-analyzer",
        }  # fmt: skip


def test_missing_weights_are_fetched_once_with_progress_and_found_by_the_engines(hub: ModelHub) -> None:
    needs = needed_weights(TWO)
    wanted = prefetch.missing(needs)
    assert [need.name for need in wanted] == ["pyannote/small", "owner/encoder"]
    told: list[tuple[str, str, int, int]] = []
    prefetch.fetch_all(wanted, prefetch.plan(wanted), lambda *progress: told.append(progress))
    total = sum(len(ENCODER[name]) for name in ("config.json", "1_Pooling/config.json", "model.safetensors"))
    assert ("owner/encoder", "ready", total, total) in told
    assert prefetch.missing(needs) == []
    asked = [path for path in hub.requests if "/resolve/" in path]
    assert not [path for path in asked if path.endswith((".h5", ".onnx", "encoder/pytorch_model.bin"))]
    folder, commit = snapshot("speaker-diarizer", "pyannote/small", COMMIT, ["*"])
    assert commit == COMMIT
    assert (folder / "segmentation" / "pytorch_model.bin").read_bytes() == b"segmentation"
    assert hub_cache.cached("owner/encoder", None, ["model.safetensors"]) is not None
    assert len([path for path in hub.requests if "/resolve/" in path]) == len(asked)


def test_pinned_commit_that_is_here_needs_no_hub(hub: ModelHub, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = prefetch.missing(needed_weights(TWO))
    prefetch.fetch_all(wanted, prefetch.plan(wanted), lambda *progress: None)
    no_hub(monkeypatch)
    assert snapshot("speaker-diarizer", "pyannote/small", COMMIT, ["*"])[1] == COMMIT


def test_half_a_download_does_not_count(hub: ModelHub) -> None:
    wanted = prefetch.missing(needed_weights(TWO))
    prefetch.fetch_all(wanted, prefetch.plan(wanted), lambda *progress: None)
    (hub_cache.repository_folder("pyannote/small") / "blobs" / "abc.incomplete").write_bytes(b"half")
    assert [need.name for need in prefetch.missing(needed_weights(TWO))] == ["pyannote/small"]


def test_configuration_files_alone_are_no_model(hub: ModelHub) -> None:
    folder = hub_cache.repository_folder("owner/encoder")
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "snapshots" / COMMIT / "config.json").write_bytes(b"{}")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    assert "owner/encoder" in [need.name for need in prefetch.missing(needed_weights(TWO))]


def test_machine_without_the_hub_is_told_in_one_line_what_is_missing(
    hub: ModelHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_hub(monkeypatch)
    with pytest.raises(WeightsError) as caught:
        prefetch.plan(prefetch.missing(needed_weights(TWO)))
    message = caught.value.message
    for told in ("pyannote/small (speaker-diarizer)", "owner/encoder (sentiment-analyzer)", "HF_ENDPOINT"):
        assert told in message
    assert message.count("cannot be reached") == 1
    assert "\n" not in message


def test_gated_model_without_a_token_says_so(hub: ModelHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.asks_for_token = True
    with pytest.raises(WeightsError, match="HF_TOKEN is not set") as caught:
        prefetch.plan(prefetch.missing(needed_weights(TWO)))
    assert "https://huggingface.co/pyannote/small" in caught.value.message
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    wanted = prefetch.missing(needed_weights(TWO))
    prefetch.fetch_all(wanted, prefetch.plan(wanted), lambda *progress: None)
    assert prefetch.missing(needed_weights(TWO)) == []


def test_weights_that_do_not_fit_on_the_disk_are_refused(
    hub: ModelHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(prefetch.shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(WeightsError) as caught:
        prefetch.plan(prefetch.missing(needed_weights(TWO)))
    assert caught.value.code == "disk_full"


def test_place_of_a_model_follows_from_its_name(tmp_path: Path) -> None:
    def place(model: str) -> Place:
        (need,) = needed_weights(document(("sentiment-analyzer", SENTIMENT, {"model": model})))
        return need.place

    assert place(str(tmp_path)) is Place.FOLDER
    assert place("/not/there") is Place.FOLDER
    assert place("owner/name") is Place.HUB
    assert place("whisper-base") is Place.MANIFEST
    assert place("titanet_large") is Place.CATALOGUE


def test_engine_that_cannot_be_imported_needs_nothing_that_is_known() -> None:
    assert needed_weights(document(("sentiment-analyzer", "no.such.module:Engine", {"model": "a/b"}))) == []


def test_default_of_an_engine_counts_and_a_branch_is_not_pinned() -> None:
    (need,) = needed_weights(document(("speaker-diarizer", PYANNOTE, {"revision": "main"})))
    assert (need.name, need.is_pinned, need.is_gated) == (
        "pyannote/speaker-diarization-community-1",
        False,
        True,
    )


def test_first_format_that_a_repository_has_is_taken() -> None:
    option = WeightsOption("model", ("*.json",), ("model*.safetensors", "pytorch_model*.bin"))
    both = ["config.json", "model.safetensors", "pytorch_model.bin"]
    assert option.choose(both) == ["config.json", "model.safetensors"]
    assert option.choose([both[0], both[2]]) == ["config.json", "pytorch_model.bin"]


def test_command_fetches_for_a_configuration(hub: ModelHub, tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text(yaml.safe_dump(TWO))
    done = CliRunner().invoke(app, ["models", "pull", "--for", str(config)])
    assert done.exit_code == 0, done.output
    assert "sentiment-analyzer: owner/encoder (hub, no revision)" in done.stdout
    assert prefetch.missing(needed_weights(TWO)) == []


def test_need_of_a_manifest_model_is_met_by_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path))
    need = Needed("speech-recognizer", "whisper-base", Place.MANIFEST)
    assert not need.is_here()
    assert prefetch.missing([need]) == [need]
