"""sentiment-analyzer: sentiment per turn, telling words, communication quality."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class SentimentAnalyzer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return SentimentAnalyzer.bind("sentiment-analyzer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
