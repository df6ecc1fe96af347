"""The versions of the applications in a Serve configuration file: written there, as a lock file is.

With them `serve deploy FILE` does what `callytics deploy FILE` does: the file says which code and pins it means, so Ray
Serve sees what an edit concerns. Only values are replaced and a line is added where there was none: comments and layout
stay (docs/adr/0016-the-serve-file-is-its-own-lock.md).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from callytics import settings
from callytics.errors import ConfigError
from callytics.home import resources
from deployments.operations import local, runs, serve_file
from deployments.operations.code_revision import SourceTree
from deployments.operations.environments import runtime_envs
from deployments.operations.preparation import versioned
from deployments.replica.environment import VERSION

_VERSIONS = re.compile(r"@?\d[^\s@{},]*\+[0-9a-f]{12}(?:\.[0-9a-f]{12})?")
_CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}\n(?P<theirs>.*?)^>{7}[^\n]*\n",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Lock:
    """
    Attributes:
        config: the file.
        text: what it should say; "" where its YAML is written in a way that cannot be edited (aliases).
        outdated: the names of the applications whose version in the file is not that of today's code and pins.
    """

    config: Path
    text: str
    outdated: tuple[str, ...]

    def check(self) -> None:
        """
        Raises:
            ConfigError: ``lock_outdated``.
        """
        if self.outdated:
            raise ConfigError(
                "lock_outdated",
                f"{self.config} is not locked to the code and pins of this folder: {', '.join(self.outdated)}. "
                f"Run: callytics lock {self.config}",
            )

    def write(self) -> None:
        """Whole or not at all.

        Raises:
            ConfigError: ``lock_not_written``.
        """
        if not self.text:
            raise ConfigError(
                "lock_not_written",
                f"{self.config} shares blocks by YAML aliases; give each application its own runtime_env.",
            )
        target = self.config.resolve()  # a link stays one
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            temporary.write_text(self.text, encoding="utf-8", newline="")
            temporary.chmod(target.stat().st_mode & 0o777)
            temporary.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise ConfigError("lock_not_written", f"{self.config} cannot be written: {error}") from error


def sources_of_today() -> SourceTree:
    """The code that the graph of this folder imports, or would import if `callytics up` started it now."""
    run = runs.running(settings.own_home())
    if run is not None:
        return local.sources(run)
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return SourceTree([local.PROJECT, *(Path(entry) for entry in entries if entry)])


def make_lock(
    config: Path, sources: SourceTree, *, pins_folder: Path | None = None, only: str | None = None
) -> Lock:
    """Compare a file with the code and pins of today; changes nothing.

    Args:
        only: the name of one application; the versions of all others stay as the file has them.

    Raises:
        ConfigError: the file is missing or wrong, a pin file is missing, or code is no Python.
    """
    text = _merged(serve_file.read_text(config))
    document = serve_file.parse_config(text, config)
    chosen = [app for app in document["applications"] if only in (None, app["name"])]
    pins_folder = pins_folder or resources.pins_folder(config)
    wanted = {
        app["name"]: app for app in versioned({"applications": chosen}, pins_folder, sources)["applications"]
    }
    outdated = tuple(app["name"] for app in chosen if wanted[app["name"]] != app)
    target = {**document, "applications": [wanted.get(app["name"], app) for app in document["applications"]]}
    edited = _edited(text, wanted)
    return Lock(config, edited if _reads_as(edited, target) else "", outdated)


def _merged(text: str) -> str:
    """Without the conflicts of a merge that are about versions only, which the lock answers anyway."""

    def ours(conflict: re.Match[str]) -> str:
        sides = (_VERSIONS.sub("", conflict[side]) for side in ("ours", "theirs"))
        return conflict["ours"] if len(set(sides)) == 1 else conflict[0]

    return _CONFLICT.sub(ours, text)


def _reads_as(text: str, target: Mapping[str, Any]) -> bool:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return bool(document["applications"] == target["applications"])


# ---------------------------------------------------------------- editing YAML


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def _edited(text: str, wanted: Mapping[str, Any]) -> str:
    """The text with these applications' versions, by the places that the parser tells."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits: list[_Edit] = []
    for node in _value(root, "applications").value:
        application = wanted.get(_value(node, "name").value)
        if application is not None:
            edits += _edits(text, node, application)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _edits(text: str, node: Any, application: Mapping[str, Any]) -> Iterator[_Edit]:
    yield _of_variable(text, node, application["runtime_env"]["env_vars"][VERSION])
    blocks = _value(node, "deployments")
    for block, runtime_env in zip(blocks.value if blocks else (), runtime_envs(application), strict=True):
        place = _value(_value(_value(block, "ray_actor_options"), "runtime_env"), "py_executable")
        if place is not None:
            yield _replaced(place, runtime_env["py_executable"])


def _of_variable(text: str, node: Any, version: str) -> _Edit:
    """The variable where it stands, or in the innermost of the blocks around it that is there."""
    entry = f"{VERSION}: {version}"
    runtime_env = _value(node, "runtime_env")
    variables = _value(runtime_env, "env_vars")
    place = _value(variables, VERSION)
    if place is not None:
        return _replaced(place, version)
    if _is_mapping(variables):
        return _inserted(variables, entry)
    if _is_mapping(runtime_env):
        return _inserted(runtime_env, f"env_vars: {{{entry}}}")
    block = f"runtime_env: {{env_vars: {{{entry}}}}}"
    if node.flow_style:
        return _inserted(node, block)
    key = next(key for key, _ in node.value if key.value == "import_path")
    line_end = re.compile(r"(?=\r?\n|\Z)").search(text, _value(node, "import_path").end_mark.index)
    assert line_end is not None
    newline = "\r\n" if text.startswith("\r", line_end.start()) else "\n"
    return _Edit(line_end.start(), line_end.start(), f"{newline}{' ' * key.start_mark.column}{block}")


def _inserted(node: Any, entry: str) -> _Edit:
    """As the first entry of a mapping."""
    if node.flow_style:
        place = node.start_mark.index + 1
        return _Edit(place, place, f"{entry}, " if node.value else entry)
    first = node.value[0][0].start_mark
    return _Edit(first.index, first.index, f"{entry}\n{' ' * first.column}")


def _replaced(node: Any, text: str) -> _Edit:
    return _Edit(node.start_mark.index, node.end_mark.index, text)


def _value(node: Any, key: str) -> Any:
    """Value of a key of a mapping; None if it has no such key."""
    found = (value for name, value in node.value if name.value == key) if _is_mapping(node) else iter(())
    return next(found, None)


def _is_mapping(node: Any) -> bool:
    return isinstance(node, yaml.MappingNode) and bool(node.value or node.flow_style)
