"""punctuation-restorer: punctuation, spacing and sentences."""

from ray import serve
from ray.serve import Application

from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class PunctuationRestorer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    return PunctuationRestorer.bind("punctuation-restorer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
