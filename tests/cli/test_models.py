"""`callytics models` as its user sees it, with a hub on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callytics.cli import model_opening
from callytics.cli.app import app
from callytics.errors import WeightsError
from callytics.weights import manifest as models
from callytics.weights.whisper_files import CTRANSLATE2, ENGINES
from tests.support import whisper_samples as samples
from tests.support.model_hub import ModelHub, serving

runner = CliRunner()
REVISIONS = {
    "small": ("Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120"),
    "medium": ("Systran/faster-whisper-medium", "08e178d48790749d25932bbc082711ddcfdfbc4f"),
    "large-v3": ("Systran/faster-whisper-large-v3", "edaa852ec7e145841d8ffdb056a99866b5f0a478"),
    "turbo": ("mobiuslabsgmbh/faster-whisper-large-v3-turbo", "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf"),
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    """An empty folder of models, and a hub that has files of the right names."""
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    files = samples.ctranslate2()
    files |= {"vocabulary.json": b"[]", "preprocessor_config.json": b"{}"}
    with serving(ModelHub({repo: dict(files) for repo, _ in REVISIONS.values()})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.mark.parametrize("name", REVISIONS)
def test_larger_whispers_are_asked_for_at_their_revision_and_other_bytes_are_refused(
    name: str, hub: ModelHub
) -> None:
    repo, revision = REVISIONS[name]
    done = runner.invoke(app, ["models", "pull", name])
    assert done.exit_code == 1
    assert "[weights_unavailable]" in done.stderr
    assert "sha256" in done.stderr
    model = models.get_model(name)
    assert hub.requests[: len(model.files)] == [f"/{repo}/resolve/{revision}/{f.name}" for f in model.files]
    assert not model.folder.exists()


def test_known_whispers_are_complete_and_not_fetched_unasked() -> None:
    for name, (repo, revision) in REVISIONS.items():
        model = models.get_model(name)
        assert (model.revision, model.licence, model.format) == (revision, "MIT", CTRANSLATE2)
        assert model.sources[0]["repo"] == repo
        assert {"config.json", "model.bin", "tokenizer.json"} < {file.name for file in model.files}
        assert model.is_optional
        assert not model.is_trusted_on_first_use
    sizes = {name: models.get_model(name).size for name in REVISIONS}
    assert sizes == {  # of the publishers' snapshots
        "small": 486_212_372, "medium": 1_530_571_735, "large-v3": 3_090_835_702, "turbo": 1_621_665_983,
    }  # fmt: skip


@pytest.mark.weights
def test_published_model_is_pulled_by_its_alias_opened_and_a_changed_byte_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = models.get_model("base")
    models.pull("base")
    files = {file.name: (base.folder / file.name).read_bytes() for file in base.files}
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with serving(ModelHub({"Systran/faster-whisper-base": files})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert runner.invoke(app, ["models", "pull", "base"]).exit_code == 0
        assert runner.invoke(app, ["models", "verify", "base"]).exit_code == 0
        done = runner.invoke(
            app, ["models", "add", "Systran/faster-whisper-base", "--name", "mine", "--revision", "main"]
        )
        assert done.exit_code == 0, done.output
        assert "callytics up --model mine" in done.stdout
        assert "not opened" not in done.stdout
        assert "first use" in runner.invoke(app, ["models", "list"]).stdout
        shutil.rmtree(tmp_path / "models" / "whisper-base")
        files["model.bin"] = files["model.bin"][:-1] + b"\1"
        done = runner.invoke(app, ["models", "pull", "base"])
    assert done.exit_code == 1
    assert "sha256" in done.stderr


@pytest.mark.weights
def test_damaged_model_does_not_open(tmp_path: Path) -> None:
    models.pull("base")
    for file in models.get_model("base").files:
        (tmp_path / file.name).symlink_to(models.locate("base") / file.name)
    assert model_opening.opens(ENGINES[CTRANSLATE2], tmp_path)
    data = (tmp_path / "model.bin").read_bytes()
    (tmp_path / "model.bin").unlink()
    (tmp_path / "model.bin").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError) as caught:
        model_opening.opens(ENGINES[CTRANSLATE2], tmp_path)
    assert caught.value.code == "model_does_not_open"


def test_engine_without_its_packages_is_not_tried(tmp_path: Path) -> None:
    engine = "callytics.engines.recognition.transformers_whisper:TransformersWhisperRecognizer"
    pytest.importorskip("faster_whisper")
    try:
        import torch  # noqa: F401
    except ImportError:
        assert not model_opening.opens(engine, tmp_path)
    else:
        pytest.skip("torch is installed here")


def test_added_model_is_removed_by_name(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_opening, "opens", lambda engine, folder: False)
    done = runner.invoke(app, ["models", "add", REVISIONS["small"][0], "--name", "mine"])
    assert done.exit_code == 0, done.output
    assert "it was not opened" in done.stdout
    assert runner.invoke(app, ["models", "verify", "mine"]).exit_code == 0
    assert runner.invoke(app, ["models", "remove", "mine"]).exit_code == 0
    assert "[model_unknown]" in runner.invoke(app, ["models", "verify", "mine"]).stderr
