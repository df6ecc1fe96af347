"""Data files that a module reads and that do not lie beside it: where the paths lead that it writes down.

Understood are ``Path(__file__)`` with ``parent``, ``parents[n]``, ``with_name``, ``resolve``, and
``resources.files("a.b")``, joined by ``/`` or ``joinpath``. Where a part is not written down (``/ name``), it may be
each file of the folder before it. A way out of the module's own top-level package is no data of it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

FolderOf = Callable[[str], Path | None]
"""Where the files of a package of ours lie."""

_SAME_PLACE = ("resolve", "absolute")


def named(nodes: Iterable[ast.AST], module: str, path: Path, folder_of: FolderOf) -> Iterator[Path]:
    """The files and folders that the expressions of a module lead to."""
    top = next((folder for folder in path.parents if folder.name == module.partition(".")[0]), None)
    if top is None:  # a module outside of packages
        return
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    way = _Way(path, package, folder_of)
    for node in nodes:
        place = way.joined(node)
        if place is None or place in (top, path.parent) or not place.is_relative_to(top):
            continue
        if place.is_dir() or (place.is_file() and place.suffix != ".py"):
            yield place


class _Way:
    def __init__(self, path: Path, package: str, folder_of: FolderOf) -> None:
        self._path = path
        self._package = package
        self._folder_of = folder_of

    def joined(self, node: ast.AST) -> Path | None:
        """Where a joined path leads. Where its last part is not known, the folder before it."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return _with(self._place(node.left), [node.right])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = self._place(node.func.value)
            if node.func.attr == "joinpath":
                return _with(place, node.args)
            if node.func.attr == "with_name" and place is not None:
                return _with(place.parent, node.args)
        return None

    def _place(self, node: ast.AST) -> Path | None:
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            place = self._place(node.value)
            return place.parent if place is not None else None
        if isinstance(node, ast.Subscript):
            return self._ancestor(node)
        if not isinstance(node, ast.Call):
            return self.joined(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_PLACE:
            return self._place(node.func.value)
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        argument = node.args[0] if len(node.args) == 1 else None
        if function == "Path" and isinstance(argument, ast.Name) and argument.id == "__file__":
            return self._path
        if function == "files" and argument is not None:
            return self._package_folder(argument)
        return self.joined(node)

    def _ancestor(self, node: ast.Subscript) -> Path | None:
        """``parents[n]``."""
        of, number = node.value, node.slice
        if not (isinstance(of, ast.Attribute) and of.attr == "parents" and isinstance(number, ast.Constant)):
            return None
        place = self._place(of.value)
        if place is None or not isinstance(number.value, int) or number.value >= len(place.parents):
            return None
        return place.parents[number.value]

    def _package_folder(self, argument: ast.expr) -> Path | None:
        if isinstance(argument, ast.Name) and argument.id in ("__package__", "__name__"):
            return self._folder_of(self._package)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return self._folder_of(argument.value)
        return None


def _with(place: Path | None, parts: Iterable[ast.expr]) -> Path | None:
    for part in parts:
        if place is None or not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
            return place
        place = place / part.value
    return place
