"""Models of the user's own: from a folder and from a hub on loopback, pinned, refused when a byte changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.errors import CallyticsError, ConflictError, InvalidRequestError, WeightsError
from callytics.weights import adding
from callytics.weights import manifest as models
from tests.support import whisper_samples as samples
from tests.support.model_hub import COMMIT, ModelHub, serving


def opened(engine: str, folder: Path) -> bool:
    assert (folder / "config.json").is_file()
    return True


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "models"


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    repositories = {
        "some/faster-whisper-ko": samples.ctranslate2(),
        "some/whisper-ko": samples.transformers(),
    }
    with serving(ModelHub(repositories)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "my-whisper"
    found.mkdir()
    for name, data in samples.ctranslate2().items():
        (found / name).write_bytes(data)
    return found


def refusal(origin: str, **options: str) -> CallyticsError:
    before = models.own_entries()
    with pytest.raises(CallyticsError) as caught:
        adding.add(origin, opened, **options)
    assert models.own_entries() == before
    return caught.value


def test_folder_is_copied_and_pinned(home: Path, folder: Path) -> None:
    added = adding.add(str(folder), opened)
    assert added.is_opened
    assert added.model.folder == home / "my-whisper"
    assert sorted(path.name for path in added.model.folder.iterdir()) == sorted(
        set(samples.ctranslate2()) - {"README.md"}
    )
    assert (added.model.format, added.model.revision) == ("ctranslate2", "local")
    assert models.locate("my-whisper") == home / "my-whisper"
    assert added.model.is_trusted_on_first_use


def test_changed_byte_of_an_added_model_is_refused_and_fetched_again(home: Path, folder: Path) -> None:
    adding.add(str(folder), opened, name="mine")
    path = home / "mine" / "model.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(WeightsError) as caught:
        models.locate("mine")
    assert caught.value.code == "weights_corrupt"
    models.pull("mine")
    assert models.verify("mine") == home / "mine"
    (folder / "model.bin").write_bytes(b"another model now")
    path.unlink()
    with pytest.raises(WeightsError, match="sha256"):
        models.pull("mine")


@pytest.mark.parametrize(
    ("repo", "kind"), [("some/faster-whisper-ko", "ctranslate2"), ("some/whisper-ko", "transformers")]
)
def test_hub_model_is_pinned_to_its_commit(repo: str, kind: str, home: Path, hub: ModelHub) -> None:
    model = adding.add(repo, opened).model
    assert (model.format, model.revision, model.licence) == (kind, COMMIT, "mit")
    assert all(f"/resolve/{COMMIT}/" in path for path in hub.requests[1:])
    assert hub.tokens == [None] * len(hub.requests)
    hub.requests.clear()
    (model.folder / "config.json").unlink()
    models.pull(model.name)
    assert models.verify(model.name)
    assert hub.requests == [f"/{repo}/resolve/{COMMIT}/{file.name}" for file in model.files]


def test_mirror_that_tells_no_sizes_is_taken(home: Path, hub: ModelHub) -> None:
    hub.tells_sizes = False
    model = adding.add("some/faster-whisper-ko", opened).model
    assert model.size == sum(len(data) for name, data in samples.ctranslate2().items() if name != "README.md")


def test_token_is_sent_to_the_hub(home: Path, hub: ModelHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    adding.add("some/whisper-ko", opened)
    assert set(hub.tokens) == {"Bearer hf_x"}


def test_file_that_is_not_what_the_hub_publishes_is_refused(home: Path, hub: ModelHub) -> None:
    hub.published["model.bin"] = "0" * 64
    error = refusal("some/faster-whisper-ko")
    assert error.code == "weights_corrupt"
    assert not (home / "faster-whisper-ko").exists()


def test_model_that_does_not_open_is_not_kept(home: Path, folder: Path) -> None:
    def broken(engine: str, folder: Path) -> bool:
        raise WeightsError("model_does_not_open", "no")

    with pytest.raises(WeightsError, match="no"):
        adding.add(str(folder), broken)
    assert models.own_entries() == {}
    assert not (home / "my-whisper").exists()


def test_model_without_its_engine_here_is_kept_and_said_to_be_unopened(home: Path, folder: Path) -> None:
    assert not adding.add(str(folder), lambda engine, folder: False).is_opened


@pytest.mark.parametrize("taken", ["whisper-base", "small", "turbo", "mine"])
def test_name_that_is_taken_is_refused(taken: str, home: Path, folder: Path) -> None:
    adding.add(str(folder), opened, name="mine")
    with pytest.raises(ConflictError) as caught:
        adding.add(str(folder), opened, name=taken)
    assert caught.value.code == "model_exists"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "모델"])
def test_name_that_is_no_plain_name_is_refused(name: str, home: Path, folder: Path) -> None:
    assert refusal(str(folder), name=name).code == "model_name_invalid"


def test_origin_that_is_neither_folder_nor_hub_id_is_refused(home: Path) -> None:
    assert refusal("missing-folder").code == "model_origin_unknown"
    assert refusal("https://huggingface.co/some/x").code == "model_origin_unknown"


def test_unknown_repository_and_revision_name_the_hub(home: Path, hub: ModelHub) -> None:
    for error in (refusal("some/none"), refusal("some/whisper-ko", revision="v9")):
        assert error.code == "weights_unavailable"
        assert hub.url in error.message
        assert "HF_ENDPOINT" in error.message


def test_removed_model_is_gone(home: Path, folder: Path) -> None:
    adding.add(str(folder), opened, name="mine")
    models.locate("mine")
    adding.remove("mine")
    assert not (home / "mine").exists()
    assert models.own_entries() == {}
    with pytest.raises(InvalidRequestError):
        adding.remove("whisper-base")


def test_own_manifest_cannot_replace_a_model_of_the_project(home: Path, folder: Path) -> None:
    adding.add(str(folder), opened, name="mine")
    path = models.own_manifest_path()
    entries = json.loads(path.read_text())
    path.write_text(json.dumps({"whisper-base": entries["mine"]}))
    assert models.get_model("whisper-base").revision != "local"


@pytest.mark.parametrize("text", ["no json", "[]", '{"mine": {}}', '{"../x": null}'])
def test_damaged_own_manifest_is_named(text: str, home: Path) -> None:
    home.mkdir()
    models.own_manifest_path().write_text(text)
    with pytest.raises(WeightsError) as caught:
        models.list_models()
    assert caught.value.code == "manifest_unreadable"
    assert str(models.own_manifest_path()) in caught.value.message


def test_name_that_leads_out_of_the_folder_is_no_name_of_a_model(home: Path, folder: Path) -> None:
    adding.add(str(folder), opened, name="mine")
    path = models.own_manifest_path()
    entries = json.loads(path.read_text())
    for name in ("../mine", ".."):
        path.write_text(json.dumps({name: entries["mine"]}))
        with pytest.raises(WeightsError, match="plain name"):
            models.locate(name)
