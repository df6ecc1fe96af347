from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from callytics.errors import WeightsError
from callytics.weights.hub import load_pretrained, revision_of, snapshot


def test_loaded_model_is_returned() -> None:
    assert load_pretrained("stage", "model", lambda: 7) == 7


def test_missing_model_error_says_what_to_do() -> None:
    def load() -> None:
        raise OSError("We couldn't connect to the hub\nand more lines of advice")

    with pytest.raises(WeightsError) as caught:
        load_pretrained("sentiment-analyzer", "owner/model", load)
    assert caught.value.code == "weights_unavailable"
    for told in ("sentiment-analyzer", "'owner/model'", "couldn't connect", "HF_TOKEN", "local folder"):
        assert told in caught.value.message
    assert "\n" not in caught.value.message


def test_other_errors_are_unchanged() -> None:
    def load() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        load_pretrained("stage", "model", load)


def test_revision_is_the_hubs_commit(tmp_path: Path) -> None:
    assert revision_of(str(tmp_path), SimpleNamespace(_commit_hash="abc"), None) == "local"
    assert revision_of("owner/model", SimpleNamespace(_commit_hash="abc"), "main") == "abc"
    assert revision_of("owner/model", None, "v2") == "v2"
    assert revision_of("owner/model", None, None) == "main"


def test_hub_snapshot_is_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--Systran--faster-whisper-large-v3" / "snapshots" / commit
    folder.mkdir(parents=True)
    (folder / "model.bin").touch()
    model = "Systran/faster-whisper-large-v3"
    assert snapshot("speech-recognizer", model, commit, ["model.bin"]) == (folder, commit)
    with pytest.raises(WeightsError, match="other/model"):
        snapshot("speech-recognizer", "other/model", None, ["model.bin"])
