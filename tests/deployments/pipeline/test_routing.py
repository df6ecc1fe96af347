"""Dividing calls between the versions of a stage."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from callytics.store import new_call_id
from deployments.pipeline.routing import Assignment, Routing, assign, check_routes, read_routing

STAGE = "speech-recognizer"
V2, V3 = "speech-recognizer-v2", "speech-recognizer-v3"
DEFAULTS = {stage: stage for stage in ENGINE_STAGES}


def routing(**route: object) -> Routing:
    return read_routing({"routes": {STAGE: route}})


def assigned(to: Routing, call_id: str, finished: str = "", seed: int = 0) -> Assignment:
    earlier = {STAGE: finished} if finished else {}
    return assign(to, DEFAULTS, call_id, earlier, random.Random(seed))[STAGE]


def test_without_routes_every_stage_works_for_itself() -> None:
    found = assign(read_routing(None), DEFAULTS, "c1", {}, random.Random(0))
    assert found == {stage: Assignment(stage) for stage in ENGINE_STAGES}


def test_stage_without_weights_goes_to_its_default() -> None:
    defaults = DEFAULTS | {STAGE: V3}
    found = assign(routing(shadow={V2: 1}), defaults, "c1", {}, random.Random(0))
    assert found[STAGE] == Assignment(V3, (V2,))


@pytest.mark.parametrize("sticky", [True, False])
def test_shares_follow_the_weights(sticky: bool) -> None:
    to = routing(weights={STAGE: 70, V2: 20, V3: 10}, sticky=sticky)
    draws = random.Random(1)
    found = [assign(to, DEFAULTS, f"call-{i}", {}, draws)[STAGE].application for i in range(5000)]
    shares = {name: count / 5000 for name, count in Counter(found).items()}
    assert shares == pytest.approx({STAGE: 0.7, V2: 0.2, V3: 0.1}, abs=0.025)  # over 3.8 standard errors


def test_sticky_means_the_same_version_whenever_asked() -> None:
    to = routing(weights={STAGE: 1, V2: 1})
    for call_id in (new_call_id() for _ in range(50)):
        assert {assigned(to, call_id, seed=seed).application for seed in range(5)} in ({STAGE}, {V2})


def test_not_sticky_means_drawn_anew() -> None:
    to = routing(weights={STAGE: 1, V2: 1}, sticky=False)
    assert {assigned(to, "c1", seed=seed).application for seed in range(20)} == {STAGE, V2}


@given(st.integers(0, 10**9), st.floats(1, 100), st.floats(0, 100), st.floats(0, 100))
def test_growing_weight_moves_calls_to_that_version_only(
    number: int, first: float, second: float, growth: float
) -> None:
    before = assigned(routing(weights={STAGE: first, V2: second, V3: 5}), f"call-{number}")
    after = assigned(routing(weights={STAGE: first, V2: second + growth, V3: 5}), f"call-{number}")
    assert after.application in (before.application, V2)


def test_experiments_on_two_stages_do_not_pick_the_same_calls() -> None:
    half = {"weights": {"a": 1, "b": 1}}
    to = read_routing({"routes": {STAGE: half, "llm-analyzer": half}})
    found = [assign(to, DEFAULTS, f"call-{i}", {}, random.Random(0)) for i in range(2000)]
    both = sum(f[STAGE].application == f["llm-analyzer"].application for f in found)
    assert both / 2000 == pytest.approx(0.5, abs=0.05)


def test_finished_stage_keeps_its_version_while_that_takes_calls() -> None:
    for to in (routing(weights={STAGE: 99, V2: 1}), routing(weights={STAGE: 99, V2: 1}, sticky=False)):
        assert {assigned(to, f"c{i}", finished=V2).application for i in range(50)} == {V2}
    drained = routing(weights={STAGE: 1, V2: 0})
    assert assigned(drained, "c1", finished=V2).application == STAGE
    assert assigned(read_routing(None), "c1", finished=V2).application == STAGE


def test_shadow_runs_on_its_share_and_never_beside_itself() -> None:
    shadowed = [assigned(routing(shadow={V2: 0.25}), f"call-{i}").shadows for i in range(4000)]
    assert shadowed.count((V2,)) / 4000 == pytest.approx(0.25, abs=0.03)
    both = routing(weights={STAGE: 1, V2: 1}, shadow={STAGE: 1, V2: 1})
    for call_id in (f"call-{i}" for i in range(50)):
        found = assigned(both, call_id)
        assert {found.application, *found.shadows} == {STAGE, V2}
        assert len(found.shadows) == 1


@pytest.mark.parametrize(
    ("user_config", "says"),
    [
        ({"routes": {"speech-recogniser": {}}}, "no stage is named speech-recogniser"),
        ({"routes": {STAGE: {"weights": {STAGE: 0}}}}, "every weight is 0"),
        ({"routes": {STAGE: {"weights": {STAGE: -1}}}}, "greater than or equal to 0"),
        ({"routes": {STAGE: {"shadow": {V2: 1.5}}}}, "less than or equal to 1"),
        ({"routes": {STAGE: {"weight": {STAGE: 1}}}}, "Extra inputs"),
        ({"route": {}}, "Extra inputs"),
        ("speech-recognizer-v2", "valid dictionary"),
    ],
)
def test_wrong_configuration_is_refused_in_one_line(user_config: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        read_routing(user_config)
    assert "\n" not in raised.value.message


def test_the_examples_of_the_documentation_are_right() -> None:
    root = Path(__file__).parents[3]
    documented = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    config = (root / "serve_config.cpu.yaml").read_text(encoding="utf-8")
    commented = "\n".join(re.findall(r"^        # (.*)$", config, re.MULTILINE)) + "\n"
    found = [
        yaml.safe_load(block)["user_config"]
        for text in (documented, commented)
        for block in re.findall(r"^user_config:\n(?: .*\n)+", text, re.MULTILINE)
    ]
    assert len(found) == 2
    assert all(read_routing(user_config).routes for user_config in found)


def document(user_config: object) -> dict[str, object]:
    pipeline = {
        "name": "call-pipeline",
        "import_path": "deployments.call_pipeline:build",
        "deployments": [{"name": "CallPipeline", "user_config": user_config}],
    }
    return {"applications": [{"name": STAGE}, {"name": V2}, pipeline]}


def test_deploy_refuses_routes_that_lead_nowhere() -> None:
    check_routes(document(None))
    check_routes(document({"routes": {STAGE: {"weights": {STAGE: 9, V2: 1}}}}))
    for route in ({"weights": {STAGE: 9, V3: 1}}, {"shadow": {V3: 1}}):
        with pytest.raises(ConfigError, match=f"leads to {V3}, which is no application"):
            check_routes(document({"routes": {STAGE: route}}))
    with pytest.raises(ConfigError, match="no stage is named"):
        check_routes(document({"routes": {"recognizer": {}}}))
