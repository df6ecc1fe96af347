"""Which code a stage runs: a digest over the sources that its application really uses.

Ray Serve restarts a stage when its configuration changes, never for an edit of its code. `callytics deploy` puts
this digest into the configuration, so an edit restarts the stages that it concerns, and only them. A git hash would
restart all ten for every commit, and would miss what is not committed.

What counts for a module: its text, that of the packages around it and of every module of ours that it imports,
anywhere in it and so on, the files beside it that it names (``joinpath("lexicon_ko.tsv")``, ``/ "migrations"``), and
those elsewhere in its package to which it writes the way (``Path(__file__).parents[1] / "console"``,
``resources.files("callytics.engines.analysis.prompts").joinpath(...)``): data_files.py.
What is installed from elsewhere is not ours: pins say which version of it runs.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callytics.errors import ConfigError
from deployments.operations import data_files

INSTALLED_PACKAGES = ("callytics", "deployments")


@dataclass(frozen=True)
class _Module:
    """``imports``: full names, of which some are attributes of a module and not modules."""

    path: Path
    imports: frozenset[str]
    resources: tuple[Path, ...]
    names: frozenset[str]


class SourceTree:
    """The modules of ours, each read once.

    Args:
        folders: places of top-level modules and packages, in the order of Python's path.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)
        self._modules: dict[str, _Module | None] = {}

    def revision(self, modules: Iterable[str]) -> str:
        """12 hex digits for all that these modules consist of.

        Raises:
            ConfigError: ``code_invalid``: a file is no Python.
        """
        digest = hashlib.sha256()
        for name, path in sorted(self._files(modules)):
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def owns(self, module: str) -> bool:
        """Whether a module of this name would be ours, be it there or not."""
        top = module.partition(".")[0]
        return any(
            (folder / top / "__init__.py").is_file() or (folder / f"{top}.py").is_file()
            for folder in self._folders_of(top)
        )

    def defines(self, module: str, name: str) -> bool:
        """Whether a module of ours is there and has this name at its top level."""
        found = self._module(module)
        return found is not None and name in found.names

    def _files(self, modules: Iterable[str]) -> Iterator[tuple[str, Path]]:
        """Every file with a name that does not depend on where the project lies."""
        for name, module in self._closure(modules).items():
            yield name, module.path
            for resource in module.resources:
                files = sorted(resource.rglob("*")) if resource.is_dir() else [resource]
                for path in files:
                    if path.is_file() and "__pycache__" not in path.parts:
                        yield f"{name} {Path(os.path.relpath(path, module.path.parent)).as_posix()}", path

    def _closure(self, modules: Iterable[str]) -> dict[str, _Module]:
        found: dict[str, _Module] = {}
        waiting = list(modules)
        while waiting:
            name = waiting.pop()
            module = self._module(name)
            if name in found or module is None:
                continue
            found[name] = module
            waiting += [name.rpartition(".")[0], *module.imports]
        return found

    def _module(self, name: str) -> _Module | None:
        """None for what is not ours, and for names that are no modules."""
        if name not in self._modules:
            path = self._find(name) if name else None
            self._modules[name] = None if path is None else _read(name, path, self._folder_of)
        return self._modules[name]

    def _folders_of(self, top: str) -> list[Path]:
        """In a site-packages folder, where Callytics may be installed, nothing else is ours."""
        return [f for f in self._folders if top in INSTALLED_PACKAGES or f.name != "site-packages"]

    def _folder_of(self, package: str) -> Path | None:
        """Where the data files of a package of ours lie; it may have no ``__init__.py``."""
        places = (
            folder.joinpath(*package.split(".")) for folder in self._folders_of(package.partition(".")[0])
        )
        return next((place for place in places if place.is_dir()), None)

    def _find(self, name: str) -> Path | None:
        for folder in self._folders_of(name.partition(".")[0]):
            place = folder.joinpath(*name.split("."))
            for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if path.is_file():
                    return path
        return None


def _read(name: str, path: Path, folder_of: data_files.FolderOf) -> _Module:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ConfigError("code_invalid", f"{path}, line {error.lineno}: {error.msg}.") from error
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    nodes = list(ast.walk(tree))
    named = {*_resources(nodes, path.parent), *data_files.named(nodes, name, path, folder_of)}
    return _Module(
        path,
        frozenset(imported for node in nodes for imported in _imports(node, package)),
        tuple(sorted(named)),
        frozenset(defined for node in tree.body for defined in _defined(node)),
    )


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)  # a submodule, or nothing that is found


def _resources(nodes: Iterable[ast.AST], folder: Path) -> Iterator[Path]:
    """Files that a string names, and folders that a path is made of: "api" alone may be any word."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            path = _beside(folder, node.value)
            if path is not None and path.is_file() and path.suffix != ".py":
                yield path
        for part in _path_parts(node):
            path = _beside(folder, part.partition("/")[0])
            if path is not None and path.is_dir():
                yield path


def _path_parts(node: ast.AST) -> Iterator[str]:
    """The strings of ``x / "part"`` and ``x.joinpath("part")``, and how f-strings there begin."""
    arguments: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        arguments = [node.right]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath":
        arguments = node.args
    for argument in arguments:
        first = argument.values[0] if isinstance(argument, ast.JoinedStr) and argument.values else argument
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _beside(folder: Path, name: str) -> Path | None:
    plain = 0 < len(name) < 100 and name[0] not in "./~" and ".." not in name and name.isprintable()
    return folder / name if plain else None


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
