from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import pytest

from callytics.api import outbound as outside
from callytics.api.outbound import AddressRefusedError, Reach, request
from tests.support.loopback import running

PRIVATE_OR_RESERVED = """
    127.0.0.1 10.0.0.1 172.16.3.4 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
    192.0.2.1 198.18.0.1 ::1 :: fe80::1 fc00::1 ff02::1 2001:db8::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a00:1::
"""
LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.headers['Host']} {self.path}".encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with running(server):
        yield server.server_address[1]


def get(reach: Reach, url: str, method: str = "GET") -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        async with request(reach, method, url) as response:
            return response.status, (await response.aread()).decode()

    return asyncio.run(ask())


@pytest.mark.parametrize("address", PRIVATE_OR_RESERVED.split())
def test_private_and_reserved_addresses_are_refused(address: str) -> None:
    assert not Reach().allows(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert Reach().allows(ipaddress.ip_address(address))


def test_trusted_networks_are_allowed_and_no_others() -> None:
    reach = Reach(trusted=(ipaddress.ip_network("10.20.0.0/16"),))
    assert reach.allows(ipaddress.ip_address("10.20.3.4"))
    assert reach.allows(ipaddress.ip_address("::ffff:10.20.3.4"))
    assert not reach.allows(ipaddress.ip_address("10.21.3.4"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example.org/x",
        "file:///etc/passwd",
        "gopher://a.example.org/",
        "https://",
        "https://user:password@a.example.org/",
        "https://example.org/",
        "https://evil-example.org/",
        "https://a.example.org.evil.test/",
        "https://a.example.org:8443/",
        "https://a.example.org/a b",
        "https://a.example.org\\@evil.test/",
        "https://a.example.org/\r\nX: y",
        "https://[::1/",
    ],
)
def test_urls_outside_of_the_list_are_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        Reach(("*.example.org", "archive.test:8443")).check(url)


@pytest.mark.parametrize(
    "url", ["https://a.example.org/x", "http://A.Example.ORG./x", "https://archive.test:8443/"]
)
def test_urls_of_the_list_pass(url: str) -> None:
    Reach(("*.example.org", "archive.test:8443")).check(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"]
)
def test_the_loopback_is_refused_however_it_is_written(host: str, port: int) -> None:
    with pytest.raises((AddressRefusedError, httpcore.ConnectError)):
        get(Reach(), f"http://{host}:{port}/")


def test_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "10.0.0.1"]

    monkeypatch.setattr(outside, "_resolve", resolve)
    with pytest.raises(AddressRefusedError, match="private"):
        get(Reach(), "http://rebound.example.org/")


def test_the_connection_goes_to_the_address_that_was_judged(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time is not asked a second time."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    monkeypatch.setattr(outside, "_resolve", resolve)
    status, text = get(Reach(trusted=LOOPBACK), f"http://calls.example.org:{port}/x")
    assert (status, text, asked) == (200, f"calls.example.org:{port} /x", ["calls.example.org"])


def test_redirects_are_judged_like_the_first_url(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return {"a.example.org": ["127.0.0.1"], "b.example.org": ["169.254.169.254"]}[host]

    monkeypatch.setattr(outside, "_resolve", resolve)
    reach = Reach((f"a.example.org:{port}", "b.example.org"), LOOPBACK)
    assert get(reach, f"http://a.example.org:{port}/to/http://a.example.org:{port}/y")[1].endswith("/y")
    for target in ("http://b.example.org/", "http://other.test/", "http://169.254.169.254/", "file:///x"):
        with pytest.raises(AddressRefusedError):
            get(reach, f"http://a.example.org:{port}/to/{target}")
    loop = f"http://a.example.org:{port}/to/"
    with pytest.raises(AddressRefusedError, match="redirects"):
        get(reach, loop * 5 + "x")


def test_post_follows_no_redirect(port: int) -> None:
    reach: Any = Reach(trusted=LOOPBACK)
    assert get(reach, f"http://127.0.0.1:{port}/to/http://127.0.0.1:{port}/y", "POST")[0] == 302
