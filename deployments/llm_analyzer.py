"""llm-analyzer: summary, topic, issue, outcome and action items."""

from typing import Any

from ray import serve
from ray.serve import Application

from callytics.engines.analysis import endpoints
from deployments.replica.environment import prepare_environment
from deployments.replica.llm_transport import HandleTransport
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class LlmAnalyzer(EngineReplica):
    def __init__(self, stage: str, args: dict[str, Any]) -> None:
        endpoints.provide(HandleTransport)  # `endpoint: llm-server` in the options
        super().__init__(stage, args)


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return LlmAnalyzer.bind("llm-analyzer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
