"""What flows between the steps of one call, under keys that name a result by all that it depends on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from callytics.conversation.corrections import JUDGEMENTS
from callytics.domain import CallOptions, Correction
from deployments.stage import StageInfo


@dataclass(frozen=True)
class Output:
    """The result of a step.

    Attributes:
        key: names the result by all that it depends on.
        value: the result.
        argument: what to hand to a stage for it: the value, or a response that stands for it.
    """

    key: str
    value: Any
    argument: Any


def result_key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stage_key(stage: str, info: StageInfo, input_keys: list[str]) -> str:
    return result_key(stage, info.config_hash, info.model, info.model_revision, *input_keys)


def corrections_node(corrections: tuple[Correction, ...]) -> Output:
    known = [
        {name: value for name, value in asdict(correction).items() if name != "detail" or value}
        for correction in corrections
    ]  # without what earlier versions do not know, so that their results are still reused
    return Output(result_key(json.dumps(known, sort_keys=True)), corrections, corrections)


def relevant(step: str, item: Output) -> Output:
    """The call's options or corrections, keyed by those that the step looks at: neither corrected roles nor redaction
    nor written forms change what was heard, and a corrected mood or summary changes nothing that an engine reads."""
    if step == "correct" and isinstance(item.value, tuple):
        return corrections_node(tuple(each for each in item.value if each.kind not in JUDGEMENTS))
    if not isinstance(item.value, CallOptions):
        return item
    match step:
        case "roles":
            options = CallOptions(roles=item.value.roles)
        case "redact":
            options = CallOptions(redact_pii=item.value.redact_pii)
        case "write":
            options = CallOptions(written_forms=item.value.written_forms)
        case _:
            options = replace(item.value, roles=(), redact_pii=False, written_forms=False)
    looked_at = asdict(options)
    if not options.written_forms:
        del looked_at["written_forms"]  # so that results of a version without this option are still reused
    return Output(result_key(json.dumps(looked_at, sort_keys=True)), options, options)
