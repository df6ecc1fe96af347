"""What a deploy would change, and what each change means for the replicas."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from deployments.operations.config_changes import Change, Difference, Effect, changes, fixed_options
from deployments.operations.launcher import overlay
from deployments.replica.environment import VERSION

RUNS = "cpu/punctuation-restorer@0.2.0+000000000000.aaaaaaaaaaaa"
APPLICATION: dict[str, Any] = {
    "name": "punctuation-restorer",
    "route_prefix": None,
    "import_path": "deployments.punctuation_restorer:build",
    "args": {"engine": "a:B", "options": {"beam": 5, "languages": ["ko"]}},
    "runtime_env": {"env_vars": {VERSION: RUNS}},
    "deployments": [
        {
            "name": "PunctuationRestorer",
            "num_replicas": 1,
            "ray_actor_options": {
                "num_cpus": 0.1,
                "runtime_env": {"py_executable": f"callytics-python {RUNS}"},
            },
        }
    ],
}


@pytest.fixture
def edited() -> dict[str, Any]:
    return copy.deepcopy(APPLICATION)


def change(edited: dict[str, Any], folder: Path = Path("nowhere")) -> Change | None:
    name = APPLICATION["name"]
    found = changes({name: APPLICATION}, {name: edited}, folder / "home", folder / "pins")
    assert len(found) <= 1
    return found[0] if found else None


def test_the_same_is_no_change(edited: dict[str, Any]) -> None:
    assert change(edited) is None
    edited["deployments"][0]["user_config"] = {}
    assert change(edited) is None


@pytest.mark.parametrize(
    ("block", "key", "value", "what"),
    [
        ("args", "engine", "a:C", "engine"),
        ("options", "beam", 1, "options.beam"),
        ("options", "languages", ["ko", "en"], "options.languages"),
        ("actor", "num_cpus", 0.5, "num_cpus"),
        (
            "environment",
            "py_executable",
            "callytics-python cpu/other@0.2.0+000000000000.aaaaaaaaaaaa",
            "environment",
        ),
        ("variables", VERSION, RUNS.replace("000000000000", "111111111111"), "code"),
    ],
)
def test_restarting_changes_of_a_stage(
    edited: dict[str, Any], block: str, key: str, value: Any, what: str
) -> None:
    (deployment,) = edited["deployments"]
    places = {
        "args": edited["args"],
        "options": edited["args"]["options"],
        "actor": deployment["ray_actor_options"],
        "environment": deployment["ray_actor_options"]["runtime_env"],
        "variables": edited["runtime_env"]["env_vars"],
    }
    places[block][key] = value
    found = change(edited)
    assert found is not None
    assert found.effect is Effect.RESTARTS
    assert [difference.what for difference in found.differences] == [what]


@pytest.mark.parametrize(
    ("key", "value"),
    [("num_replicas", 2), ("user_config", {"weights": {"a": 1}}), ("max_ongoing_requests", 4)],
)
def test_changes_in_place(edited: dict[str, Any], key: str, value: Any) -> None:
    edited["deployments"][0][key] = value
    found = change(edited)
    assert found is not None
    assert found.effect is Effect.IN_PLACE


def test_option_that_is_gone_is_said_to_be(edited: dict[str, Any]) -> None:
    del edited["args"]["options"]["beam"]
    found = change(edited)
    assert found is not None
    assert found.differences == (Difference("options.beam", "5", ""),)


def test_changed_pins_are_told_package_by_package(edited: dict[str, Any], tmp_path: Path) -> None:
    built = overlay(tmp_path / "home" / "envs", "cpu/punctuation-restorer@aaaaaaaaaaaa")
    site = built / "lib" / "python3.11" / "site-packages"
    for name, version in (("kiwipiepy", "0.23.0"), ("Same_Thing", "1.0")):
        folder = site / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    pins = tmp_path / "pins/cpu/punctuation-restorer.txt"
    pins.parent.mkdir(parents=True)
    pins.write_text("kiwipiepy==0.24.1\nsame-thing==1.0\nnew==2.0\n")
    environment = edited["deployments"][0]["ray_actor_options"]["runtime_env"]
    version = "cpu/punctuation-restorer@0.2.0+000000000000.bbbbbbbbbbbb"
    environment["py_executable"] = f"callytics-python {version}"
    edited["runtime_env"]["env_vars"][VERSION] = version
    found = change(edited, tmp_path)
    assert found is not None
    assert found.differences == (
        Difference("pins of cpu/punctuation-restorer", "aaaaaaaaaaaa", "bbbbbbbbbbbb"),
        Difference("kiwipiepy", "0.23.0", "0.24.1"),
        Difference("new", "", "2.0"),
    )


def test_changed_code_is_one_difference_wherever_the_version_stands(edited: dict[str, Any]) -> None:
    version = "cpu/punctuation-restorer@0.3.0+111111111111.aaaaaaaaaaaa"
    environment = edited["deployments"][0]["ray_actor_options"]["runtime_env"]
    environment["py_executable"] = f"callytics-python {version}"
    edited["runtime_env"]["env_vars"][VERSION] = version
    found = change(edited)
    assert found is not None
    assert found.effect is Effect.RESTARTS
    assert found.differences == (Difference("code", "0.2.0+000000000000", "0.3.0+111111111111"),)


def test_applications_come_and_go() -> None:
    found = changes({"old": APPLICATION}, {"new": APPLICATION}, Path("nowhere"), Path("nowhere"))
    assert [(change.application, change.effect) for change in found] == [
        ("new", Effect.STARTS),
        ("old", Effect.REMOVED),
    ]


def test_options_of_the_proxy_stay_as_they_are() -> None:
    running = {"http_options": {"host": "127.0.0.1", "port": 8000}, "proxy_location": "HeadOnly"}
    same = {"http_options": {"port": 8000}, "proxy_location": "HeadOnly", "applications": []}
    other = {"http_options": {"host": "0.0.0.0"}, "proxy_location": "EveryNode", "applications": []}
    assert fixed_options(running, same) == ()
    assert fixed_options(running, other) == (
        Difference("proxy_location", "HeadOnly", "EveryNode"),
        Difference("http_options.host", "127.0.0.1", "0.0.0.0"),
    )
