"""`python -m deployments.operations.environments_command CONFIG`: all environments of a Serve config on this node.

`callytics up` does it by itself on one machine; the nodes of a cluster (tools/cluster_node.sh) and the image of
kubernetes/Dockerfile do it by this command.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from callytics.errors import CallyticsError
from callytics.home import resources
from deployments.operations import local
from deployments.operations.environments import build_environments, environment_names


def main(config: Path) -> None:
    """Exit code 1, and one line, when an environment cannot be built."""
    home = local.home_folder()
    try:
        names = environment_names(local.read_config(config))
        build_environments(names, resources.pins_folder(config), home)
    except CallyticsError as error:
        typer.secho(f"error: {error.message} [{error.code}]", fg="red", err=True)
        sys.exit(1)
    typer.echo(f"{len(names)} environments in {home / 'envs'}: {', '.join(names)}")


if __name__ == "__main__":
    typer.run(main)
