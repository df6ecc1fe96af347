"""What the commands of every package share: the groups of `callytics --help`, and the option that names the engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callytics.home import resources

GRAPH, CALLS, QUALITY, DATA = PANELS = ("Graph", "Calls", "Quality", "Data")
"""Of rich_help_panel, in the order in which they are shown."""

CPU_CONFIG = Path("serve_config.cpu.yaml")  # of this folder, else the one that comes with Callytics
ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", help="The Serve config file that names the engines.", callback=resources.config_file
    ),
]
