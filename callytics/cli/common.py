"""Shared by the commands of every package: the groups of `callytics --help`, and the option that names the engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callytics.home import resources

GRAPH, CALLS, QUALITY, DATA = PANELS = ("Graph", "Calls", "Quality", "Data")
"""Values of rich_help_panel, in display order."""

CPU_CONFIG = Path("serve_config.cpu.yaml")  # in this folder, else the one in the package
ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", help="The Serve config file that names the engines.", callback=resources.config_file
    ),
]
