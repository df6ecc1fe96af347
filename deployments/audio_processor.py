"""audio-processor: decodes, measures and converts recordings."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class AudioProcessor(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return AudioProcessor.bind("audio-processor", args.model_dump())  # type: ignore[attr-defined, no-any-return]
