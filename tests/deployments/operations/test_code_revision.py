"""The revision of a stage's code: another for every edit that concerns the stage, and for no other."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from callytics.config import ENGINE_STAGES
from callytics.errors import ConfigError
from deployments.operations.code_revision import SourceTree

PROJECT = Path(__file__).resolve().parents[3]
FILES = {
    "shop/__init__.py": "",
    "shop/till.py": "from shop import money\nfrom .drawer import Drawer\nclass Till: pass\n",
    "shop/drawer.py": "def open_it():\n    import shop.goods.list, shop.goods.shelf\nDrawer = object\n",
    "shop/money.py": "from importlib import resources\nrates = resources.files('shop').joinpath('rates.tsv')\n",
    "shop/rates.tsv": "EUR\t1\n",
    "shop/notes.tsv": "named by nobody\n",
    "shop/goods/__init__.py": "",
    "shop/goods/list.py": "from pathlib import Path\nfolder = Path(__file__).parent / 'pictures'\nword = 'other'\n",
    "shop/goods/pictures/bread.txt": "bread\n",
    "shop/goods/other/a.txt": "a word that is also a folder\n",
    "shop/window.py": "import numpy\n",
    "shop/goods/shelf.py": (
        "from importlib import resources\nfrom pathlib import Path\n"
        "POSTERS = Path(__file__).resolve().parents[1] / 'posters'\n"
        "LABELS = {n: resources.files('shop.labels').joinpath(f'{n}.txt') for n in 'ab'}\n"
        "OUTSIDE = Path(__file__).parents[2] / 'street.txt'\n"
    ),
    "shop/posters/deep/sale.txt": "a folder elsewhere in the package\n",
    "shop/labels/a.txt": "a folder without __init__.py; the name is not written down\n",
    "street.txt": "not of the package\n",
    "own_engine.py": "class Engine: pass\n",
}
OF_THE_TILL = {
    "shop/__init__.py", "shop/till.py", "shop/drawer.py", "shop/money.py", "shop/rates.tsv",
    "shop/goods/__init__.py", "shop/goods/list.py", "shop/goods/pictures/bread.txt", "shop/goods/shelf.py",
    "shop/posters/deep/sale.txt", "shop/labels/a.txt",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def revision(folder: Path, *modules: str) -> str:
    return SourceTree([folder]).revision(modules or ["shop.till"])


@pytest.mark.parametrize("name", FILES)
def test_only_an_edit_of_what_a_module_consists_of_changes_its_revision(folder: Path, name: str) -> None:
    before = revision(folder)
    with (folder / name).open("a") as file:
        file.write("# edited\n")
    assert (revision(folder) != before) == (name in OF_THE_TILL)


def test_file_that_appears_or_moves_counts(folder: Path) -> None:
    before = revision(folder)
    (folder / "shop/goods/pictures/bread.txt").rename(folder / "shop/goods/pictures/cake.txt")
    assert revision(folder) != before


def test_the_place_of_the_project_does_not_count(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "project"
    folder.rename(elsewhere)
    before = revision(elsewhere)
    elsewhere.rename(folder)
    assert revision(folder) == before


def test_the_engine_that_a_stage_is_configured_with_counts(folder: Path) -> None:
    tree = SourceTree([folder])
    assert tree.revision(["shop.window"]) != tree.revision(["shop.window", "own_engine"])
    assert tree.revision(["shop.window"]) == tree.revision(["shop.window", "numpy.linalg"])


def test_own_modules_and_their_definitions_are_found(folder: Path) -> None:
    tree = SourceTree([folder])
    assert tree.defines("shop.till", "Till")
    assert tree.defines("shop.drawer", "Drawer")
    assert not tree.defines("shop.till", "Shelf")
    assert not tree.defines("shop.cellar", "Till")
    assert tree.owns("shop.cellar")
    assert not tree.owns("numpy")


def test_file_that_is_no_python_is_one_clear_line(folder: Path) -> None:
    (folder / "shop/drawer.py").write_text("def broken(:\n")
    with pytest.raises(ConfigError, match=r"drawer\.py, line 1: invalid syntax"):
        revision(folder)


@pytest.mark.parametrize("stage", ENGINE_STAGES)
def test_stages_of_the_project_see_their_own_code(stage: str) -> None:
    """The rules above, on the real tree: a stage's shell, what all stages share, and no other stage's shell."""
    module = f"deployments.{stage.replace('-', '_')}"
    found = set(SourceTree([PROJECT])._closure([module]))
    assert {module, "deployments.stage", "callytics.engines", "callytics.errors"} <= found
    others = {f"deployments.{other.replace('-', '_')}" for other in ENGINE_STAGES} - {module}
    assert not found & others


def test_the_store_consists_of_its_migrations_too() -> None:
    files = {path for _, path in SourceTree([PROJECT])._files(["deployments.database_service"])}
    assert set((PROJECT / "callytics/store/migrations/versions").glob("*.py")) <= files


def files_of(*modules: str) -> set[Path]:
    return {path for _, path in SourceTree([PROJECT])._files(modules)}


def test_the_gateway_consists_of_the_console_too() -> None:
    console = {path for path in (PROJECT / "callytics/console").rglob("*") if path.is_file()}
    assert len(console) > 15
    assert console <= files_of("deployments.api_gateway")
    assert not console & files_of("deployments.sentiment_analyzer", "callytics.engines.sentiment.prototype")


def test_language_model_engine_consists_of_its_prompts_too() -> None:
    prompts = set((PROJECT / "callytics/engines/analysis/prompts").glob("*.md"))
    assert len(prompts) >= 6
    assert prompts <= files_of("deployments.llm_analyzer", "callytics.engines.analysis.llm")


def test_no_data_file_is_outside_of_every_revision() -> None:
    """Were it edited, `callytics deploy` would find nothing to change. Weights count by the hash that their manifest
    has of them."""
    shells = [f"deployments.{path.stem}" for path in (PROJECT / "deployments").glob("*.py")]
    engines = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in (PROJECT / "callytics/engines").glob("*/*.py")
    ]
    found = files_of(*shells, *engines)
    manifest = PROJECT / "callytics/weights/models.json"
    assert manifest in found
    models = json.loads(manifest.read_text()).values()
    hashes = {file["sha256"] for model in models for file in model["files"].values()}
    unseen = {
        path.relative_to(PROJECT).as_posix()
        for path in (PROJECT / "callytics").rglob("*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and path not in found
        and hashlib.sha256(path.read_bytes()).hexdigest() not in hashes
        and not path.name.endswith((".LICENSE.txt", "README.md", "py.typed"))
        and PROJECT / "callytics/_data" not in path.parents
    }
    assert unseen == set()
