"""What every worker of a local Ray does first: keep the gRPC servers of its replicas on loopback.

Ray 2.60 binds the server of each Serve replica to "[::]:0", also on a node whose address is 127.0.0.1, and has no
setting for it (ray/serve/_private/replica.py); every other listener follows the address of the node. tests/attacks/
counts the listeners of a live graph.

A module of its own outside of any package, on the PYTHONPATH of Ray's processes (deployments/operations/head.py): a job
that brings another version of the package ``deployments`` along must not hide it.
"""

from __future__ import annotations

from typing import Any

ALL_INTERFACES = ("[::]", "0.0.0.0")


def bind_to_loopback() -> None:
    import ray._common.tls_utils as tls_utils

    add_port: Any = tls_utils.add_port_to_grpc_server

    def add_port_on_loopback(server: Any, address: str) -> Any:
        host, _, port = address.rpartition(":")
        return add_port(server, f"127.0.0.1:{port}" if host in ALL_INTERFACES else address)

    tls_utils.add_port_to_grpc_server = add_port_on_loopback
