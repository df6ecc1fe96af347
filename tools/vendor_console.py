"""Fetch the libraries of the console from the npm registry into callytics/console/vendor: pinned, checked, and without
bare imports, so that a browser loads them as they are and nothing has to be built.

    python tools/vendor_console.py
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "callytics" / "console" / "vendor"
REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class Library:
    """``sha512`` is the registry's integrity; ``files``: from the path in the package to the name here."""

    name: str
    version: str
    sha512: str
    files: dict[str, str]
    licence: str = "LICENSE"


LIBRARIES = (
    Library(
        "preact",
        "11.2.0",
        "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "preact-hooks.mjs"},
    ),
    Library(
        "htm",
        "3.1.1",
        "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        {"dist/htm.mjs": "htm.mjs"},
    ),
)
LOCAL = {"preact": "./preact.mjs", "preact/hooks": "./preact-hooks.mjs"}


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        data = _fetch(library)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for source, target in {**library.files, library.licence: f"{library.name}.LICENSE.txt"}.items():
                member = archive.extractfile(f"package/{source}")
                if member is None:
                    raise SystemExit(f"{library.name} {library.version} has no {source}")
                text = member.read().decode()
                (VENDOR / target).write_text(_local(text), encoding="utf-8")
        print(f"{library.name} {library.version}")


def _fetch(library: Library) -> bytes:
    base = library.name.rpartition("/")[2]
    url = f"{REGISTRY}/{library.name}/-/{base}-{library.version}.tgz"
    with urllib.request.urlopen(url, timeout=60) as response:
        data: bytes = response.read()
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != library.sha512:
        raise SystemExit(f"{url} has the SHA-512 {found}, not the pinned one.")
    return data


def _local(text: str) -> str:
    """Without source maps, which are not vendored, and with imports of files beside."""
    text = re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", text)
    return re.sub(r'from"([^".][^"]*)"', lambda match: f'from"{LOCAL[match[1]]}"', text)


if __name__ == "__main__":
    main()
