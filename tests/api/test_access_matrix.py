"""Who may do what, for every route that the application has: route x role x tenant.

A route that is not classified here fails the first test, so that none is added without a thought about who may use
it. The rest is generated: every role at every route, and every route that names something with another's tenant key.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from callytics.api import ApiSettings, Services, create_app
from callytics.api.paths import CONSOLE_ASSETS, PUBLIC, is_event_stream, is_upload
from callytics.api.webhook_delivery import Outcome
from callytics.store import AsyncStore, BlobStore, CallStore, Corrections
from tests.api.conftest import TwoStages, WavOnlyAudio, wav_bytes
from tests.store.samples import finish, fresh_database, new_call
from tests.support.clocks import Clock
from tests.support.routes import ADMIN, ALERTS, ANY, DELETE, HOOK, METRICS, OPEN, READ, ROUTES, WRITE

pytestmark = pytest.mark.anyio


ROLES: dict[str, tuple[str, ...]] = {
    "reader": (READ,),
    "writer": (WRITE,),
    "deleter": (DELETE,),
    "scraper": (METRICS,),
    "alertmanager": (ALERTS,),
    "admin": (ADMIN,),
}
PROTECTED = [route for route, access in ROUTES.items() if access.scope != OPEN]
NAMING = [route for route, access in ROUTES.items() if access.names]
LISTING = [route for route, access in ROUTES.items() if access.lists]


class House:
    """An application with two tenants: "alpha" has a finished call, keys and a webhook; "beta" wants them."""

    def __init__(self, folder: Path) -> None:
        clock = Clock()
        self.store = CallStore(fresh_database(folder), clock)
        settings = ApiSettings(webhook_poll_s=0, event_poll_s=0.02)
        self.blobs = BlobStore(str(folder / "blobs"))
        services = Services(AsyncStore.local(self.store), self.blobs, WavOnlyAudio(), TwoStages(), settings)
        self.app = create_app(services)
        self.secrets = {
            (role, tenant): self.store.create_api_key(role, scopes, "", tenant).secret
            for (role, scopes), tenant in itertools.product(ROLES.items(), ("alpha", "beta", "default"))
        }
        revoked = self.store.create_api_key("revoked", [ADMIN], "", "alpha")
        self.store.revoke_api_key(revoked.key.id)
        expired = self.store.create_api_key("old", [ADMIN], "", "alpha", round(clock.now_s * 1000) + 1)
        clock.now_s += 1
        self.shut_out = {
            "stranger": None,
            "unknown key": "cly_" + "x" * 43,
            "revoked key": revoked.secret,
            "expired key": expired.secret,
        }
        self.ids: dict[str, str] = {}

    def furnish(self) -> None:
        """What the routes name, anew: some of them delete it."""
        for earlier in self.store.list_webhooks("alpha"):  # there is a limit to their number
            self.store.delete_webhook(earlier.id, "alpha")
        webhook = self.store.create_webhook("alpha", HOOK["url"], ["call.completed"])
        call = self.store.create_call(new_call(tenant="alpha", deduplicate=False)).call
        with self.blobs.writer(call.id) as writer:
            writer.write(wav_bytes())
        self._finish_all()
        self.store.correct_call(call.id, Corrections(names={"spk_0": "Kim"}), "alpha")
        self._finish_all()
        self.ids = {
            "call_id": call.id,
            "turn_id": "t1",
            "correction_id": self.store.list_corrections(call.id)[0].id,
            "key_id": self.store.create_api_key("x", [READ], "", "alpha").key.id,
            "batch_id": self.store.begin_batch("calls/", 1, "alpha"),
            "webhook_id": webhook.id,
            "view_id": self.store.save_view("alpha", "someone", "x", {}, True).id,
            "delivery_id": self.store.list_deliveries(webhook.id, "alpha")[0].id,
        }

    def _finish_all(self) -> None:
        while self.store.queued_calls():  # some routes queue calls
            finish(self.store)

    async def ask(self, route: tuple[str, str], secret: str | None, **ids: str) -> httpx.Response:
        method, path = route
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            url = path.replace(":path}", "}").format(**{"model_id": "callytics", **self.ids, **ids})
            return await client.request(method, url, json=ROUTES[route].body)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    house.furnish()
    yield house
    house.store.close()


def routes_of(house: House) -> set[tuple[str, str]]:
    """Every method and path that the application answers, documented or not; assets of /docs apart."""
    found = set()
    for context in iter_route_contexts(house.app.routes):
        methods = context.methods or set()  # none: the mounted assets
        if not isinstance(context.original_route, APIRoute) and "GET" in methods:
            methods = methods - {"HEAD"}  # Starlette's own, answers as GET does
        found |= {(method, str(context.path)) for method in methods}
    return found


def test_every_route_is_classified(house: House) -> None:
    routes = routes_of(house)
    assert len(routes) >= 30
    assert routes == set(ROUTES)


def test_the_middlewares_know_the_routes(house: House) -> None:
    """They come before the routes: what they take for public, an upload or an event stream must be that."""
    uploads, streams = set(), set()
    for context in iter_route_contexts(house.app.routes):
        route, (method, *_) = context.original_route, sorted(context.methods or {""})
        extra = getattr(route, "openapi_extra", None) or {}
        if "multipart/form-data" in extra.get("requestBody", {}).get("content", {}):
            uploads.add((method, str(context.path)))
        elif "text/event-stream" in str(getattr(route, "responses", "")):
            streams.add((method, str(context.path)))
    opened = {path for (_, path), access in ROUTES.items() if access.scope == OPEN}
    assert opened - {CONSOLE_ASSETS + "{name:path}"} == PUBLIC
    assert len(uploads) >= 2
    assert len(streams) >= 1
    for method, path in ROUTES:
        scope = {"method": method, "path": path, "root_path": ""}
        assert is_upload(scope) is ((method, path) in uploads), path
        assert is_event_stream(scope) is ((method, path) in streams), path


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/calls/", "//v1/calls", "/docs/x", "/healthz/", "/METRICS"]
)
async def test_unknown_path_asks_a_stranger_for_a_key(house: House, path: str) -> None:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method in ("GET", "POST", "OPTIONS"):
            assert (await client.request(method, path)).status_code == 401
        headers = {"X-API-Key": house.secrets["reader", "beta"]}
        assert (await client.get(path, headers=headers)).status_code == 404


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of a webhook would go to HOOK, which belongs to another."""

    async def attempt(*_: object) -> Outcome:
        return Outcome(204, "", 0.0)

    monkeypatch.setattr("callytics.api.webhooks.attempt", attempt)


@pytest.mark.parametrize("route", PROTECTED, ids=" ".join)
async def test_requests_without_a_valid_key_are_refused(house: House, route: tuple[str, str]) -> None:
    for who, secret in house.shut_out.items():
        response = await house.ask(route, secret)
        assert response.status_code == 401, (who, response.text)


@pytest.mark.parametrize("route", PROTECTED, ids=" ".join)
async def test_role_may_do_what_its_scope_says(house: House, route: tuple[str, str]) -> None:
    for role, scopes in ROLES.items():
        house.furnish()
        response = await house.ask(route, house.secrets[role, "alpha"])
        needed = ROUTES[route].scope
        is_allowed = needed == ANY or bool({needed, ROUTES[route].or_scope, ADMIN} & set(scopes))
        if ROUTES[route].operator:  # over all tenants
            assert response.status_code == 403
            response = await house.ask(route, house.secrets[role, "default"])
        if is_allowed:
            assert response.status_code not in (401, 403, 404, 500), (role, response.text)
        else:
            assert response.status_code == 403, (role, response.text)


@pytest.mark.parametrize("route", NAMING, ids=" ".join)
async def test_objects_of_another_tenant_are_not_found(house: House, route: tuple[str, str]) -> None:
    """Word for word the answer about something that never was, and nothing happened to what was named."""
    house.furnish()
    calls_before = house.store.get_call(house.ids["call_id"])
    for tenant in ("beta", "default"):
        other = await house.ask(route, house.secrets["admin", tenant])
        absent = dict.fromkeys(house.ids, "0" * 26)
        nothing = await house.ask(route, house.secrets["admin", tenant], **absent)
        assert other.status_code == nothing.status_code == 404
        if route[0] != "HEAD":
            text = other.text
            for name, value in sorted(house.ids.items(), key=lambda item: -len(item[1])):
                text = text.replace(value, absent[name])  # a short one may be part of a long one
            assert text == nothing.text
    assert house.store.get_call(house.ids["call_id"]) == calls_before
    assert (await house.ask(route, house.secrets["admin", "alpha"])).status_code != 404


@pytest.mark.parametrize("route", LISTING, ids=" ".join)
async def test_lists_hold_only_what_is_ones_own(house: House, route: tuple[str, str]) -> None:
    house.furnish()
    objects = set(house.ids.values()) - {house.ids["turn_id"]}  # "t1" may stand in a random hint of a key
    mine = await house.ask(route, house.secrets["admin", "alpha"])
    assert any(value in mine.text for value in objects)
    for tenant in ("beta", "default"):
        others = await house.ask(route, house.secrets["admin", tenant])
        assert others.status_code == 200
        assert not any(value in others.text for value in objects)


async def test_delivery_of_another_webhook_is_not_there(house: House) -> None:
    """The path names two things: a webhook of one's own opens no delivery of another's."""
    house.furnish()
    own = house.store.create_webhook("beta", HOOK["url"], ["call.completed"]).id
    route = ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver")
    response = await house.ask(route, house.secrets["admin", "beta"], webhook_id=own)
    assert response.status_code == 404


async def test_the_same_recording_of_two_tenants_is_two_calls(house: House) -> None:
    ids = {house.store.create_call(new_call("c" * 64, tenant=tenant)).call.id for tenant in ("alpha", "beta")}
    assert len(ids) == 2
