from __future__ import annotations

import json
from pathlib import Path

import pytest

from callytics.errors import WeightsError
from callytics.weights.whisper_files import CTRANSLATE2, TRANSFORMERS, check_files, choose_files
from tests.support import whisper_samples as samples


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def check(folder: Path, files: dict[str, bytes]) -> None:
    kind, names = choose_files(files, "here")
    check_files(written(folder, files), kind, names, "here")


def refusal(folder: Path, files: dict[str, bytes]) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        check(folder, files)
    return caught.value


def test_files_of_ctranslate2_are_chosen(tmp_path: Path) -> None:
    kind, names = choose_files([*samples.ctranslate2(), "preprocessor_config.json", "extra.py"], "here")
    assert kind == CTRANSLATE2
    assert set(names) == {
        "config.json", "model.bin", "tokenizer.json", "vocabulary.txt", "preprocessor_config.json"
    }  # fmt: skip
    check(tmp_path, samples.ctranslate2())


def test_files_of_transformers_are_chosen(tmp_path: Path) -> None:
    kind, names = choose_files([*samples.transformers(), "pytorch_model.bin", "flax_model.msgpack"], "here")
    assert kind == TRANSFORMERS
    assert set(names) == set(samples.transformers())
    check(tmp_path, samples.transformers())


def test_shards_are_chosen_with_their_index(tmp_path: Path) -> None:
    files = samples.transformers()
    files["model-00001-of-00001.safetensors"] = files.pop("model.safetensors")
    files["model.safetensors.index.json"] = (
        b'{"weight_map": {"proj_out.weight": "model-00002-of-00002.safetensors"}}'
    )
    files["model.fp32-00001-of-00001.safetensors"] = b"another set"
    _, names = choose_files(files, "here")
    assert "model-00001-of-00001.safetensors" in names
    assert "model.fp32-00001-of-00001.safetensors" not in names
    assert "proj_out.weight" in refusal(tmp_path, files).message


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "vocabulary.txt"])
def test_missing_file_of_ctranslate2_is_refused(missing: str, tmp_path: Path) -> None:
    files = samples.ctranslate2()
    del files[missing]
    error = refusal(tmp_path, files)
    assert error.code == "model_not_whisper"
    assert missing.partition(".")[0] in error.message


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    files = samples.transformers()
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    assert refusal(tmp_path, files).code == "weights_pickled"


def test_other_model_of_ctranslate2_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, samples.ctranslate2(b"TransformerSpec"))
    assert (error.code, "TransformerSpec" in error.message) == ("model_not_whisper", True)


def test_other_model_of_transformers_is_refused(tmp_path: Path) -> None:
    files = samples.transformers() | {"config.json": b'{"model_type": "bert"}'}
    assert "'bert'" in refusal(tmp_path, files).message


def test_other_tokenizer_is_refused(tmp_path: Path) -> None:
    files = samples.ctranslate2() | {"tokenizer.json": b'{"added_tokens": []}'}
    assert refusal(tmp_path, files).code == "model_not_whisper"


@pytest.mark.parametrize("change", ["cut", "longer", "no_header", "not_json", "huge_header"])
def test_damaged_safetensors_are_refused(change: str, tmp_path: Path) -> None:
    files = samples.transformers()
    data = files["model.safetensors"]
    files["model.safetensors"] = {
        "cut": data[:-1],
        "longer": data + b"\0",
        "no_header": b"\0\0\0",
        "not_json": data[:8] + b"x" + data[9:],
        "huge_header": b"\xff" * 8 + data[8:],
    }[change]
    error = refusal(tmp_path, files)
    assert error.code == "weights_corrupt"
    assert "model.safetensors" in error.message


def test_weights_of_another_shape_than_the_configuration_are_refused(tmp_path: Path) -> None:
    files = samples.transformers()
    config = json.loads(files["config.json"]) | {"d_model": 8}
    files["config.json"] = json.dumps(config).encode()
    assert "d_model" not in refusal(tmp_path, files).message
    assert "shape" in refusal(tmp_path, files).message


def test_tensor_whose_bytes_do_not_fit_its_shape_is_refused(tmp_path: Path) -> None:
    files = samples.transformers()
    data = files["model.safetensors"]
    files["model.safetensors"] = data.replace(b'"shape": [4, 8, 3]', b'"shape": [4, 8,3 ]').replace(
        b'"F16"', b'"F32"', 1
    )
    assert refusal(tmp_path, files).code == "weights_corrupt"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_document_that_is_no_json_object_is_refused(name: str, tmp_path: Path) -> None:
    for content in (b"<html>404</html>", b"[]", b"[" * 100_000):
        assert refusal(tmp_path, samples.ctranslate2() | {name: content}).code == "weights_corrupt"


def test_neither_format_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"README.md": b""}).code == "model_not_whisper"
