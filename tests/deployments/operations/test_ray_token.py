"""The token of a run: made new, private, and what a client of Ray needs to use it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployments.operations import ray_token
from deployments.operations.worker_setup import callytics_worker_setup


def test_every_start_has_a_token_of_its_own_in_a_private_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        first = ray_token.make(tmp_path).read_text()
        path = ray_token.make(tmp_path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(first) == 64
    assert path.read_text() != first


def test_client_is_told_where_the_token_is_and_not_what_it_is(tmp_path: Path) -> None:
    path = ray_token.make(tmp_path)
    found = ray_token.client_environment(str(path), "127.0.0.1:6379", "http://127.0.0.1:8265")
    assert found["RAY_AUTH_TOKEN_PATH"] == str(path)
    assert path.read_text() not in "".join(found.values())


@pytest.mark.parametrize(
    ("address", "bound"),
    [
        ("[::]:0", "127.0.0.1:0"),
        ("0.0.0.0:9000", "127.0.0.1:9000"),
        ("127.0.0.1:7", "127.0.0.1:7"),
        ("192.0.2.1:7", "192.0.2.1:7"),
    ],
)
def test_workers_bind_to_loopback_what_they_would_bind_to_every_interface(
    address: str, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray._common.tls_utils as tls_utils

    asked: list[str] = []
    monkeypatch.setattr(tls_utils, "add_port_to_grpc_server", lambda server, address: asked.append(address))
    callytics_worker_setup.bind_to_loopback()
    tls_utils.add_port_to_grpc_server(None, address)
    assert asked == [bound]
