"""What a caller may ask for one call: refused before any work where an engine would refuse it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic import ValidationError

from callytics.api.schemas.submission import CallForm
from callytics.domain import CallOptions, Media
from callytics.errors import InvalidRequestError
from callytics.options.checks import check_against, checked, with_format_of
from deployments.backfill.manifest import _options

TAKEN: dict[str, list[Any]] = {
    "language": ["ko", "ko-KR", "KOREAN", "auto"],
    "agent_channel": [0, 31],
    "num_speakers": [1, 20],
    "hotwords": [("환불",), ("x" * 100,) * 100],
    "audio_format": ["mulaw", "alaw", "s16le", "g722", "gsm", "vox"],
    "audio_sample_rate_hz": [4000, 192_000],
    "audio_channels": [1, 2],
    "denoise": ["auto", "always", "never"],
}
REFUSED: dict[str, list[Any]] = {
    "language": ["xx", "klingon", "ko en"],
    "agent_channel": [-1, 32],
    "num_speakers": [-1, 0, 21],
    "hotwords": [("x" * 101,), ("x",) * 101],
    "audio_format": ["mp3"],
    "audio_sample_rate_hz": [0, -8000, 3999, 192_001],
    "audio_channels": [-1, 0, 3],
    "denoise": ["sometimes", "AUTO"],
}
FREE = {"roles", "redact_pii", "task", "known_speakers", "written_forms"}
"""Not fields of an upload, or of two values; task and known_speakers are those of the OpenAI-compatible routes."""


def test_every_option_is_walked_over() -> None:
    assert {field.name for field in fields(CallOptions)} == TAKEN.keys() | FREE == REFUSED.keys() | FREE


@pytest.mark.parametrize("name", TAKEN)
def test_the_api_and_the_library_take_and_refuse_the_same(name: str) -> None:
    for value in TAKEN[name]:
        options = checked(CallOptions(**{name: value}))
        assert form(name, value) == options
        assert checked(options) == options
    for value in REFUSED[name]:
        with pytest.raises(InvalidRequestError):
            checked(CallOptions(**{name: value}))
        with pytest.raises(ValidationError):
            form(name, value)


@pytest.mark.parametrize("name", ["audio_format", "denoise"])
def test_empty_field_of_a_form_is_not_given_and_an_empty_option_is_refused(name: str) -> None:
    """Forms of web pages send every field; a program that sets an option to "" made a mistake."""
    assert form(name, "") == CallOptions()
    with pytest.raises(InvalidRequestError):
        checked(CallOptions(**{name: ""}))


def form(name: str, value: Any) -> CallOptions:
    text = list(value) if isinstance(value, tuple) else str(value)
    return CallForm.model_validate({name: text}).options()


def test_the_agents_channel_must_be_one_of_the_recordings() -> None:
    media = Media("", "wav", "pcm_s16le", 8000, 2, 1.0)
    check_against(CallOptions(agent_channel=1), media)
    check_against(CallOptions(), media)
    check_against(CallOptions(agent_channel=1), replace(media, channels=1))  # does not apply; a flag says so
    with pytest.raises(InvalidRequestError, match="channels 0 to 1") as caught:
        check_against(CallOptions(agent_channel=2), media)
    assert caught.value.code == "agent_channel_unknown"


def test_a_manifest_is_checked_as_the_api_is() -> None:
    taken = _options({"language": "ko-KR", "num_speakers": "2"}, CallOptions(), "calls.csv")
    assert taken == CallOptions(language="ko", num_speakers=2)
    for known in ({"language": "xx"}, {"num_speakers": "0"}, {"agent_channel": "32"}):
        with pytest.raises(InvalidRequestError, match=r"calls\.csv") as caught:
            _options(dict(known), CallOptions(), "calls.csv")
        assert caught.value.code == "manifest_invalid"


@pytest.mark.parametrize("audio_format", ["g722", "gsm", "vox"])
def test_formats_of_one_channel_have_one(audio_format: str) -> None:
    assert checked(CallOptions(audio_format=audio_format, audio_channels=1)).audio_channels == 1
    with pytest.raises(InvalidRequestError, match="one channel"):
        checked(CallOptions(audio_format=audio_format, audio_channels=2))


def test_g722_has_one_sample_rate() -> None:
    with pytest.raises(InvalidRequestError, match="16000 Hz"):
        checked(CallOptions(audio_format="g722", audio_sample_rate_hz=8000))


@pytest.mark.parametrize(
    ("name", "audio_format", "rate_hz"),
    [
        ("call.ulaw", "mulaw", None),
        ("/data/2026.11/CALL.ALAW", "alaw", None),
        ("call.sln", "s16le", None),
        ("call.sln16", "s16le", 16_000),
        ("s3://bucket/call.g722", "g722", None),
        ("call.gsm", "gsm", None),
        ("call.vox", "vox", None),
        ("call.wav", None, None),
        ("call.raw", None, None),
        ("", None, None),
    ],
)
def test_an_extension_tells_the_format(name: str, audio_format: str | None, rate_hz: int | None) -> None:
    found = with_format_of(CallOptions(), name)
    assert (found.audio_format, found.audio_sample_rate_hz) == (audio_format, rate_hz)


def test_what_the_caller_says_overrules_the_extension() -> None:
    told = CallOptions(audio_format="alaw")
    assert with_format_of(told, "call.ulaw") == told
    rate = CallOptions(audio_sample_rate_hz=16_000)
    assert with_format_of(rate, "call.ulaw") == replace(rate, audio_format="mulaw")


def test_a_manifest_names_format_and_denoise() -> None:
    known = {"audio_format": "mulaw", "audio_channels": "2", "audio_sample_rate_hz": "16000"}
    found = _options(known, CallOptions(), "calls.csv")
    assert (found.audio_format, found.audio_channels, found.audio_sample_rate_hz) == ("mulaw", 2, 16_000)
    assert _options({"denoise": "always"}, CallOptions(), "calls.csv").denoise == "always"
    for row in (
        {"denoise": "sometimes"},
        {"audio_channels": "3"},
        {"audio_channels": "two"},
        {"audio_format": "mp3"},
    ):
        with pytest.raises(InvalidRequestError):
            _options(dict(row), CallOptions(), "calls.csv")
