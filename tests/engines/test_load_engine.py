"""An engine that cannot load says which stage, which package, which file, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from callytics.config import StageConfig
from callytics.engines import load_engine
from callytics.errors import ConfigError, EngineUnavailableError

PROJECT = Path(__file__).resolve().parents[2]
SEED_ENGINES = [
    ("speech-recognizer", "recognition.transformers_whisper:TransformersWhisperRecognizer", "torch"),
    (
        "punctuation-restorer",
        "punctuation.deep_multilingual:DeepMultilingualPunctuationRestorer",
        "deepmultilingualpunctuation",
    ),
    ("punctuation-restorer", "punctuation.routed:RoutedPunctuationRestorer", "deepmultilingualpunctuation"),
    ("sentiment-analyzer", "sentiment.prototype:PrototypeSentimentAnalyzer", "sentence_transformers"),
    (
        "sentiment-analyzer",
        "sentiment.transformers_classifier:TransformersSentimentAnalyzer",
        "transformers",
    ),
]


@pytest.mark.parametrize(("stage", "engine", "package"), SEED_ENGINES)
def test_missing_package_is_reported(
    stage: str, engine: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed, wherever this runs
    with pytest.raises(EngineUnavailableError) as caught:
        load_engine(StageConfig(stage, f"callytics.engines.{engine}"))
    message = caught.value.message
    assert caught.value.code == "engine_not_installed"
    for told in (stage, engine, repr(package), "callytics-python", "pip install -r runtime_envs/"):
        assert told in message
    file = message.partition("pip install -r ")[2].split()[0]
    assert (PROJECT / file).is_file()
    assert package.replace("_", "-").lower() in (PROJECT / file).read_text(encoding="utf-8")


def test_the_embedded_engines_name_the_file_of_their_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    with pytest.raises(EngineUnavailableError, match=r"runtime_envs/cpu/punctuation-restorer\.txt"):
        load_engine(
            StageConfig("punctuation-restorer", "callytics.engines.punctuation.kiwi:KiwiPunctuationRestorer")
        )


@pytest.mark.parametrize(
    "engine", ["callytics.engines.nothing:Engine", "callytics.engines.sentiment.prototype:No"]
)
def test_unknown_engine_is_rejected(engine: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_engine(StageConfig("sentiment-analyzer", engine))
    assert caught.value.code == "engine_unknown"


def test_unknown_option_is_rejected() -> None:
    config = StageConfig(
        "sentiment-analyzer",
        "callytics.engines.sentiment.prototype:PrototypeSentimentAnalyzer",
        {"modle": "x"},
    )
    with pytest.raises(ConfigError, match="modle"):
        load_engine(config)


def test_the_gpu_graph_names_the_environment_of_each_engine() -> None:
    """serve_config.yaml must not run an engine in another engine's packages."""
    import importlib

    path = PROJECT / "serve_config.yaml"
    for application in yaml.safe_load(path.read_text(encoding="utf-8"))["applications"]:
        engine = str(application.get("args", {}).get("engine", ""))
        module, _, name = engine.partition(":")
        environment = engine and getattr(getattr(importlib.import_module(module), name), "environment", None)
        if environment:
            runtime_env = application["deployments"][0]["ray_actor_options"]["runtime_env"]
            assert runtime_env["py_executable"].split()[-1].partition("@")[0] == environment
