"""llm-server: a language model of one's own, by OpenAI's API. No stage of the pipeline: llm-analyzer asks it.

It has no route and no port; it is reached by its Serve handle only (replica/llm_transport.py).
"""

from typing import Any

from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve import Application

from callytics.config import LLM_SERVER, stage_config
from callytics.engines import load_engine
from callytics.language_model.llama import Answer, LlamaServer
from callytics.weights.gguf_file import SERVER
from deployments.replica.environment import prepare_environment
from deployments.replica.logs import to_serve_log
from deployments.stage import StageInfo


class LlmServerArgs(BaseModel):
    """The ``args``: ``engine`` is a class, "package.module:Class", ``options`` its keyword arguments."""

    model_config = ConfigDict(extra="forbid")

    engine: str = SERVER
    options: dict[str, Any]


@serve.deployment
class LlmServer:
    def __init__(self, args: dict[str, Any]) -> None:
        config = stage_config(LLM_SERVER, args)
        to_serve_log(LLM_SERVER, config.config_hash)
        self._server: LlamaServer = load_engine(config)
        self._info = StageInfo(
            application=serve.get_replica_context().app_name,
            engine=config.engine,
            model=self._server.model,
            model_revision=self._server.model_revision,
            config_hash=config.config_hash,
        )

    async def request(self, method: str, path: str, body: bytes, within_s: float) -> Answer:
        """See LlamaServer.request. A request that its caller cancels is cancelled in llama.cpp, too."""
        return await self._server.request(method, path, body, within_s)

    def describe(self) -> StageInfo:
        return self._info

    def check_health(self) -> None:
        if not self._server.is_alive():
            raise RuntimeError("llama.cpp has ended")


def build(args: LlmServerArgs) -> Application:
    prepare_environment()
    return LlmServer.bind(args.model_dump())  # type: ignore[attr-defined, no-any-return]
