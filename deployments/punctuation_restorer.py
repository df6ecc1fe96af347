"""punctuation-restorer: punctuation, spacing and sentences."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class PunctuationRestorer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return PunctuationRestorer.bind("punctuation-restorer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
