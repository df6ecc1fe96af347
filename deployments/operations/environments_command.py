"""`python -m deployments.operations.environments_command CONFIG`: the environments of a Serve config on this node.

`callytics up` does it by itself on one machine; the nodes of a cluster (tools/cluster_node.sh) and the image of
kubernetes/Dockerfile do it by this command: a node those that it can have replicas of, the image all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from callytics.errors import CallyticsError
from callytics.home import resources
from deployments.operations import local, serve_file
from deployments.operations.environments import build_environments, environment_names, names_for_this_node


def main(
    config: Path,
    which: Annotated[
        Literal["all", "node"],
        typer.Option(
            "--for", help="node: without those of GPU stages where this machine has no NVIDIA card."
        ),
    ] = "all",
) -> None:
    """Exit code 1, and one line, when an environment cannot be built."""
    home = local.home_folder()
    try:
        document = serve_file.read_config(config)
        names = environment_names(document) if which == "all" else names_for_this_node(document, home)
        build_environments(names, resources.pins_folder(config), home)
    except CallyticsError as error:
        typer.secho(f"error: {error.message} [{error.code}]", fg="red", err=True)
        sys.exit(1)
    typer.echo(f"{len(names)} environments in {home / 'envs'}: {', '.join(names)}")


if __name__ == "__main__":
    typer.run(main)
