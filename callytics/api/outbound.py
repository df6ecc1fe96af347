"""Requests to addresses that a caller named: recordings to fetch, webhooks to deliver. What is inside stays inside.

A name is resolved once, every address that it has is judged, and the connection goes to an address that was judged
(so that a second answer of the name server changes nothing); the certificate is still checked against the name. The
same holds for every redirect, which only GET follows. Nothing but http and https, no proxy of the environment, no
decompression. See OWASP, "Server-Side Request Forgery Prevention Cheat Sheet".
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from callytics.errors import InvalidRequestError

MAX_REDIRECTS = 3
TIMEOUTS_S = {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 10.0}
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressRefusedError(InvalidRequestError):
    """Codes: ``url_not_allowed``."""


@dataclass(frozen=True)
class Reach:
    """Where requests may go.

    Attributes:
        hosts: "recordings.example.org", "*.example.org" (not example.org itself), each with ":port" where it is not
            the one of the scheme; None: every host.
        trusted: private networks that may be reached all the same.
    """

    hosts: tuple[str, ...] | None = None
    trusted: tuple[Network, ...] = ()

    def check(self, url: str) -> None:
        """What can be said of a URL before anything is resolved.

        Raises:
            AddressRefusedError
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _refused("it is no URL") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise _refused("only http:// and https:// are fetched")
        if parts.username is not None or parts.password is not None:
            raise _refused("it holds a user name or password")
        if any(ord(c) <= 0x20 or c == "\\" for c in url):
            raise _refused("it holds spaces or control characters")
        host = parts.hostname.rstrip(".").lower()
        is_usual = port is None or port == _PORTS[parts.scheme]
        name = host if is_usual else f"{host}:{port}"
        if self.hosts is not None and not any(_matches(name, pattern) for pattern in self.hosts):
            raise _refused(f"{name} is not among the hosts that this service may reach")
        literal = _literal(host)
        if literal is not None and not self.allows(literal):
            raise _refused("it is a private or reserved address")

    def allows(self, address: Address) -> bool:
        """Public, or of a trusted network. An address that carries another one is judged by that."""
        inner = _embedded(address)
        if any(inner in network for network in self.trusted if network.version == inner.version):
            return True
        return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _refused(why: str) -> AddressRefusedError:
    return AddressRefusedError("url_not_allowed", f"This URL is not allowed: {why}.")


def _matches(name: str, pattern: str) -> bool:
    pattern = pattern.lower()
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class _JudgedConnections(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only; what httpcore asks for by name is resolved here."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if not all(self._reach.allows(ipaddress.ip_address(address)) for address in addresses):
            raise _refused(f"{host} has a private or reserved address")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise _refused("it is not on the network")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


@asynccontextmanager
async def request(
    reach: Reach,
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
    content: bytes | None = None,
) -> AsyncIterator[httpcore.Response]:
    """The answer, its body not yet read. GET follows redirects, each judged like the first URL; others do not.

    Raises:
        AddressRefusedError: the URL, a redirect, or an address that its name has.
        httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError: no answer.
    """
    async with httpcore.AsyncConnectionPool(network_backend=_JudgedConnections(reach)) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            reach.check(url)
            async with pool.stream(
                method,
                _encoded(url),
                headers=[("Host", urlsplit(url).netloc), ("User-Agent", "callytics"), *headers],
                content=content,
                extensions={"timeout": TIMEOUTS_S},
            ) as response:
                location = _header(response, b"location")
                if method != "GET" or response.status not in _REDIRECTS or location is None:
                    yield response
                    return
                url = urljoin(url, location.split("#")[0])
        raise _refused(f"it redirects more than {MAX_REDIRECTS} times")


def _encoded(url: str) -> bytes:
    try:
        return url.encode("ascii")
    except UnicodeEncodeError as error:
        raise _refused("it holds characters that must be percent-encoded") from error


def _header(response: httpcore.Response, name: bytes) -> str | None:
    values = [value for key, value in response.headers if key.lower() == name]
    return values[0].decode("latin-1") if values else None
