"""llm-analyzer: summary, topic, issue, outcome and action items."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class LlmAnalyzer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return LlmAnalyzer.bind("llm-analyzer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
