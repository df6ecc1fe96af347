"""speaker-diarizer: who speaks when, by channels or by voices."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class SpeakerDiarizer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return SpeakerDiarizer.bind("speaker-diarizer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
