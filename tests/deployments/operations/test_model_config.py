from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.config import load_stages
from callytics.errors import CallyticsError
from callytics.weights import adding
from callytics.weights.model import Model
from deployments.operations import model_config, serve_file
from deployments.operations.code_revision import SourceTree
from deployments.operations.config_check import check_document
from deployments.operations.lock import make_lock
from tests.support import whisper_samples as samples
from tests.support.played_serve import named

PROJECT = Path(__file__).resolve().parents[3]
CONFIG = PROJECT / "serve_config.cpu.yaml"


@pytest.fixture
def whole() -> dict[str, Any]:
    return serve_file.read_config(CONFIG)


@pytest.fixture
def of_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    folder = tmp_path / "whisper-ko"
    folder.mkdir()
    for name, data in samples.transformers().items():
        (folder / name).write_bytes(data)
    return adding.add(str(folder), lambda engine, folder: False).model


def test_model_takes_the_place_of_the_one_in_use(whole: dict[str, Any]) -> None:
    before = yaml.safe_dump(whole)
    made = model_config.instead(whole, model_config.recogniser("small"))
    options = named(made, "speech-recognizer")["args"]["options"]
    assert options == {"model": "whisper-small"} | named(whole, "speech-recognizer")["args"]["options"]
    assert yaml.safe_dump(whole) == before
    assert model_config.named_models(made) == ["whisper-small"]
    check_document(made, SourceTree([PROJECT]))


def test_model_of_transformers_brings_its_engine_and_environment(
    whole: dict[str, Any], of_transformers: Model
) -> None:
    application = named(model_config.instead(whole, of_transformers), "speech-recognizer")
    assert application["args"]["engine"].endswith(":TransformersWhisperRecognizer")
    options = application["args"]["options"]
    assert options["model"] == "whisper-ko"
    assert options["likely_languages"] == ["ko", "en"]
    assert "long_call_batch_size" not in options  # faster-whisper's own
    runtime_env = application["deployments"][0]["ray_actor_options"]["runtime_env"]
    assert runtime_env["py_executable"] == "callytics-python speech-recognizer-transformers"
    assert runtime_env["env_vars"]


def test_second_version_gets_the_calls_of_its_share(whole: dict[str, Any]) -> None:
    made = model_config.beside(whole, model_config.recogniser("turbo"), shadow=0.5, weight=0.1)
    check_document(made, SourceTree([PROJECT]))
    names = [app["name"] for app in made["applications"]]
    second = "speech-recognizer-whisper-large-v3-turbo"
    assert names.index(second) == names.index("speech-recognizer") + 1
    assert named(made, "speech-recognizer") == named(whole, "speech-recognizer")
    assert named(made, second)["args"]["options"]["model"] == "whisper-large-v3-turbo"
    (pipeline,) = named(made, "call-pipeline")["deployments"]
    route = pipeline["user_config"]["routes"]["speech-recognizer"]
    assert route == {"shadow": {second: 0.5}, "weights": {"speech-recognizer": 0.9, second: 0.1}}
    again = model_config.beside(made, model_config.recogniser("turbo"), shadow=1, weight=0)
    assert [app["name"] for app in again["applications"]] == names


def test_model_in_use_and_models_of_other_stages_are_refused(whole: dict[str, Any]) -> None:
    with pytest.raises(CallyticsError) as caught:
        model_config.beside(whole, model_config.recogniser("base"), shadow=1, weight=0)
    assert caught.value.code == "not_comparable"
    with pytest.raises(CallyticsError) as caught:
        model_config.recogniser("campplus-zh-en")
    assert caught.value.code == "model_not_whisper"
    assert "whisper-small" in caught.value.message


def test_written_file_is_a_configuration_with_its_own_pins(tmp_path: Path, whole: dict[str, Any]) -> None:
    folder = tmp_path / "release"
    shutil.copytree(PROJECT / "runtime_envs", folder / "runtime_envs")
    config = Path(shutil.copy(CONFIG, folder))
    pins = folder / "runtime_envs" / "cpu" / "speech-recognizer.txt"
    pins.write_text(pins.read_text() + "# other\n")
    model = model_config.recogniser("small")
    for _ in range(2):  # again over itself
        made = model_config.write(
            model_config.instead(whole, model), config, tmp_path, model, "up --model small"
        )
    assert load_stages(made)["speech-recognizer"].options["model"] == "whisper-small"
    assert model_config.way_back(made) == config
    assert model_config.way_back(config) == config
    theirs = make_lock(config, SourceTree([PROJECT])).text
    ours = make_lock(made, SourceTree([PROJECT])).text
    version = named(yaml.safe_load(theirs), "speech-recognizer")["runtime_env"]
    assert named(yaml.safe_load(ours), "speech-recognizer")["runtime_env"] == version
