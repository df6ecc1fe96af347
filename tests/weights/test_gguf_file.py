"""GGUF files: header, wholeness, chat template; added, pinned, refused when a byte changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.errors import CallyticsError, WeightsError
from callytics.weights import adding
from callytics.weights import manifest as models
from callytics.weights.gguf_file import SERVER, check_gguf
from tests.support.gguf_samples import tiny_model
from tests.support.model_hub import COMMIT, ModelHub, serving


def opened(engine: str, folder: Path) -> bool:
    assert engine == SERVER
    return True


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_model())
    return path


def test_header_says_what_the_model_is(file: Path) -> None:
    header = check_gguf(file, "here")
    assert (header.architecture, header.name, header.licence) == ("llama", "tiny", "apache-2.0")
    assert header.data_start + header.tensor_bytes == file.stat().st_size


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "model_not_gguf"),
        (b"GGML" + tiny_model()[4:], "model_not_gguf"),
        (tiny_model()[:4] + b"\x09" + tiny_model()[5:], "model_not_gguf"),
        (tiny_model()[:300], "model_not_gguf"),
        (tiny_model()[:-1], "weights_corrupt"),
        (tiny_model(tokenizer__chat_template=None), "model_not_gguf"),
        (tiny_model(split__count=3), "model_not_gguf"),
        (tiny_model(general__architecture=None), "model_not_gguf"),
        (b"GGUF" + b"\x03\0\0\0" + b"\xff" * 16, "model_not_gguf"),
    ],
    ids=["empty", "other", "version", "header", "byte", "template", "part", "architecture", "counts"],
)
def test_file_that_is_no_whole_chat_model_is_refused(data: bytes, code: str, file: Path, home: Path) -> None:
    file.write_bytes(data)
    with pytest.raises(WeightsError) as caught:
        adding.add(str(file), opened)
    assert caught.value.code == code
    assert models.own_entries() == {}


def test_added_file_is_pinned_and_a_changed_byte_is_refused(file: Path, home: Path) -> None:
    added = adding.add(str(file), opened, name="mine")
    assert (added.model.format, added.model.licence) == ("gguf", "apache-2.0")
    assert models.locate("mine") == home / "mine"
    copy = home / "mine" / "model.gguf"
    data = copy.read_bytes()
    copy.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(WeightsError) as caught:
        models.locate("mine")
    assert caught.value.code == "weights_corrupt"
    models.pull("mine")
    assert models.verify("mine") == home / "mine"


def test_file_name_that_is_no_plain_name_is_refused(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "모델.gguf"
    path.write_bytes(tiny_model())
    with pytest.raises(CallyticsError, match="rename"):
        adding.add(str(path), opened)


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    with serving(ModelHub({"some/tiny-GGUF": {"tiny-q4.gguf": tiny_model(), "README.md": b"x"}})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_one_file_of_a_hub_is_pinned_to_its_commit(hub: ModelHub) -> None:
    model = adding.add("some/tiny-GGUF/tiny-q4.gguf", opened).model
    assert (model.name, model.revision, model.format) == ("tiny-q4", COMMIT, "gguf")
    assert [file.name for file in model.files] == ["tiny-q4.gguf"]


def test_missing_file_of_a_hub_names_those_that_are_there(hub: ModelHub) -> None:
    with pytest.raises(WeightsError, match=r"tiny-q4\.gguf"):
        adding.add("some/tiny-GGUF/other.gguf", opened)


def test_known_model_is_pinned_by_its_publishers_hash_and_not_fetched_unasked() -> None:
    model = models.get_model("local")
    assert (model.name, model.format, model.licence) == ("qwen2.5-coder-1.5b-instruct", "gguf", "Apache-2.0")
    assert model.is_optional
    assert not model.is_trusted_on_first_use
    (wheels,) = (source for source in model.sources if source["kind"] == "wheels")
    (parts,) = wheels["members"].values()
    assert len(parts) == len(wheels["requirements"]) == 22
    assert all(f"/part{number:02d}.bin" in part for number, part in enumerate(parts, 1))
