"""speech-recognizer: words with times."""

from ray import serve
from ray.serve import Application

from deployments.replica.environment import prepare_environment
from deployments.stage import EngineArgs, EngineReplica


@serve.deployment
class SpeechRecognizer(EngineReplica):
    pass


def build(args: EngineArgs) -> Application:
    prepare_environment()
    return SpeechRecognizer.bind("speech-recognizer", args.model_dump())  # type: ignore[attr-defined, no-any-return]
