"""Several small stages in one replica: an application whose ``args`` are a placement.

A replica of its own costs a machine with two cores more than a small stage's work: a process that Ray wakes up all day,
and two that Serve starts for it. Each placed stage is what it is alone: an EngineReplica with its own threads, options,
version and log lines, named by its address, ``<application>.<stage>``. What they share is the process: its environment,
and its end. docs/adr/0036-small-stages-in-one-replica.md says when to use it.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from ray import serve
from ray.serve import Application

from callytics.config import ENGINE_STAGES, placed_address
from callytics.engines.analysis import endpoints
from callytics.errors import ConfigError
from deployments.replica.answers import Refused
from deployments.replica.environment import prepare_environment
from deployments.replica.llm_transport import HandleTransport
from deployments.replica.log_fields import in_stage
from deployments.replica.logs import to_serve_log
from deployments.stage import EngineArgs, EngineReplica, InstalledPackage, StageInfo, StageOutput

OF_A_DEPLOYMENT = ("runtime_env", "ray_actor_options", "num_replicas", "user_config")


class PlacementArgs(BaseModel):
    """The ``args`` of an application that holds several stages.

    Attributes:
        placement: stage -> what would be the ``args`` of its own application.
    """

    model_config = ConfigDict(extra="forbid")

    placement: dict[str, EngineArgs] = Field(min_length=1)

    @field_validator("placement", mode="before")
    @classmethod
    def _stages_of_one_process(cls, value: Any) -> Any:
        for stage, block in value.items() if isinstance(value, dict) else ():
            if stage not in ENGINE_STAGES:
                raise ValueError(f"no stage is named {stage}; there are {', '.join(ENGINE_STAGES)}")
            if own := [name for name in OF_A_DEPLOYMENT if isinstance(block, dict) and name in block]:
                raise ValueError(
                    f"{stage} has {', '.join(own)} of its own, but placed stages share one process; leave it in an "
                    "application of its own"
                )
        return value


@serve.deployment
class PlacedStages:
    """One replica with the engines of several stages.

    Args:
        args: stage -> see EngineArgs.
    """

    def __init__(self, args: dict[str, dict[str, Any]]) -> None:
        to_serve_log()  # first, so that lines of no stage have the application's name, not that of one of them
        endpoints.provide(HandleTransport)
        application = serve.get_replica_context().app_name
        self._stages = {
            stage: EngineReplica(stage, of_one, placed_address(application, stage))
            for stage, of_one in args.items()
        }

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """``user_config``: stage -> see BatchConfig.

        Raises:
            ConfigError: it names a stage that is not here, or batches are asked of an engine that takes none.
        """
        if unknown := sorted(set(user_config) - set(self._stages)):
            raise ConfigError("config_invalid", f"user_config names {', '.join(unknown)}, not placed here.")
        for stage, replica in self._stages.items():
            replica.reconfigure(user_config.get(stage, {}))

    async def run(self, stage: str, *inputs: Any) -> StageOutput | Refused:
        """The engine of a stage on the outputs of earlier ones, or on plain values."""
        replica = self._stages[stage]
        with in_stage(replica.log_fields):
            return await replica(*inputs)

    async def call(self, stage: str, method: str, *args: Any) -> Any:
        """Another public method of the engine of a stage."""
        replica = self._stages[stage]
        with in_stage(replica.log_fields):
            return await replica.call(method, *args)

    def describe(self, stage: str) -> StageInfo:
        return self._stages[stage].describe()

    def describe_all(self) -> tuple[StageInfo, ...]:
        """Every stage that is placed here."""
        return tuple(replica.describe() for replica in self._stages.values())

    def installed(self, stage: str, packages: list[str]) -> dict[str, InstalledPackage]:
        return self._stages[stage].installed(packages)

    def check_health(self) -> None:
        """One stage whose engine is broken has all of them replaced: it is their process."""
        for replica in self._stages.values():
            replica.check_health()

    def __del__(self) -> None:
        """Serve calls it when the last request has ended."""
        for replica in getattr(self, "_stages", {}).values():
            replica.__del__()


def build(args: PlacementArgs) -> Application:
    prepare_environment()
    placement = {stage: of_one.model_dump() for stage, of_one in args.placement.items()}
    return PlacedStages.bind(placement)  # type: ignore[attr-defined, no-any-return]
