"""Make serve_config.ab.yaml from serve_config.yaml: a second engine in the shadow of two stages, on the same card.

    .venv/bin/python tools/make_ab_config.py     then: callytics lock serve_config.ab.yaml (`make lock-serve`: both)

Only what is added is written here; everything else follows serve_config.yaml, and tests/deployments/test_ab_config.py
fails where the file does not.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "serve_config.yaml"
TARGET = ROOT / "serve_config.ab.yaml"
PIPELINE = "call-pipeline"

SHARE_OF_CALLS = 0.05
"""The share on which a second version works as well: one call in twenty."""

ADDED: dict[str, dict[str, Any]] = {
    "speaker-diarizer": {
        "name": "speaker-diarizer-nemo",
        "engine": "callytics.engines.diarization.nemo_sortformer:SortformerDiarizer",
        "options": {
            "model": "nvidia/diar_streaming_sortformer_4spk-v2.1",
            "revision": "fafaab5faa1617a0ca52d38dd3dc4bd636800d3d",
            "device": "cuda",
        },
        "environment": "speaker-diarizer-nemo",
        "num_gpus": 0.1,
        "why": (
            "NeMo's Sortformer beside pyannote. 2.4 GB, computed: 471 MB of weights (the .nemo file), 0.4 GB of CUDA, "
            "and a call in chunks, so that memory does not grow with it."
        ),
    },
    "speech-recognizer": {
        "name": "speech-recognizer-v2",
        "engine": "callytics.engines.recognition.transformers_whisper:TransformersWhisperRecognizer",
        "options": {
            "model": "openai/whisper-large-v3-turbo",
            "revision": "41f01f3fe87f28c78e2fbf8b568835947dd65ed9",
            "device": "cuda",
            "dtype": "float16",
            "batch_size": 4,
            "likely_languages": ["ko", "en"],
        },
        "environment": "speech-recognizer-transformers",
        "num_gpus": 0.15,
        "why": (
            "Whisper on transformers beside faster-whisper. 3.6 GB, computed: 1.6 GB of weights in float16, 0.4 GB of "
            "CUDA, four windows with 20 heads of attention (1,500 x 1,500) at once, and the caches of 20 hypotheses."
        ),
    },
}

HEAD = """\
# Made by tools/make_ab_config.py from serve_config.yaml; edit those, not this. `make lock-serve` makes it anew.
#
# serve_config.yaml, whose head explains the fields, with a second engine in the shadow of two stages: on {share:.0%}
# of the calls it works on the same inputs, and its results are kept beside (docs/operations.md, "A/B tests").
#
#     callytics doctor --config serve_config.ab.yaml
#     callytics up --config serve_config.ab.yaml
{compare}
#
# What it adds to the card, in shares of one {gb} GB card as in serve_config.yaml; computed, not yet run on a card:
{added}
# {total:g} of the card are taken, {left:g} are left: no stage on it can surge or scale while the comparison runs.
# The two shadows therefore have one replica each and are replaced without overlap. Deploy other changes of GPU
# stages after the comparison: `callytics deploy serve_config.yaml` ends it.

"""


def made() -> str:
    """
    Raises:
        ValueError: the shares of a card are more than one.
    """
    text = SOURCE.read_text(encoding="utf-8")
    document = without_versions(yaml.safe_load(text))
    total = sum(share for app in document["applications"] for share in _shares(app))
    routes: dict[str, Any] = {}
    applications = []
    for application in document["applications"]:
        applications.append(application)
        if addition := ADDED.get(application["name"]):
            applications.append(_second(application, addition))
            routes[application["name"]] = {"shadow": {addition["name"]: SHARE_OF_CALLS}}
            total += addition["num_gpus"]
    if total > 1 + 1e-9:
        raise ValueError(
            f"the stages take {total:g} of a card together; lower a share in {Path(__file__).name}"
        )
    document["applications"] = applications
    (pipeline,) = (app for app in applications if app["name"] == PIPELINE)
    pipeline["deployments"][0].setdefault("user_config", {})["routes"] = routes
    return _head(text, total) + _dumped(document)


def without_versions(document: dict[str, Any]) -> dict[str, Any]:
    """A Serve file before `callytics lock`."""
    result = copy.deepcopy(document)
    for application in result["applications"]:
        application.get("runtime_env", {}).get("env_vars", {}).pop("CALLYTICS_VERSION", None)
        if application.get("runtime_env") == {"env_vars": {}}:
            application.pop("runtime_env")
        for runtime_env in _runtime_envs(application):
            runtime_env["py_executable"] = runtime_env["py_executable"].partition("@")[0]
    return result


def _runtime_envs(application: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for deployment in application["deployments"]:
        runtime_env = (deployment.get("ray_actor_options") or {}).get("runtime_env") or {}
        if "py_executable" in runtime_env:
            yield runtime_env


def _shares(application: dict[str, Any]) -> Iterator[float]:
    for deployment in application["deployments"]:
        yield float((deployment.get("ray_actor_options") or {}).get("num_gpus") or 0)


def _second(first: dict[str, Any], addition: dict[str, Any]) -> dict[str, Any]:
    second = copy.deepcopy(first) | {"name": addition["name"]}
    second["args"] = {"engine": addition["engine"], "options": dict(addition["options"])}
    (deployment,) = second["deployments"]
    deployment.pop("autoscaling_config", None)
    deployment |= {"num_replicas": 1, "max_surge_percent": 0}
    deployment["ray_actor_options"] = {
        "num_cpus": 1,
        "num_gpus": addition["num_gpus"],
        "runtime_env": {"py_executable": f"callytics-python {addition['environment']}"},
    }
    return second


def _head(text: str, total: float) -> str:
    (gb,) = set(re.findall(r"shares of one (\d+) GB card", text))
    compare = "".join(f"#     callytics compare {stage} {one['name']}\n" for stage, one in ADDED.items())
    added = "".join(f"#     {one['name']:<22} {one['num_gpus']:g}  {one['why']}\n" for one in ADDED.values())
    return HEAD.format(
        share=SHARE_OF_CALLS,
        compare=compare.rstrip(),
        gb=gb,
        added=_wrapped(added).rstrip(),
        total=round(total, 3),
        left=round(1 - total, 3),
    )


def _wrapped(lines: str, width: int = 118) -> str:
    """Comments of at most ``width`` characters, the rest of each under the beginning of its words."""
    made = []
    for line in lines.splitlines():
        while len(line) > width:
            cut = line.rindex(" ", 0, width)
            made.append(line[:cut])
            line = f"#{'':<33}{line[cut + 1 :]}"
        made.append(line)
    return "".join(f"{line}\n" for line in made)


class _Dumper(yaml.SafeDumper):
    """Lists under their key are indented, as in the file that this one is made of; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _dumped(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    try:
        TARGET.write_text(made(), encoding="utf-8")
    except ValueError as error:
        sys.exit(f"error: {error}")
    print(TARGET.relative_to(ROOT))
