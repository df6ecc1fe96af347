"""Options out of range are refused before weights are loaded, with the range in the message."""

from __future__ import annotations

import math
from typing import Any

import pytest

from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.engines.recognition.options import voice_activity_from
from callytics.engines.recognition.transformers_whisper import TransformersWhisperRecognizer
from callytics.errors import ConfigError

WRONG: list[tuple[str, Any]] = [
    ("vad_threshold", 0.0),
    ("vad_threshold", 1.0),
    ("vad_threshold", -0.5),
    ("vad_threshold", math.nan),
    ("vad_threshold", "0.5"),
    ("vad_threshold", True),
    ("min_speech_s", -0.1),
    ("min_silence_s", -1.0),
    ("min_silence_s", 31.0),
    ("pad_s", -0.1),
    ("pad_s", math.inf),
    ("mono_pad_s", -0.1),
    ("mono_pad_s", 31.0),
    ("beam_size", 0),
    ("beam_size", 2.5),
    ("beam_sizes", {"ko": 0}),
    ("beam_sizes", {"korean": 8}),
    ("beam_sizes", {"ko": None}),
    ("beam_sizes", 8),
    ("mono_timestamp_languages", "en"),
    ("mono_timestamp_languages", ["english"]),
    ("mono_timestamp_languages", 8),
    ("mono_before_languages", "en"),
    ("mono_before_languages", ["english"]),
    ("batch_size", 0),
    ("long_call_batch_size", 0),
    ("detection_windows", 0),
    ("cpu_threads", -1),
]


@pytest.mark.parametrize(("option", "value"), WRONG)
def test_option_out_of_range_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"{option.removeprefix('vad_')}.* set it to") as caught:
        FasterWhisperRecognizer("/no/such/model", **{option: value})
    assert caught.value.code == "engine_options_invalid"


@pytest.mark.parametrize("options", [{"beam_size": 0}, {"voice_activity": {"threshold": 2.0}}])
def test_option_out_of_range_is_refused_on_transformers(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="set it to"):
        TransformersWhisperRecognizer("/no/such/model", **options)


def test_unknown_voice_activity_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="voice_activity has no treshold; there are: threshold, "):
        voice_activity_from({"treshold": 0.5})


def test_voice_activity_options_are_taken() -> None:
    assert voice_activity_from({"threshold": 0.15, "min_silence_s": 1}).threshold == 0.15
